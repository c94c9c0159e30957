// Backup, check and restore of a data directory, and every way in which a backup may not be whole.
#include "orchestrator/app/backup.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/archive/tar_file.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/database.h"
#include "orchestrator/app/backup_content.h"
#include "orchestrator/app/self_check.h"
#include "tests/fakes/fake_clock.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Content(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << content;
}

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    EXPECT_TRUE(orchestrator_.Start().ok());
    EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "http://127.0.0.1:9").ok());
    EXPECT_TRUE(orchestrator_.Import("acme", {"web-1"}).ok());
  }
  const std::string& dir() const { return orchestrator_.data_dir(); }
  std::string Beside(const std::string& name) const { return dir() + "-" + name; }

  absl::StatusOr<BackupFacts> Backup(const std::string& file, bool with_master_key = false) {
    return MakeBackup({dir(), file, with_master_key}, SystemClock(), crypto::SecureRandom());
  }
  absl::StatusOr<RestoreReport> Restore(const std::string& file, const std::string& into,
                                        const std::string& key = "") {
    return RestoreBackup({file, into, key}, SystemClock(), crypto::SecureRandom());
  }
  absl::StatusOr<BackupFacts> Check(const std::string& file) {
    return CheckBackup(file, SystemClock(), crypto::SecureRandom());
  }
  // Takes the file apart and puts it together again, changed.
  void Rewrite(const std::string& from, const std::string& to,
               const std::function<bool(std::string& name, std::string& content)>& change) {
    const auto out = archive::TarWriter::Create(to);
    ASSERT_TRUE(out.ok()) << out.status();
    const absl::Status read = archive::ReadTar(from, [&](archive::TarEntry& entry) -> absl::Status {
      std::string name = entry.name();
      auto content = entry.ReadAll(64 << 20);
      if (!content.ok()) return content.status();
      if (!change(name, *content)) return absl::OkStatus();
      return (*out)->AddBytes(name, *content, absl::UnixEpoch());
    });
    ASSERT_TRUE(read.ok()) << read;
    ASSERT_TRUE((*out)->Close().ok());
  }
  std::vector<std::string> NamesIn(const std::string& file) {
    std::vector<std::string> names;
    EXPECT_TRUE(archive::ReadTar(file, [&](archive::TarEntry& entry) {
                  names.push_back(entry.name());
                  return absl::OkStatus();
                }).ok());
    return names;
  }

  TestOrchestrator orchestrator_;
};

TEST_F(BackupTest, WhileItRunsAndBackAgain) {
  const std::string file = Beside("1.tar");
  const auto made = Backup(file);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_FALSE(made->has_master_key);
  EXPECT_GT(made->audit_events, 0);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(file + ".making"));
  EXPECT_THAT(
      NamesIn(file),
      testing::IsSupersetOf({"manifest.json", "audit/key.pem", "ca/addresses", "ca/ca.crt",
                             "ca/ca.key", "evidence/key.pem", "operator/address", "operator/ca.crt",
                             "operator/operator.crt", "operator/operator.key", "muster.db"}));
  EXPECT_EQ(Content(file).find(Content(DataPaths(dir()).master_key())), std::string::npos);
  const auto last = LastBackup(dir());
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->time, made->time);
  EXPECT_EQ(last->file, file);
  const auto checked = Check(file);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->audit_events, made->audit_events);
  EXPECT_EQ(checked->bytes, static_cast<int64_t>(fs::file_size(file)));

  // What comes later is not in it.
  ASSERT_TRUE(orchestrator_.Import("acme", {"web-2"}).ok());
  orchestrator_.Stop();
  const std::string into = Beside("restored");
  const auto restored = Restore(file, into, DataPaths(dir()).master_key());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(restored->master_key_kept);
  EXPECT_EQ(restored->backup.time, made->time);
  const auto note = RestoredFrom(into);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->generation, restored->generation);
  EXPECT_EQ(note->backup_time, made->time);
  EXPECT_FALSE(RestoredFrom(dir()).has_value());
  const auto whole = CheckDataDirectory(into, SystemClock(), crypto::SecureRandom());
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->audit_events, made->audit_events + 1) << "the restore is on record";

  auto options = orchestrator_.Options();
  options.data_dir = into;
  ASSERT_TRUE(orchestrator_.Start(options).ok());
  EXPECT_TRUE(orchestrator_.Import("acme", {"web-2"}).ok());
}

