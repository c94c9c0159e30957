// The remedies of the codes that keep an orchestrator from starting, followed word for word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RemediesTest : public testing::Test {
 protected:
  RemediesTest() : backup_(dir() + "-backup.tar") {
    Process process(ServeCommand(dir()));
    orchestrator_.Attach(AwaitReady(process));
    EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
    Done({OrchestratorProgram(), "backup", "--data-dir", dir(), "--out", backup_});
    process.Signal(SIGTERM);
    EXPECT_EQ(process.Wait(), 0);
  }
  const std::string& dir() const { return orchestrator_.data_dir(); }
  app::DataPaths paths() const { return app::DataPaths(dir()); }
  static void Done(const std::vector<std::string>& command) {
    Process process(command);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
  }
  void ExpectRefused(FailureCode code, const std::string& remedy) {
    Process process(ServeCommand(dir()));
    EXPECT_EQ(process.Wait(), 1);
    EXPECT_THAT(process.Output(), HasSubstr(TextOf(code)));
    EXPECT_THAT(process.Output(), HasSubstr(remedy));
  }
  void ExpectStarts(std::vector<std::string> more = {}) {
    auto command = ServeCommand(dir());
    command.insert(command.end(), more.begin(), more.end());
    Process process(command);
    orchestrator_.Attach(AwaitReady(process));
    EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
    process.Signal(SIGTERM);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
  }
  void MoveAwayAndRestore() {
    fs::rename(dir(), dir() + "-away");
    Done({OrchestratorProgram(), "restore", "--from", backup_, "--data-dir", dir(),
          "--master-key-file", dir() + "-away/master.key"});
  }

  app::TestOrchestrator orchestrator_;
  const std::string backup_;
};

// Remedy walked: E-STORE-CORRUPT
TEST_F(RemediesTest, ADamagedDatabase) {
  std::ofstream(paths().database(), std::ios::trunc) << std::string(100'000, 'x');
  ExpectRefused(FailureCode::kStoreCorrupt, "'muster-orchestrator restore'");
  MoveAwayAndRestore();
  ExpectStarts();
}

// Remedy walked: E-STORE-UNUSABLE
TEST_F(RemediesTest, ALostDatabase) {
  fs::remove(paths().database());
  ExpectRefused(FailureCode::kStoreUnusable, "'muster-orchestrator restore'");
  MoveAwayAndRestore();
  ExpectStarts();
}

// Remedy walked: E-SYSTEM-CA
TEST_F(RemediesTest, ALostAuthority) {
  fs::remove_all(dir() + "/ca");
  ExpectRefused(FailureCode::kSystemAuthority, "tar -xf BACKUP -C DATA-DIR ca");
  Done({"/bin/tar", "-xf", backup_, "-C", dir(), "ca"});
  ExpectStarts();
}

// Remedy walked: E-SYSTEM-NOT-INITIALIZED
TEST_F(RemediesTest, ALostDataDirectory) {
  fs::rename(dir(), dir() + "-away");
  ExpectRefused(FailureCode::kSystemNotInitialized, "with 'restore' from a backup");
  fs::rename(dir() + "-away", dir());
  MoveAwayAndRestore();
  ExpectStarts();
}

// Remedy walked: E-KEY-MASTER, E-KEY-UNSEALABLE
TEST_F(RemediesTest, ALostMasterKey) {
  fs::remove(paths().master_key());
  ExpectRefused(FailureCode::kKeyMaster, "its master key");
  Done({"/bin/sh", "-c", "umask 077; openssl rand -base64 32 > " + paths().master_key()});
  ExpectRefused(FailureCode::kKeyUnsealable, "serve --new-master-key");
  ExpectStarts({"--new-master-key"});  // And stores the joining key and the verifier again.
  ExpectStarts();
}

}  // namespace
}  // namespace muster
