// The whole way back from a lost disk: a backup of yesterday, workers that have lived on since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "muster/admin/v1/system.grpc.pb.h"
#include "proto/rpc/status.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
namespace v1 = muster::admin::v1;
using testing::HasSubstr;

class RestoreTest : public testing::Test {
 protected:
  app::TestOrchestrator& client() { return job_.orchestrator(); }
  const std::string& dir() { return client().data_dir(); }
  void Start() {
    process_ = std::make_unique<Process>(ServeCommand(dir(), at_));
    at_ = AwaitReady(*process_);
    client().Attach(at_);
  }
  // A command of the orchestrator's program that succeeds; what it said.
  std::string Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), OrchestratorProgram());
    Process process(arguments);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
    return process.Output();
  }

  static constexpr int kServers = 3;
  MainJob job_{kServers};
  app::Endpoints at_;
  std::unique_ptr<Process> process_;
};

TEST_F(RestoreTest, WorkersThatAreAheadOfTheBackupComeBackAndSettle) {
  Start();
  job_.Prepare(kServers);
  const std::string file = dir() + "-backup.tar";
  EXPECT_THAT(Program({"backup", "--data-dir", dir(), "--out", file}), HasSubstr("backed up"));
  EXPECT_THAT(Program({"check", "--backup", file}), HasSubstr("chain intact"));
  // What the backup does not know: every join.
  const v1::Rollout before = job_.AwaitEnd(job_.CreateJoin().rollout_id());
  ASSERT_EQ(before.counts().succeeded(), kServers) << before.ShortDebugString();
  EXPECT_EQ(job_.RecordsOnHub(), kServers);

  process_->Signal(SIGKILL);
  process_->Wait();
  fs::rename(dir(), dir() + "-lost");
  EXPECT_THAT(Program({"restore", "--from", file, "--data-dir", dir(), "--master-key-file",
                       app::DataPaths(dir() + "-lost").master_key()}),
              HasSubstr("muster-orchestrator serve --data-dir " + dir()));
  Start();
  // Every worker is let in, looks, and tells that it is joined: nothing is joined twice.
  const v1::Rollout after = job_.AwaitEnd(job_.CreateJoin().rollout_id());
  EXPECT_EQ(after.counts().succeeded(), kServers) << after.ShortDebugString();
  EXPECT_EQ(job_.RecordsOnHub(), kServers) << "one record each, no ghosts";
  EXPECT_EQ(job_.Report().zones(0).enrolled(), kServers);
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0) << process_->Output();
}

}  // namespace
}  // namespace muster