TEST_F(BackupTest, WithTheMasterKeyNothingElseIsNeeded) {
  const std::string file = Beside("1.tar");
  const auto made = Backup(file, true);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(made->has_master_key);
  orchestrator_.Stop();
  const auto restored = Restore(file, Beside("restored"));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(Content(DataPaths(Beside("restored")).master_key()),
            Content(DataPaths(dir()).master_key()));
}

TEST_F(BackupTest, ARestoreNeedsTheMasterKeyOfThatTime) {
  const std::string file = Beside("1.tar");
  ASSERT_TRUE(Backup(file).ok());
  orchestrator_.Stop();
  const std::string into = Beside("restored");
  EXPECT_EQ(FailureCodeOf(Restore(file, into).status()), FailureCode::kKeyMaster);
  EXPECT_EQ(FailureCodeOf(Restore(file, into, Beside("none")).status()), FailureCode::kKeyMaster);
  const TestOrchestrator other;
  const std::string others_key = DataPaths(other.data_dir()).master_key();
  EXPECT_EQ(FailureCodeOf(Restore(file, into, others_key).status()), FailureCode::kKeyUnsealable);
  for (const auto& entry : fs::directory_iterator(fs::path(into).parent_path())) {
    EXPECT_THAT(entry.path().string(), testing::Not(HasSubstr("restor"))) << "nothing is left";
  }
}

TEST_F(BackupTest, NothingIsOverwritten) {
  const std::string file = Beside("1.tar");
  ASSERT_TRUE(Backup(file).ok());
  const std::string content = Content(file);
  EXPECT_EQ(FailureCodeOf(Backup(file).status()), FailureCode::kBackupFile);
  EXPECT_EQ(Content(file), content);

  const std::string key = DataPaths(dir()).master_key();
  EXPECT_EQ(FailureCodeOf(Restore(file, dir(), key).status()), FailureCode::kBackupRestoreInto);
  const std::string into = Beside("restored");
  Write(into, "a file");
  EXPECT_EQ(FailureCodeOf(Restore(file, into, key).status()), FailureCode::kBackupRestoreInto);
  fs::remove(into);
  fs::create_symlink(dir(), into);
  EXPECT_EQ(FailureCodeOf(Restore(file, into, key).status()), FailureCode::kBackupRestoreInto);
  fs::remove(into);
  fs::create_directory(into);  // As a package makes it.
  EXPECT_TRUE(Restore(file, into + "/", key).ok());
}

TEST_F(BackupTest, PlacesThatCannotBeWritten) {
  EXPECT_EQ(FailureCodeOf(Backup(dir() + "/no/such/folder/1.tar").status()),
            FailureCode::kBackupFile);
  EXPECT_EQ(FailureCodeOf(Backup("/dev/null/1.tar").status()), FailureCode::kBackupFile);
  EXPECT_EQ(FailureCodeOf(
                MakeBackup({Beside("none"), Beside("1.tar")}, SystemClock(), crypto::SecureRandom())
                    .status()),
            FailureCode::kSystemNotInitialized);
  EXPECT_EQ(FailureCodeOf(Check(Beside("none.tar")).status()), FailureCode::kBackupFile);
}

