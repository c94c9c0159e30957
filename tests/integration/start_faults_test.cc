// What an operator meets when the orchestrator cannot start: one line with a code and the next
// step, exit code 1, and everything on the disk as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/database.h"
#include "tests/integration/folder_content.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << content;
}

void OpenToOthers(const std::string& path) {
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
}

// In the place of a file: nobody can read it so, not even root.
void MakeDirectoryOf(const std::string& path) {
  fs::remove(path);
  fs::create_directory(path);
}

void Sql(const std::string& database, const std::string& statement) {
  auto db = sql::Database::Open({.path = database});
  ASSERT_TRUE(db.ok()) << db.status();
  ASSERT_TRUE((*db)->Exec(statement).ok());
}

// The program ends with 1, and its last words are this failure with its remedy.
void ExpectFailure(const std::vector<std::string>& command, FailureCode code,
                   const std::string& detail = "") {
  Process process(command);
  EXPECT_EQ(process.Wait(), 1) << process.Output();
  // The last line: behind the message's beginning no other line begins.
  const std::string output = process.Output();
  const size_t at = output.find(std::string("muster-orchestrator: ") + TextOf(code) + ": ");
  ASSERT_NE(at, std::string::npos) << output;
  EXPECT_EQ(output.find('\n', at), output.size() - 1) << output;
  EXPECT_THAT(output.substr(at), HasSubstr(detail));
  EXPECT_THAT(output, testing::EndsWith(std::string(InfoOf(code).remedy) + "\n"));
  EXPECT_THAT(process.Output(), testing::Not(HasSubstr("..")));
}

class StartFaultsTest : public testing::Test {
 protected:
  StartFaultsTest() {
    // A whole life first, ended by force: the write-ahead log holds what the file does not.
    Process process(ServeCommand(dir()));
    orchestrator_.Attach(AwaitReady(process));
    EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
    process.Signal(SIGKILL);
    process.Wait();
  }
  const std::string& dir() const { return orchestrator_.data_dir(); }
  app::DataPaths paths() const { return app::DataPaths(dir()); }
  // `serve` fails so, and leaves what is there as it is.
  void ExpectRefused(FailureCode code, const std::string& detail) {
    const auto before = FolderContent(dir());
    ExpectFailure(ServeCommand(dir()), code, detail);
    EXPECT_TRUE(FolderContent(dir()) == before) << TextOf(code) << ": something was changed";
  }
  void ExpectStarts() {
    Process process(ServeCommand(dir()));
    AwaitReady(process);
    process.Signal(SIGTERM);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
  }

  app::TestOrchestrator orchestrator_;
};

TEST_F(StartFaultsTest, ADatabaseOfANewerMuster) {
  Sql(paths().database(), "UPDATE schema_info SET version = 99, min_compatible_version = 98");
  ExpectRefused(FailureCode::kStoreNewer, "needs a program that knows 98");
  // A newer one that says that this program may open it.
  Sql(paths().database(), "UPDATE schema_info SET min_compatible_version = 1");
  ExpectStarts();
}

// Of a newer one that was killed, too: its log belongs to it.
TEST_F(StartFaultsTest, ANewerMustersLogIsLeftToIt) {
  const std::string wal = paths().database() + "-wal";
  {
    auto db = sql::Database::Open({.path = paths().database()});
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(
        (*db)->Exec("UPDATE schema_info SET version = 99, min_compatible_version = 99").ok());
    fs::copy(wal, wal + ".kept");
    fs::copy(paths().database(), paths().database() + ".kept");
  }
  fs::rename(wal + ".kept", wal);
  fs::rename(paths().database() + ".kept", paths().database());
  ExpectRefused(FailureCode::kStoreNewer, "schema version 99");
}

