// Inventory → bootstrap → join → verify → report, over every layer, with the orchestrator in this
// process.
#include <gtest/gtest.h>

#include <map>

#include "absl/algorithm/container.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/mutex.h"
#include "tests/integration/main_job.h"

namespace muster {
namespace {

// Every line that this process logs while it lives.
class LogLines {
 public:
  LogLines() {
    log::SetSinkForTesting([this](absl::string_view line) {
      MutexLock lock(&mu_);
      text_.append(line.data(), line.size());
      text_.push_back('\n');
    });
  }
  ~LogLines() { log::SetSinkForTesting(nullptr); }
  std::string text() {
    MutexLock lock(&mu_);
    return text_;
  }

 private:
  Mutex mu_;
  std::string text_ ABSL_GUARDED_BY(mu_);
};

TEST(MainJobTest, EveryServerIsEnrolledByTheHubsWord) {
  LogLines log;
  MainJob job(6);
  ASSERT_TRUE(job.orchestrator().Start().ok());
  job.Prepare(6);
  const auto rollout = job.AwaitEnd(job.CreateJoin().rollout_id());
  EXPECT_EQ(rollout.state(), admin::v1::ROLLOUT_STATE_COMPLETED) << rollout.ShortDebugString();
  EXPECT_EQ(rollout.counts().succeeded(), 6);
  const auto report = job.Report();
  ASSERT_EQ(report.zones_size(), 1);
  EXPECT_EQ(report.zones(0).enrolled(), 6);
  EXPECT_EQ(report.zones(0).hub_instances(), 6);
  EXPECT_EQ(report.zones(0).hub_unmatched(), 0);
  EXPECT_EQ(report.problems_size(), 0);
  EXPECT_EQ(job.RecordsOnHub(), 6) << "one record each, no ghosts";

  // Nothing is left to do, and nothing is done twice.
  EXPECT_EQ(FailureCodeOf(job.TryJoin().status()), FailureCode::kRolloutEmpty);
  EXPECT_EQ(job.RecordsOnHub(), 6);

  EXPECT_EQ(job.FilesWithTheSecret(), std::vector<std::string>());
  EXPECT_EQ(log.text().find(kJoinSecret), std::string::npos);
}

TEST(MainJobTest, AServerWithoutAWorkerIsAStragglerWithAReason) {
  MainJob job(2);
  ASSERT_TRUE(job.orchestrator().Start().ok());
  job.Prepare(1);
  const auto rollout = job.AwaitEnd(job.CreateJoin(absl::Seconds(8)).rollout_id());
  EXPECT_EQ(rollout.state(), admin::v1::ROLLOUT_STATE_COMPLETED_WITH_STRAGGLERS)
      << rollout.ShortDebugString();
  EXPECT_EQ(rollout.counts().succeeded(), 1);
  EXPECT_EQ(rollout.counts().stragglers(), 1);
  const auto report = job.Report();
  ASSERT_EQ(report.problems_size(), 1);
  EXPECT_EQ(report.problems(0).server(), "srv-02");
  EXPECT_EQ(report.problems(0).failure().code(), "E-DISPATCH-OFFLINE");
}

// No key leaves for a hub that refuses the zone's verifier: nobody registers there, and operators
// are told why on every side; when it is mended all goes on by itself.
TEST(MainJobTest, AHubThatCannotBeReadHoldsItsServersAndSaysWhy) {
  MainJob job(2);
  ASSERT_TRUE(job.orchestrator().Start().ok());
  job.Prepare(2);
  EXPECT_EQ(job.Hub().standing(), admin::v1::HUB_STANDING_NEVER_READ);
  job.hub().AddFault({.name = "refused",
                      .path = "internal/v1/hub/instances",
                      .times = -1,
                      .answer = *doubles::CannedResponse("401-role")});
  const std::string id = job.CreateJoin().rollout_id();
  // A reading that is refused is tried once more. The fourth begins when what came of the third is on
  // record. The workers come in beside it, sooner or later: until they did, that is what holds them.
  admin::v1::Report report;
  for (int64_t refused = 8;; refused += 2) {
    ASSERT_TRUE(job.hub().Await(
        [refused](doubles::HubCore& core) { return core.faults.applied() >= refused; },
        absl::Minutes(1)));
    report = job.Report();
    if (absl::c_all_of(report.problems(), [](const auto& problem) {
          return problem.failure().code() == "E-HUB-AUTH";
        })) {
      break;
    }
    ASSERT_LT(refused, 100) << report.ShortDebugString();
  }
  EXPECT_EQ(report.problems_size(), 2);
  const auto hub = job.Hub();
  EXPECT_EQ(hub.failure().code(), "E-HUB-AUTH");
  EXPECT_GE(hub.failures(), 3);
  EXPECT_TRUE(hub.has_failing_time() && !hub.has_read_time());
  EXPECT_EQ(job.RecordsOnHub(), 0) << "a key left";
  std::map<std::string, admin::v1::HubCheckStep> steps;
  const auto check = job.CheckHub();
  for (const auto& step : check.steps()) steps[step.name()] = step;
  EXPECT_EQ(steps["credentials"].result(), admin::v1::HubCheckStep::RESULT_OK);
  EXPECT_EQ(steps["role"].result(), admin::v1::HubCheckStep::RESULT_PROBLEM)
      << check.ShortDebugString();
  job.hub().RemoveFaults("refused");
  const auto rollout = job.AwaitEnd(id);
  EXPECT_EQ(rollout.counts().succeeded(), 2) << rollout.ShortDebugString();
  EXPECT_EQ(job.RecordsOnHub(), 2);
  EXPECT_EQ(job.Hub().standing(), admin::v1::HUB_STANDING_READ);
  EXPECT_EQ(job.Hub().instances(), 2);
}

TEST(MainJobTest, AnOrderlyRestartInTheMiddleLosesNothing) {
  MainJob job(4);
  ASSERT_TRUE(job.orchestrator().Start().ok());
  job.Prepare(2);
  const std::string id = job.CreateJoin().rollout_id();
  // The restarted orchestrator has other ports, as one that moved: workers are pointed there anew.
  job.StopWorkers();
  job.orchestrator().Stop();
  app::OrchestratorOptions options = job.orchestrator().Options();
  ASSERT_TRUE(job.orchestrator().Start(options).ok());
  EXPECT_EQ(job.Report().zones(0).servers(), 4);
  grpc::ClientContext context;
  app::SetTestDeadline(context);
  muster::admin::v1::GetRolloutRequest get;
  get.set_rollout_id(id);
  muster::admin::v1::Rollout rollout;
  ASSERT_TRUE(muster::admin::v1::RolloutService::NewStub(job.orchestrator().OperatorChannel())
                  ->GetRollout(&context, get, &rollout)
                  .ok());
  EXPECT_EQ(rollout.state(), admin::v1::ROLLOUT_STATE_RUNNING);
  EXPECT_EQ(rollout.counts().total(), 4);
}

}  // namespace
}  // namespace muster
