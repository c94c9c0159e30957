// The orchestrator killed at any instant goes on where it was (invariant 10).
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

TEST(KillTest, KilledInTheMiddleEverythingIsEnrolledOnce) {
  constexpr int kServers = 12;
  MainJob job(kServers);
  auto process = std::make_unique<Process>(ServeCommand(job.orchestrator().data_dir()));
  const app::Endpoints at = AwaitReady(*process);
  job.orchestrator().Attach(at);
  job.Prepare(kServers);
  const std::string id = job.CreateJoin().rollout_id();
  std::string logs;
  // Killed when the hub has seen the first joins, and again later: each time in another state.
  for (const int joined : {1, 4, 8}) {
    EXPECT_TRUE(job.hub().Await(
        [joined](doubles::HubCore& core) { return core.counters.records_created >= joined; }));
    process->Signal(SIGKILL);
    EXPECT_EQ(process->Wait(), 128 + SIGKILL);
    logs += process->Output();
    process = std::make_unique<Process>(ServeCommand(job.orchestrator().data_dir(), at));
    ASSERT_NE(AwaitReady(*process).admin_port, 0);
  }
  const auto rollout = job.AwaitEnd(id);
  EXPECT_EQ(rollout.state(), admin::v1::ROLLOUT_STATE_COMPLETED) << rollout.ShortDebugString();
  EXPECT_EQ(rollout.counts().succeeded(), kServers);
  EXPECT_EQ(job.RecordsOnHub(), kServers) << "one record each, no ghosts";
  EXPECT_EQ(job.Report().zones(0).enrolled(), kServers);

  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  logs += process->Output();
  EXPECT_EQ(logs.find(kJoinSecret), std::string::npos);
  EXPECT_EQ(job.FilesWithTheSecret(), std::vector<std::string>());
}

}  // namespace
}  // namespace muster
