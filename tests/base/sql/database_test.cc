#include "base/sql/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/directory_lock.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::sql {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void Fill(const std::string& path, int rows) {
  auto db = Database::Open({.path = path});
  ASSERT_TRUE(db.ok()) << db.status();
  ASSERT_EQ(absl::OkStatus(),
            (*db)->Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT"));
  for (int id = 0; id < rows; ++id) {
    ASSERT_EQ(
        absl::OkStatus(),
        (*db)->Cached("INSERT INTO t VALUES (?, ?)").BindAll(id, std::string(500, 'x')).Run());
  }
  ASSERT_TRUE((*db)->Checkpoint(CheckpointMode::kTruncate)->complete);
}

// Overwrites the file's content from `offset` on.
void Damage(const std::string& path, int64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << std::string(8000, '\x5a');
  ASSERT_TRUE(file.good());
}

std::string PragmaText(Database& db, const std::string& name) {
  return db.Prepare("PRAGMA " + name).One([](const Row& row) { return row.Text(0); })->value();
}

TEST(DatabaseTest, DefaultsAreDurableAndPrivate) {
  TempDir dir;
  auto db = Database::Open({.path = dir / "a.db"});
  ASSERT_TRUE(db.ok()) << db.status();
  EXPECT_EQ(PragmaText(**db, "journal_mode"), "wal");
  EXPECT_EQ(PragmaText(**db, "synchronous"), "2");
  EXPECT_EQ(PragmaText(**db, "foreign_keys"), "1");
  ASSERT_EQ(absl::OkStatus(), (*db)->Exec("CREATE TABLE t (id INTEGER) STRICT"));
  for (const char* name : {"a.db", "a.db-wal"}) {
    EXPECT_EQ(fs::status(dir / name).permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
}

TEST(DatabaseTest, AMissingFileIsNotFoundUnlessItMayBeMade) {
  TempDir dir;
  EXPECT_TRUE(absl::IsNotFound(Database::Open({.path = dir / "a.db", .create = false}).status()));
  EXPECT_EQ(ErrorKindOf(Database::Open({.path = dir / "a.db", .read_only = true}).status()),
            ErrorKind::kNotFound);
  EXPECT_EQ(ErrorKindOf(Database::Open({.path = dir / "no/such/dir/a.db"}).status()),
            ErrorKind::kCannotOpen);
  EXPECT_FALSE(fs::exists(dir / "a.db"));
}

TEST(DatabaseTest, AReadOnlyConnectionDoesNotWrite) {
  TempDir dir;
  Fill(dir / "a.db", 1);
  auto db = Database::Open({.path = dir / "a.db", .read_only = true});
  ASSERT_TRUE(db.ok()) << db.status();
  const absl::Status status = (*db)->Exec("DELETE FROM t");
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kReadOnly) << status;
}

TEST(DatabaseTest, AFileThatIsNoDatabaseIsCorrupt) {
  TempDir dir;
  std::ofstream(dir / "a.db") << std::string(5000, 'z');
  const absl::Status status = Database::Open({.path = dir / "a.db"}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kCorrupt);
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreCorrupt);
}

TEST(DatabaseTest, TheQuickCheckFindsADamagedPage) {
  TempDir dir;
  Fill(dir / "a.db", 200);
  ASSERT_TRUE(Database::Open({.path = dir / "a.db", .quick_check = true}).ok());
  Damage(dir / "a.db", 20'000);
  EXPECT_TRUE(Database::Open({.path = dir / "a.db"}).ok());
  const absl::Status status = Database::Open({.path = dir / "a.db", .quick_check = true}).status();
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kCorrupt) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("E-STORE-CORRUPT"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(dir / "a.db"));
}

TEST(DatabaseTest, ABackupIsWholeAndNeverOverwrites) {
  TempDir dir;
  Fill(dir / "a.db", 50);
  auto db = Database::Open({.path = dir / "a.db"});
  ASSERT_TRUE(db.ok());
  ASSERT_EQ(absl::OkStatus(), (*db)->Exec("DELETE FROM t WHERE id >= 10"));
  ASSERT_EQ(absl::OkStatus(), (*db)->BackupTo(dir / "copy.db"));
  auto copy = Database::Open({.path = dir / "copy.db", .read_only = true, .quick_check = true});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ((*copy)
                ->Cached("SELECT count(*) FROM t")
                .One([](const Row& r) { return r.Int64(0); })
                ->value(),
            10);
  EXPECT_FALSE(fs::exists(dir / "copy.db.partial"));
  EXPECT_FALSE((*db)->BackupTo(dir / "copy.db").ok());
}

TEST(DatabaseTest, ChangesTellsWhetherACompareAndSetWon) {
  TempDir dir;
  Fill(dir / "a.db", 2);
  auto db = Database::Open({.path = dir / "a.db"});
  const auto set = [&](const std::string& from, const char* to) {
    EXPECT_EQ(
        absl::OkStatus(),
        (*db)->Cached("UPDATE t SET text = ? WHERE id = 1 AND text = ?").BindAll(to, from).Run());
    return (*db)->changes();
  };
  EXPECT_EQ(set(std::string(500, 'x'), "new"), 1);
  EXPECT_EQ(set("old", "newer"), 0);
}

TEST(DirectoryLockTest, ASecondHolderLearnsWhoHasIt) {
  TempDir dir;
  auto first = DirectoryLock::Acquire(dir.path());
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = DirectoryLock::Acquire(dir.path()).status();
  EXPECT_EQ(FailureCodeOf(second), FailureCode::kSystemDataDirBusy);
  EXPECT_THAT(std::string(second.message()), HasSubstr("process " + std::to_string(getpid())));
  first->reset();
  EXPECT_TRUE(DirectoryLock::Acquire(dir.path()).ok());
}

TEST(DirectoryLockTest, TheLockEndsWithItsProcess) {
  TempDir dir;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto lock = DirectoryLock::Acquire(dir.path());
    _exit(lock.ok() ? 0 : 1);  // As a kill: nothing is destroyed.
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(DirectoryLock::Acquire(dir.path()).ok());
}

TEST(DirectoryLockTest, AMissingDirectoryIsNotFound) {
  TempDir dir;
  EXPECT_TRUE(absl::IsNotFound(DirectoryLock::Acquire(dir / "none").status()));
}

}  // namespace
}  // namespace muster::sql