TEST_F(StartFaultsTest, ADamagedDatabase) {
  const std::string database = paths().database();
  Sql(database, "PRAGMA wal_checkpoint(TRUNCATE)");
  const auto whole = FolderContent(dir()).at(database);
  Write(database, std::string(100'000, 'x'));
  ExpectRefused(FailureCode::kStoreCorrupt, database);
  std::string holed = whole;
  holed.replace(holed.size() / 2, 4096, std::string(4096, 'x'));
  Write(database, holed);
  ExpectRefused(FailureCode::kStoreCorrupt, database);
  Write(database, whole.substr(0, whole.size() / 2));
  ExpectRefused(FailureCode::kStoreCorrupt, database);
  Write(database, whole);
  ExpectStarts();
}

TEST_F(StartFaultsTest, ADatabaseThatIsLostOrNotOurs) {
  const std::string database = paths().database();
  fs::rename(database, database + ".away");
  ExpectRefused(FailureCode::kStoreUnusable, database + " is lost");
  Write(database, "");
  ExpectRefused(FailureCode::kStoreUnusable, "empty");
  fs::remove(database + "-wal");
  fs::remove(database + "-shm");
  Sql(database, "CREATE TABLE recipes (name TEXT)");
  ExpectRefused(FailureCode::kStoreUnusable, "another program");
  MakeDirectoryOf(database);
  ExpectRefused(FailureCode::kStoreUnusable, database);
}

TEST_F(StartFaultsTest, ADiskThatFails) {
  ExpectFailure(UnderFileLimit(ServeCommand(dir())), FailureCode::kStoreIo, paths().database());
  ExpectStarts();
}

// The operator's folder is the operator's: whatever became of it, the service runs.
TEST_F(StartFaultsTest, AnOperatorFolderThatCannotBeSearched) {
  const std::string folder = dir() + "/operator";
  fs::rename(folder, folder + ".away");
  ExpectStarts();
  fs::create_symlink(folder, folder);  // A loop: not even root can look into it.
  ExpectStarts();
  fs::remove(folder);
  Write(folder, "a file");
  ExpectStarts();
  fs::remove(folder);
  fs::create_directory(folder);
  fs::create_directory(folder + "/address");
  Process process(ServeCommand(dir()));
  AwaitReady(process);
  EXPECT_NE(process.AwaitLine("keeps an address that may be old"), "");
}

TEST_F(StartFaultsTest, AMasterKeyThatIsNone) {
  const std::string file = paths().master_key();
  OpenToOthers(file);
  ExpectRefused(FailureCode::kKeyMaster, "others than the owner can reach " + file);
  Write(file, "too short\n");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  ExpectRefused(FailureCode::kKeyMaster, "does not hold a master key");
  MakeDirectoryOf(file);
  ExpectRefused(FailureCode::kKeyMaster, "is no plain file");
  fs::remove(file);
  ExpectRefused(FailureCode::kKeyMaster, file);
}

TEST_F(StartFaultsTest, AMasterKeyThatIsAnothers) {
  const app::TestOrchestrator other;
  const std::string kept = dir() + "/../kept.key";
  fs::copy_file(paths().master_key(), kept);
  fs::copy_file(app::DataPaths(other.data_dir()).master_key(), paths().master_key(),
                fs::copy_options::overwrite_existing);
  ExpectFailure(ServeCommand(dir()), FailureCode::kKeyUnsealable, "none of the database's 2");
  fs::rename(kept, paths().master_key());
  ExpectStarts();
}

TEST_F(StartFaultsTest, ACertificateAuthorityThatIsNone) {
  const auto other = identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom());
  ASSERT_TRUE(other.ok());
  const std::string certificate = paths().authority("ca.crt");
  Write(certificate, other->bundle_pem());
  ExpectRefused(FailureCode::kSystemAuthority, "does not belong");
  Write(certificate, "no certificate");
  ExpectRefused(FailureCode::kSystemAuthority, paths().root + "/ca");
  MakeDirectoryOf(certificate);
  ExpectRefused(FailureCode::kSystemAuthority, certificate);
  OpenToOthers(paths().authority("ca.key"));
  fs::remove(certificate);
  ExpectRefused(FailureCode::kSystemAuthority, certificate);
  Write(certificate, other->bundle_pem());
  ExpectRefused(FailureCode::kSystemAuthority, "mode 0604): chmod 600");
}

// Whoever can put another file there is the orchestrator; whoever can read it is everybody in it.
TEST_F(StartFaultsTest, ADirectoryThatOthersReach) {
  for (const std::string& folder : {dir(), dir() + "/ca", dir() + "/audit"}) {
    const fs::perms before = fs::status(folder).permissions();
    fs::permissions(folder, before | fs::perms::others_write);
    ExpectRefused(FailureCode::kSystemDataDir, "chmod go-w '" + folder + "'");
    fs::permissions(folder, before);
  }
  fs::permissions(dir(), fs::perms::others_exec, fs::perm_options::add);
  fs::permissions(paths().database(), fs::perms::group_read, fs::perm_options::add);
  ExpectRefused(FailureCode::kSystemDataDir, "chmod 600 '" + paths().database() + "'");
  // The remedy that leads out.
  fs::permissions(paths().database(), fs::perms::owner_read | fs::perms::owner_write);
  Process running(ServeCommand(dir()));
  AwaitReady(running);
}

TEST_F(StartFaultsTest, ADirectoryThatIsInUse) {
  Process running(ServeCommand(dir()));
  AwaitReady(running);
  ExpectFailure(ServeCommand(dir()), FailureCode::kSystemDataDirBusy, "works in " + dir());
  ExpectFailure({OrchestratorProgram(), "init", "--data-dir", dir()},
                FailureCode::kSystemAlreadyInitialized);
}

// Remedy walked: E-SYSTEM-DATA-DIR
TEST_F(StartFaultsTest, ADirectoryThatIsNone) {
  const std::string root = dir() + "-other";
  ExpectFailure(ServeCommand(root), FailureCode::kSystemNotInitialized, root);
  EXPECT_FALSE(fs::exists(root));
  fs::create_symlink(root, root);
  ExpectFailure(ServeCommand(root), FailureCode::kSystemDataDir, "cannot look into " + root);
  const auto init = [](const std::string& at) {
    return std::vector<std::string>{OrchestratorProgram(), "init", "--data-dir", at};
  };
  ExpectFailure(init(root), FailureCode::kSystemDataDir, root);
  fs::remove(root);
  Write(root, "a file");
  ExpectFailure(init(root), FailureCode::kSystemDataDir, root);
  ExpectFailure(init(root + "/below"), FailureCode::kSystemDataDir, root);
  fs::remove(root);
  fs::create_directory(root);
  Write(root + "/homework", "mine");
  ExpectFailure(init(root), FailureCode::kSystemDataDir, "holds other files");
  fs::remove(root + "/homework");
  // An init that ran out of disk is finished by the next one.
  ExpectFailure(UnderFileLimit(init(root)), FailureCode::kSystemDataDir, root);
  EXPECT_EQ(Process(init(root)).Wait(), 0);
}

}  // namespace
}  // namespace muster
