// What the core's decisions cost: planning 50,000 targets, and CPU per enrollment with the store
// but without network and hub (docs/performance.md). Prints figures; a release build's count.
#include <gtest/gtest.h>
#include <time.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {
namespace {

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

TEST(Cost, PlanOfFiftyThousandTargets) {
  WorldOptions options;
  options.servers = 0;
  SimWorld world(std::move(options));
  std::vector<core::ServerInput> rows;
  for (int i = 0; i < 50'000; ++i) {
    rows.push_back({i, TenantId("tenant-0"), "prod", absl::StrCat("web-", i), {{"site", "a"}}});
  }
  double start = CpuSeconds();
  const auto imported = world.Ask<core::ImportOutcome>([&](auto done) {
    world.operations().servers.Call(&core::ServerOperations::Import, std::move(done),
                                    SimWorld::Operator(), rows, false, false);
  });
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->created, 50'000);
  std::cout << "import of 50,000 servers: " << CpuSeconds() - start << " s of CPU\n";
  start = CpuSeconds();
  bool planned = false;
  world.operations().rollouts.Call(
      &core::RolloutOperations::Create,
      [&](auto rollout) {
        planned = rollout.ok();
        std::cout << "plan of 50,000 targets: " << CpuSeconds() - start << " s of CPU\n";
      },
      SimWorld::Operator(), core::RolloutInput{});
  world.RunUntil([&] { return planned; }, absl::Minutes(1));
  EXPECT_TRUE(planned);
  std::cout << "and all servers queued: " << CpuSeconds() - start << " s of CPU\n";
}

TEST(Cost, CpuPerEnrollment) {
  constexpr int kServers = 2000;
  WorldOptions options;
  options.servers = kServers;
  options.core.pacing.initial_joins_per_minute = 6000;
  options.core.pacing.max_joins_per_minute = 6000;
  SimWorld world(std::move(options));
  world.RunFor(absl::Minutes(1));
  core::RolloutInput input;
  input.max_concurrency = "100%";
  const double start = CpuSeconds();
  const auto rollout = world.StartJoin(input);
  ASSERT_TRUE(rollout.ok());
  bool done = false;
  for (int i = 0; i < 1200 && !done; ++i) {
    world.RunFor(absl::Minutes(1));
    done = IsFinal(world.RolloutNow(rollout->id).state);
  }
  EXPECT_EQ(world.Counts(rollout->id).succeeded, kServers);
  std::cout << "CPU per enrollment, the simulated world included: "
            << (CpuSeconds() - start) / kServers * 1e6 << " us\n";
}

}  // namespace
}  // namespace muster::sim
