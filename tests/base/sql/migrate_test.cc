#include "base/sql/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/transaction.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::sql {
namespace {

using ::testing::HasSubstr;

constexpr Migration kOne{1, "initial", "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;", 1};
constexpr Migration kTwo{2, "add_b",
                         "CREATE TABLE b (id INTEGER) STRICT; INSERT INTO a VALUES (2);", 1};
constexpr Migration kThree{3, "drop_a", "DROP TABLE a;", 3};
constexpr Migration kBroken{3, "broken", "CREATE TABLE c (id INTEGER) STRICT; SELECT nonsense;", 1};

class MigrateTest : public testing::Test {
 protected:
  std::unique_ptr<Database> Open(bool read_only = false) {
    auto db = Database::Open({.path = dir_ / "m.db", .read_only = read_only});
    EXPECT_TRUE(db.ok()) << db.status();
    return *std::move(db);
  }
  absl::StatusOr<MigrateResult> Run(const std::vector<Migration>& migrations) {
    auto db = Open();
    return Migrate(*db, migrations,
                   {.backup_dir = dir_ / "backups", .now = absl::FromUnixSeconds(86400)});
  }
  bool HasTable(const std::string& path, absl::string_view table) {
    auto db = Database::Open({.path = path, .read_only = true});
    EXPECT_TRUE(db.ok()) << db.status();
    return (*db)
        ->Prepare("SELECT 1 FROM sqlite_schema WHERE name = ?")
        .BindAll(table)
        .One([](const Row&) { return 1; })
        ->has_value();
  }
  TempDir dir_;
};

TEST_F(MigrateTest, AnEmptyFileGetsEverythingWithoutABackup) {
  auto result = Run({kOne, kTwo});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->from_version, 0);
  EXPECT_EQ(result->to_version, 2);
  EXPECT_EQ(result->backup_path, "");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "backups"));
  EXPECT_EQ(*SchemaVersion(*Open()), 2);
  EXPECT_EQ(Run({kOne, kTwo})->from_version, 2);
}

TEST_F(MigrateTest, AnOlderFileIsCopiedFirst) {
  ASSERT_TRUE(Run({kOne}).ok());
  auto result = Run({kOne, kTwo});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->from_version, 1);
  EXPECT_EQ(result->backup_path, dir_ / "backups/m.db-v1-19700102T000000Z.bak");
  EXPECT_FALSE(HasTable(result->backup_path, "b"));
  EXPECT_TRUE(HasTable(dir_ / "m.db", "b"));
}

TEST_F(MigrateTest, ABackupOfTheSameSecondGetsItsOwnName) {
  ASSERT_TRUE(Run({kOne}).ok());
  ASSERT_FALSE(Run({kOne, {2, "broken", "SELECT nonsense", 1}}).ok());
  EXPECT_EQ(Run({kOne, kTwo})->backup_path, dir_ / "backups/m.db-v1-19700102T000000Z-2.bak");
}

TEST_F(MigrateTest, AFailedMigrationLeavesTheSchemaBeforeIt) {
  const absl::Status status = Run({kOne, kTwo, kBroken}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("migration 3 broken"));
  EXPECT_EQ(*SchemaVersion(*Open()), 2);
  EXPECT_FALSE(HasTable(dir_ / "m.db", "c"));
  EXPECT_EQ(Run({kOne, kTwo, kThree})->to_version, 3);
}

TEST_F(MigrateTest, ACrashAtEachCommitContinuesWhereItWas) {
  const std::vector<Migration> all = {kOne, kTwo, kThree};
  for (int crash = 0; crash < 3; ++crash) {
    auto db = Open();
    int commits = 0;
    db->SetCommitHook(
        [&] { return commits++ == 1 ? MakeError(ErrorKind::kIo, "crash") : absl::OkStatus(); });
    const auto result = Migrate(*db, all, {.now = absl::UnixEpoch()});
    EXPECT_EQ(*SchemaVersion(*Open()), std::min(crash + 1, 3));
    EXPECT_EQ(result.ok(), crash == 2) << result.status();
  }
}

TEST_F(MigrateTest, ANewerFileIsRefusedUnlessItPromisesToBeUsable) {
  ASSERT_TRUE(Run({kOne, kTwo}).ok());
  auto usable = Run({kOne});
  ASSERT_TRUE(usable.ok()) << usable.status();
  EXPECT_EQ(usable->to_version, 2);
  ASSERT_TRUE(Run({kOne, kTwo, kThree}).ok());
  const absl::Status refused = Run({kOne, kTwo}).status();
  EXPECT_EQ(ErrorKindOf(refused), ErrorKind::kNewer);
  EXPECT_EQ(FailureCodeOf(refused), FailureCode::kStoreNewer);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("schema version 3"));
}

TEST_F(MigrateTest, AForeignDatabaseIsNotTouched) {
  ASSERT_EQ(absl::OkStatus(), Open()->Exec("CREATE TABLE theirs (id INTEGER)"));
  EXPECT_EQ(ErrorKindOf(Run({kOne}).status()), ErrorKind::kForeign);
  EXPECT_FALSE(HasTable(dir_ / "m.db", "a"));
}

TEST_F(MigrateTest, AReadOnlyConnectionOnlyChecks) {
  ASSERT_TRUE(Run({kOne}).ok());
  auto db = Open(/*read_only=*/true);
  EXPECT_TRUE(Migrate(*db, std::vector{kOne}, {}).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Migrate(*db, std::vector{kOne, kTwo}, {}).status()));
}

TEST_F(MigrateTest, AListWithGapsIsAMistake) {
  EXPECT_TRUE(absl::IsInvalidArgument(Run({kOne, kThree}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Run({kOne, {2, "future", "", 3}}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(Run({kOne, kTwo, {3, "x", "", 3}, {4, "y", "", 2}}).status()));
}

}  // namespace
}  // namespace muster::sql
