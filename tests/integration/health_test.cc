// The health of the running program as service managers and load balancers ask for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class HealthTest : public testing::Test {
 protected:
  std::vector<std::string> Serve(std::vector<std::string> more = {}) {
    auto command = ServeCommand(orchestrator_.data_dir());
    command.insert(command.end(),
                   {"--health-listen", "127.0.0.1:0", "--self-check-interval", "100ms"});
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  // `muster-orchestrator health`.
  int Health(std::string* line) {
    Process process({OrchestratorProgram(), "health", "--data-dir", orchestrator_.data_dir()});
    const int code = process.Wait();
    *line = process.Output();
    return code;
  }
  app::TestOrchestrator orchestrator_;
};

TEST_F(HealthTest, OneLineAndAnExitCode) {
  std::string line;
  EXPECT_EQ(Health(&line), 1);
  EXPECT_THAT(line, StartsWith("not ready: no answer at "));
  Process running(Serve());
  AwaitReady(running);
  EXPECT_EQ(Health(&line), 0) << line;
  EXPECT_THAT(line, StartsWith("ready: 0 workers connected"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0);
  EXPECT_EQ(Health(&line), 1);
}

TEST_F(HealthTest, ALostStoreIsNotReady) {
  Process running(Serve({"--store-lost-linger", "1h"}));
  orchestrator_.Attach(AwaitReady(running));
  running.LimitFiles(0);
  EXPECT_FALSE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
  EXPECT_NE(running.AwaitLine("store lost"), "");
  std::string line;
  EXPECT_EQ(Health(&line), 1);
  EXPECT_THAT(line, StartsWith("not ready: store: read-only"));
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 3);
}

TEST_F(HealthTest, ADiskThatIsNearlyFullIsSaidAndIsReady) {
  Process running(Serve({"--disk-warning-mib", "1000000000"}));
  AwaitReady(running);
  EXPECT_NE(running.AwaitLine("nearly full"), "");
  std::string line;
  EXPECT_EQ(Health(&line), 0);
  EXPECT_THAT(line, HasSubstr("warning: disk: "));
}

// SIGHUP ends nothing, before and after it had something to reload.
TEST_F(HealthTest, AReloadFindsOtherAddresses) {
  auto command = ServeCommand(orchestrator_.data_dir());
  command.insert(command.end(), {"--self-check-interval", "1h"});
  Process running(command);
  AwaitReady(running);
  running.Signal(SIGHUP);
  EXPECT_NE(running.AwaitLine("reloaded"), "");
  std::ofstream(app::DataPaths(orchestrator_.data_dir()).authority("addresses"))
      << "127.0.0.1\nmuster.example\n";
  running.Signal(SIGHUP);
  EXPECT_NE(running.AwaitLine("the addresses changed"), "");
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

// A file put back over the newer one; the rest of the directory knows better.
TEST_F(HealthTest, AnOlderDatabaseIsRecognized) {
  const std::string database = app::DataPaths(orchestrator_.data_dir()).database();
  fs::copy_file(database, database + ".kept");
  {
    Process running(Serve());
    orchestrator_.Attach(AwaitReady(running));
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
    running.Signal(SIGTERM);
    EXPECT_EQ(running.Wait(), 0);
  }
  fs::rename(database + ".kept", database);
  {
    Process running(Serve());
    orchestrator_.Attach(AwaitReady(running));
    EXPECT_NE(running.AwaitLine("it is an older copy"), "");
    std::string line;
    EXPECT_EQ(Health(&line), 0) << "it works, and somebody has to look";
    EXPECT_THAT(line, HasSubstr("database: it ends at event "));
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
    running.Signal(SIGTERM);
    EXPECT_EQ(running.Wait(), 0);
  }
  Process running(Serve());
  AwaitReady(running);
  std::string line;
  EXPECT_EQ(Health(&line), 0);
  EXPECT_THAT(line, testing::Not(HasSubstr("database")));
}

}  // namespace
}  // namespace muster
