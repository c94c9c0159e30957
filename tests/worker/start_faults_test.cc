// What an operator meets when the worker cannot start: one line with a code and the next step, and
// everything on the disk as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/database.h"
#include "tests/integration/folder_content.h"
#include "tests/worker/program_fixture.h"

namespace muster::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << content;
}

// Its last words are this failure with its remedy.
void ExpectFailure(const std::vector<std::string>& command, ExitCode exit_code, FailureCode code,
                   const std::string& detail) {
  Process process(command);
  EXPECT_EQ(process.Wait(), exit_code) << process.Output();
  EXPECT_THAT(process.Output(), HasSubstr(std::string("muster-worker: ") + TextOf(code)));
  EXPECT_THAT(process.Output(), HasSubstr(detail));
  EXPECT_THAT(process.Output(), testing::EndsWith(std::string(InfoOf(code).remedy) + "\n"));
  EXPECT_THAT(process.Output(), testing::Not(HasSubstr("..")));
  EXPECT_THAT(process.Output(), testing::Not(HasSubstr("backup of the database"))) << "it has none";
}

class WorkerStartFaultsTest : public EnrolledProgramTest {
 protected:
  WorkerStartFaultsTest() {
    Process program(RunCommand());  // Makes the journal.
    EXPECT_TRUE(orchestrator_.AwaitSessions(1));
    program.Signal(SIGTERM);
    EXPECT_EQ(program.Wait(), kExitStopped);
  }
  std::string File(const std::string& name) const { return data_dir_ + "/" + name; }
  void ExpectRefused(FailureCode code, const std::string& detail) {
    const auto before = FolderContent(data_dir_);
    ExpectFailure(RunCommand(), kExitStartFailed, code, detail);
    ExpectFailure({MUSTER_WORKER_PROGRAM, "status", "--data-dir", data_dir_}, kExitStartFailed,
                  code, detail);
    EXPECT_TRUE(FolderContent(data_dir_) == before) << TextOf(code) << ": something was changed";
  }
};

// Remedy walked: E-WORKER-JOURNAL
TEST_F(WorkerStartFaultsTest, AJournalThatIsDamagedNewerOrNone) {
  const std::string journal = File("journal.db");
  const std::string whole = FolderContent(data_dir_).at(journal);
  Write(journal, "this is no journal");
  ExpectRefused(FailureCode::kWorkerJournal, journal);
  Write(journal, whole.substr(0, whole.size() / 2));
  ExpectRefused(FailureCode::kWorkerJournal, journal);
  Write(journal, whole);
  {
    auto db = sql::Database::Open({.path = journal});
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(
        (*db)->Exec("UPDATE schema_info SET version = 99, min_compatible_version = 99").ok());
  }
  ExpectRefused(FailureCode::kStoreNewer, journal);
  fs::remove(journal);
  fs::create_directory(journal);
  ExpectRefused(FailureCode::kWorkerJournal, journal);
  // The remedy: without the file it starts.
  fs::remove(journal);
  Process program(RunCommand());
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped);
}

TEST_F(WorkerStartFaultsTest, AnIdentityThatIsDamagedOrAnothers) {
  const auto whole = FolderContent(data_dir_);
  const std::string identity = File("identity.json");
  Write(identity, "{");
  ExpectRefused(FailureCode::kWorkerIdentity, identity + " is no JSON object");
  Write(identity, "{}");
  ExpectRefused(FailureCode::kWorkerIdentity, identity + " lacks a member");
  Write(identity, whole.at(identity));

  const auto key = crypto::PrivateKey::Generate();
  ASSERT_TRUE(key.ok());
  Write(File("key.pem"), std::string(key->ToPem()->Reveal()));
  ExpectRefused(FailureCode::kWorkerIdentity, "does not fit the key");
  Write(File("key.pem"), "no key");
  ExpectRefused(FailureCode::kWorkerIdentity, File("key.pem"));
  fs::remove(File("key.pem"));
  ExpectRefused(FailureCode::kWorkerIdentity, File("key.pem"));
  fs::create_directory(File("key.pem"));  // Nobody can read it so, not even root.
  ExpectRefused(FailureCode::kWorkerIdentity, File("key.pem"));
}

TEST_F(WorkerStartFaultsTest, ADirectoryThatIsNoneInUseOrWithoutIdentity) {
  const auto run = [](const std::string& at) {
    return std::vector<std::string>{MUSTER_WORKER_PROGRAM, "run", "--data-dir", at};
  };
  const std::string other = data_dir_ + "-other";
  fs::create_symlink(other, other);
  ExpectFailure(run(other), kExitStartFailed, FailureCode::kSystemDataDir, other);
  fs::remove(other);
  Write(other, "a file");
  ExpectFailure(run(other), kExitStartFailed, FailureCode::kSystemDataDir, other);
  fs::remove(other);
  fs::create_directory(other);
  ExpectFailure(run(other), kExitUsage, FailureCode::kWorkerNotEnrolled, other);

  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(2));
  ExpectFailure(RunCommand(), kExitStartFailed, FailureCode::kSystemDataDirBusy, data_dir_);
}

TEST_F(WorkerStartFaultsTest, FilesThatOthersReach) {
  fs::permissions(data_dir_, fs::perms::others_write, fs::perm_options::add);
  ExpectRefused(FailureCode::kSystemDataDir, "chmod go-w '" + data_dir_ + "'");
  fs::permissions(data_dir_, fs::perms::owner_all);
  fs::permissions(File("key.pem"), fs::perms::group_read, fs::perm_options::add);
  ExpectRefused(FailureCode::kWorkerIdentity, "chmod 600 '" + File("key.pem") + "'");
  // The remedy that leads out.
  fs::permissions(File("key.pem"), fs::perms::owner_read | fs::perms::owner_write);
  Process program(RunCommand());
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped);
}

TEST_F(WorkerStartFaultsTest, ADiskThatFails) {
  const std::string other = data_dir_ + "-other";
  const std::vector<std::string> enroll = {MUSTER_WORKER_PROGRAM,     "enroll",     "--token-file",
                                           folder_.path() + "/token", "--data-dir", other};
  ExpectFailure(UnderFileLimit(enroll), kExitStartFailed, FailureCode::kSystemDataDir, other);
  fs::remove(File("journal.db"));
  ExpectFailure(UnderFileLimit(RunCommand()), kExitStartFailed, FailureCode::kWorkerJournal,
                File("journal.db"));
  Process program(RunCommand());
  EXPECT_TRUE(orchestrator_.AwaitSessions(2)) << program.Output();
}

// The identity is whole but of another orchestrator: neither trusts the other. It may be that the
// network leads to the wrong one, so the worker stays and says what it sees.
TEST_F(WorkerStartFaultsTest, AnotherOrchestratorIsNotTrustedAndNamed) {
  FakeOrchestrator other(Pin());
  auto command = RunCommand();
  command.insert(command.end(), {"--address", other.session_address()});
  Process program(command);
  EXPECT_THAT(program.AwaitLine("session not opened"), HasSubstr(other.session_address()));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

}  // namespace
}  // namespace muster::worker
