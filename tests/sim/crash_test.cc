// Crash at every commit of a join scenario, before and after it took effect; reopen, go on, and the
// outcome is that of the run nobody disturbed (invariant 10).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "tests/sim/invariants.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {
namespace {

struct Result {
  std::map<std::string, std::string> servers;  // Name → enrollment and failure code.
  std::string rollout;
  int joins = 0;
  int records = 0;
  int commits = 0;
  int starts = 0;
  std::vector<std::string> breaches;
};

// Five servers: a good one, one whose key is refused, one whose answer is lost, one that is rate
// limited at first, one that is away. `crash_at` counts commits from the start of the rollout; 0:
// none.
Result Rehearse(int crash_at, Fault fault) {
  WorldOptions options;
  options.seed = 11;
  options.servers = 5;
  options.offline = 1;
  options.faults.late_copy = 1;  // What had left when the crash came does arrive.
  SimWorld world(std::move(options));
  world.RunFor(absl::Minutes(1));
  world.Plan(1, {JoinCourse::kKeyRefused});
  world.Plan(2, {JoinCourse::kAnswerLost});
  world.Plan(3, {JoinCourse::kRateLimited});
  const int before = world.faulty_store().commits();
  if (crash_at > 0) world.faulty_store().FailCommit(before + crash_at, fault);
  core::RolloutInput input;
  input.max_concurrency = input.max_failures = "100%";
  input.deadline = absl::Hours(2);
  input.request_id = "once";
  absl::StatusOr<store::Rollout> rollout = world.StartJoin(input);
  if (!rollout.ok()) rollout = world.StartJoin(input);  // As a client does after a lost answer.
  Result result;
  if (!rollout.ok()) {
    result.breaches.push_back(rollout.status().ToString());
    return result;
  }
  world.RunUntil([&] { return IsFinal(world.RolloutNow(rollout->id).state); }, absl::Hours(3));
  result.commits = world.faulty_store().commits() - before;
  result.starts = world.orchestrator_starts();
  result.rollout = std::string(ToString(world.RolloutNow(rollout->id).state));
  for (size_t i = 0; i < world.servers().size(); ++i) {
    const store::Server server = world.ServerAt(i);
    result.servers[server.name] =
        absl::StrCat(ToString(server.enrollment), " ",
                     server.failure.has_value() ? TextOf(server.failure->code) : "");
    result.joins += world.workers()[i]->joins();
  }
  result.records = static_cast<int>(world.hub(0).records().size() + world.hub(1).records().size());
  result.breaches = FindBreaches(world, true);
  return result;
}

TEST(Crash, AtEveryCommitEndsAsTheUndisturbedRun) {
  const Result calm = Rehearse(0, Fault::kCrashBefore);
  ASSERT_THAT(calm.breaches, testing::IsEmpty());
  EXPECT_EQ(calm.starts, 1);
  EXPECT_EQ(calm.servers.at("web-0"), "enrolled ");
  EXPECT_EQ(calm.servers.at("web-1"), "failed E-JOIN-KEY-REFUSED");
  EXPECT_EQ(calm.servers.at("web-2"), "enrolled ");
  EXPECT_EQ(calm.servers.at("web-3"), "enrolled ");
  EXPECT_EQ(calm.servers.at("web-4"), "not_enrolled E-DISPATCH-OFFLINE");
  EXPECT_EQ(calm.rollout, "completed_with_failures");
  EXPECT_EQ(calm.joins, 5);
  ASSERT_GT(calm.commits, 20);
  for (int k = 1; k <= calm.commits; ++k) {
    for (const Fault fault : {Fault::kCrashBefore, Fault::kCrashAfter}) {
      SCOPED_TRACE(absl::StrCat("crash at commit ", k,
                                fault == Fault::kCrashBefore ? ", lost" : ", kept but unheard"));
      const Result result = Rehearse(k, fault);
      EXPECT_THAT(result.breaches, testing::IsEmpty());
      EXPECT_EQ(result.starts, 2);
      EXPECT_EQ(result.servers, calm.servers);
      EXPECT_EQ(result.rollout, calm.rollout);
      EXPECT_EQ(result.joins, calm.joins) << "a join was repeated or left out";
      EXPECT_EQ(result.records, calm.records) << "a ghost was made";
      if (HasFailure()) return;
    }
  }
}

// A full disk is not a crash: the store answers no, and the next start goes on from what it holds.
TEST(Crash, AFullDiskLosesNothingThatWasAccepted) {
  const Result calm = Rehearse(0, Fault::kFull);
  const Result result = Rehearse(calm.commits / 2, Fault::kFull);
  EXPECT_THAT(result.breaches, testing::IsEmpty());
  EXPECT_EQ(result.servers, calm.servers);
  EXPECT_EQ(result.joins, calm.joins);
}

}  // namespace
}  // namespace muster::sim