TEST_F(BackupTest, AFileThatIsNoWholeBackup) {
  const std::string file = Beside("1.tar");
  ASSERT_TRUE(Backup(file).ok());
  const std::string whole = Content(file);
  const std::string bad = Beside("bad.tar");
  const auto expect_damaged = [&](const std::string& content, const std::string& detail) {
    Write(bad, content);
    const absl::Status status = Check(bad).status();
    EXPECT_EQ(FailureCodeOf(status), FailureCode::kBackupDamaged) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(detail));
    EXPECT_EQ(FailureCodeOf(Restore(bad, Beside("restored")).status()),
              FailureCode::kBackupDamaged);
    EXPECT_FALSE(fs::exists(Beside("restored")));
  };
  expect_damaged("", "");
  expect_damaged("no tar file at all", "");
  expect_damaged(std::string(100'000, '\0'), "");
  for (const double part : {0.1, 0.5, 0.9}) {
    expect_damaged(whole.substr(0, static_cast<size_t>(part * double(whole.size()))), "");
  }
  // One bit, anywhere in the database or the key.
  for (const char* text : {"SQLite format 3", "BEGIN PRIVATE KEY"}) {
    std::string flipped = whole;
    const size_t at = flipped.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    flipped[at + 1] ^= 1;
    expect_damaged(flipped, "is not what its manifest says");
  }
}

TEST_F(BackupTest, AManifestIsHeldToWhatABackupMayHold) {
  const std::string file = Beside("1.tar");
  ASSERT_TRUE(Backup(file).ok());
  int n = 0;
  const auto expect_damaged = [&](const std::string& detail,
                                  const std::function<bool(std::string&, std::string&)>& change) {
    const std::string bad = Beside("bad" + std::to_string(++n) + ".tar");
    Rewrite(file, bad, change);
    const absl::Status status = Check(bad).status();
    EXPECT_EQ(FailureCodeOf(status), FailureCode::kBackupDamaged) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(detail));
  };
  const auto replace = [](std::string& text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  expect_damaged("manifest", [](std::string& name, std::string&) { return name != kManifestName; });
  expect_damaged("ends after ",
                 [](std::string& name, std::string&) { return name != "ca/ca.crt"; });
  expect_damaged("'../escape' is not in its manifest", [](std::string& name, std::string&) {
    if (name == "ca/addresses") name = "../escape";
    return true;
  });
  expect_damaged("its manifest names '../escape'", [&](std::string& name, std::string& content) {
    if (name == kManifestName) replace(content, "operator/address", "../escape");
    return true;
  });
  expect_damaged("a newer Muster", [&](std::string& name, std::string& content) {
    if (name == kManifestName) replace(content, "\"format\": 1", "\"format\": 2");
    return true;
  });
  expect_damaged("ca/ca.key is not in it", [&](std::string& name, std::string& content) {
    if (name == kManifestName) replace(content, "ca/ca.key", "ca/ca.kez");
    return true;
  });
  for (const char* name : {"../x", "/etc/passwd", "ca/../x", "ca/", "ca/..", "backups/x", "LOCK",
                           "operator/a/b", ""}) {
    EXPECT_FALSE(IsBackupName(name)) << name;
  }
}

// Somebody has to look when nobody has made one for long.
TEST_F(BackupTest, AnOldOneIsWarnedOfUntilThereIsANewerOne) {
  const auto check = [&](absl::Duration later) {
    FakeClock clock(absl::Now() + later);
    return CheckOfBackup(LastBackup(dir()), clock.Now(), absl::Hours(24 * 7));
  };
  using Result = api::SystemCheck::Result;
  EXPECT_EQ(check({}).result, Result::kWarning);
  EXPECT_EQ(check({}).seen, "there is none");
  ASSERT_TRUE(Backup(Beside("1.tar")).ok());
  EXPECT_EQ(check(absl::Hours(24 * 6)).result, Result::kOk);
  const api::SystemCheck old = check(absl::Hours(24 * 8));
  EXPECT_EQ(old.result, Result::kWarning);
  EXPECT_THAT(old.seen, HasSubstr("1.tar"));
  EXPECT_THAT(old.next, HasSubstr("muster-orchestrator backup"));
  ASSERT_TRUE(Backup(Beside("2.tar")).ok());
  EXPECT_EQ(check(absl::Hours(24 * 6)).result, Result::kOk);
  EXPECT_THAT(check({}).seen, HasSubstr("2.tar"));
}

// A source that is damaged makes no backup: the ones before are what is needed then.
TEST_F(BackupTest, ADamagedSourceIsRefused) {
  orchestrator_.Stop();
  {
    const auto db = sql::Database::Open({.path = DataPaths(dir()).database()});
    ASSERT_TRUE(db.ok());
    const auto triggers = (*db)
                              ->Prepare(
                                  "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND "
                                  "tbl_name = 'audit_events'")
                              .All([](const sql::Row& row) { return row.Text(0); });
    ASSERT_TRUE(triggers.ok());
    for (const std::string& trigger : *triggers) {
      ASSERT_TRUE((*db)->Exec("DROP TRIGGER " + trigger).ok());
    }
    ASSERT_TRUE((*db)->Exec("UPDATE audit_events SET detail = 'another' WHERE sequence = 1").ok());
  }
  const std::string file = Beside("1.tar");
  const absl::Status status = Backup(file).status();
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreCorrupt) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("breaks at event 1"));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(
      FailureCodeOf(CheckDataDirectory(dir(), SystemClock(), crypto::SecureRandom()).status()),
      FailureCode::kStoreCorrupt);
  EXPECT_FALSE(LastBackup(dir()).has_value());
}

TEST_F(BackupTest, ACheckedDirectoryIsNobodysElse) {
  EXPECT_EQ(
      FailureCodeOf(CheckDataDirectory(dir(), SystemClock(), crypto::SecureRandom()).status()),
      FailureCode::kSystemDataDirBusy);
}

}  // namespace
}  // namespace muster::app
