// The operators' program against an orchestrator program: what only the two together show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

using testing::HasSubstr;

class CliProgramTest : public testing::Test {
 protected:
  CliProgramTest() : orchestrator_(ServeCommand(job_.orchestrator().data_dir())) {
    at_ = AwaitReady(orchestrator_);
    job_.orchestrator().Attach(at_);
    EXPECT_TRUE(job_.orchestrator().ApplyFleet({"acme"}, job_.hub().url()).ok());
  }
  std::vector<std::string> Muster(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {MUSTER_PROGRAM, "--operator-dir",
                                        absl::StrCat(job_.orchestrator().data_dir(), "/operator")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }

  mutable MainJob job_{1};
  Process orchestrator_;
  app::Endpoints at_;
};

TEST_F(CliProgramTest, AnOrchestratorKilledInMidCommandLeavesADoubtAndItIsSaid) {
  job_.hub().AddFault(
      {.path = "hub/instances", .times = -1, .kind = doubles::FaultRule::Kind::kHoldAnswer});
  Process verify(Muster({"verify", "--zone", "acme/prod"}));
  ASSERT_TRUE(
      job_.hub().Await([](doubles::HubCore& core) { return core.counters.list_polls > 0; }));
  orchestrator_.Signal(SIGKILL);
  EXPECT_EQ(verify.Wait(), 3);
  EXPECT_THAT(verify.Output(), HasSubstr("error: lost the connection to the orchestrator at "));
  EXPECT_THAT(verify.Output(), HasSubstr("next: Look whether the change has happened"));

  Process list(Muster({"server", "list"}));
  EXPECT_EQ(list.Wait(), 3);
  EXPECT_THAT(list.Output(), HasSubstr("error: cannot reach the orchestrator at "));
  EXPECT_THAT(list.Output(), HasSubstr("next: Check that muster-orchestrator runs"));
}

// An orderly stop ends a watch no more than a kill does.
TEST_F(CliProgramTest, AWatchGoesOnOverRestarts) {
  ASSERT_TRUE(job_.orchestrator().Import("acme", {"srv-01"}).ok());
  const std::string id = job_.CreateJoin().rollout_id();
  Process watch(Muster({"rollout", "watch", id}));
  ASSERT_NE(watch.AwaitLine("0 of 1"), "");
  Process* running = &orchestrator_;
  std::unique_ptr<Process> again;
  for (const int signal : {SIGTERM, SIGTERM, SIGKILL, SIGTERM}) {
    running->Signal(signal);
    running->Wait();
    again = std::make_unique<Process>(ServeCommand(job_.orchestrator().data_dir(), at_));
    AwaitReady(*again);
    running = again.get();
  }
  Process cancel(Muster({"rollout", "cancel", id}));
  EXPECT_EQ(cancel.Wait(), 0) << cancel.Output();
  EXPECT_EQ(watch.Wait(), 5) << watch.Output();
}

TEST_F(CliProgramTest, TheWorkersListenersAreNoOperatorsListener) {
  for (const int port : {at_.session_port, at_.bootstrap_port}) {
    Process status(Muster({"--address", absl::StrCat("127.0.0.1:", port), "system", "status"}));
    EXPECT_EQ(status.Wait(), 1);
    EXPECT_THAT(status.Output(), HasSubstr("does not know this call"));
    EXPECT_THAT(status.Output(), HasSubstr("operators' listener"));
  }
}

// More than one message of the protocol takes.
TEST_F(CliProgramTest, AnImportThatIsTooLargeSaysWhatToDo) {
  const std::string file = job_.orchestrator().data_dir() + "-servers.csv";
  {
    std::ofstream out(file);
    out << "tenant,zone,name,label:a\n";
    for (int i = 0; i < 70'000; ++i)
      out << "acme,prod,s" << i << "," << std::string(250, 'y') << "\n";
  }
  Process import(Muster({"server", "import", file}));
  EXPECT_EQ(import.Wait(), 1);
  EXPECT_THAT(import.Output(), HasSubstr("error: too much for one call"));
  EXPECT_THAT(import.Output(), HasSubstr("next: Split the file"));
}

TEST_F(CliProgramTest, AStrangersCertificateIsNotLetIn) {
  app::TestOrchestrator other;
  Process status({MUSTER_PROGRAM, "--operator-dir", other.data_dir() + "/operator", "--address",
                  at_.admin_address, "system", "status"});
  EXPECT_EQ(status.Wait(), 3);
  EXPECT_THAT(status.Output(), HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace muster
