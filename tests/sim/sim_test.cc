// Many worlds, each from one seed, each broken in its own way; the invariants hold in all of them.
//
//   sim_test                          the default seeds, some seconds
//   MUSTER_SIM_SEED=17 sim_test       one world again
//   MUSTER_SIM_SEEDS=20000 sim_test   the nightly run
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "absl/strings/numbers.h"
#include "base/failure_code.h"
#include "tests/sim/invariants.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  uint64_t value = otherwise;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

WorldOptions OptionsOf(uint64_t seed) {
  SeededRandom dice(seed * 7919 + 1);
  const auto up_to = [&dice](double most) {
    return dice.Fraction() < 0.3 ? 0 : most * dice.Fraction();
  };
  WorldOptions options;
  options.seed = seed;
  options.servers = 4 + static_cast<int>(dice.Fraction() * 8);
  options.offline = static_cast<int>(dice.Fraction() * 2);
  options.faults.latency = absl::Seconds(up_to(3));
  options.faults.late_copy = up_to(1);
  options.faults.session_break_per_hour = up_to(40);
  options.faults.long_outage = up_to(0.3);
  options.faults.worker_kill_per_hour = up_to(15);
  options.faults.orchestrator_kill_per_hour = up_to(20);
  options.faults.hub_read_fails = up_to(0.7);
  options.faults.hub_read_empty = up_to(0.3);
  options.faults.hub_list_lag = absl::Seconds(up_to(60));
  options.faults.odd_join = up_to(0.7);
  options.core.targets_per_page = 3;
  options.core.pacing.initial_joins_per_minute = 1 + 60 * dice.Fraction();
  options.faults.hub_read_partial = up_to(0.5);
  return options;
}

// What operators do meanwhile.
void Interfere(SimWorld& world, const RolloutId& rollout, SeededRandom& dice) {
  const double what = dice.Fraction();
  const core::Actor actor = SimWorld::Operator();
  if (what < 0.2) {
    (void)world.Ask<store::Rollout>([&](auto done) {
      world.operations().rollouts.Call(&core::RolloutOperations::Pause, std::move(done), actor,
                                       rollout);
    });
  } else if (what < 0.5) {
    (void)world.Ask<store::Rollout>([&](auto done) {
      world.operations().rollouts.Call(&core::RolloutOperations::Resume, std::move(done), actor,
                                       rollout);
    });
  } else if (what < 0.55) {
    (void)world.Ask<store::Rollout>([&](auto done) {
      world.operations().rollouts.Call(&core::RolloutOperations::Cancel, std::move(done), actor,
                                       rollout);
    });
  } else if (what < 0.8) {
    (void)world.Ask<std::vector<core::ZoneVerification>>([&](auto done) {
      world.operations().verification.Call(
          &core::VerificationOperations::Verify, std::move(done), actor,
          std::vector<ZoneId>{ZoneId("tenant-0/prod"), ZoneId("tenant-1/prod")});
    });
  }
}

// A start that a crash swallowed may have happened: the request id finds out.
absl::StatusOr<store::Rollout> Insist(SimWorld& world, const core::RolloutInput& input) {
  absl::StatusOr<store::Rollout> rollout = world.StartJoin(input);
  for (int i = 0; i < 20 && !rollout.ok() && !FailureCodeOf(rollout.status()).has_value(); ++i) {
    rollout = world.StartJoin(input);
  }
  return rollout;
}

void RunSeed(uint64_t seed) {
  SimWorld world(OptionsOf(seed));
  SeededRandom dice(seed * 104729 + 3);
  world.RunFor(absl::Minutes(1));
  core::RolloutInput input;
  input.max_concurrency = dice.Fraction() < 0.5 ? "100%" : "2";
  input.max_failures = dice.Fraction() < 0.5 ? "100%" : "1";
  input.max_in_doubt = dice.Fraction() < 0.5 ? "100%" : "";
  input.deadline = absl::Hours(4);
  input.request_id = "first";
  const absl::StatusOr<store::Rollout> rollout = Insist(world, input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  for (int i = 0; i < 12; ++i) {
    world.RunFor(absl::Minutes(10 * dice.Fraction()));
    Interfere(world, rollout->id, dice);
  }
  EXPECT_THAT(FindBreaches(world, false), testing::IsEmpty());

  if (getenv("MUSTER_SIM_STATS") != nullptr) {
    const store::TargetCounts c = world.Counts(rollout->id);
    std::cerr << "seed " << seed << ": " << c.total << " targets, " << c.waiting << " waiting, "
              << c.in_flight << " in flight, " << c.verifying << " verifying, " << c.succeeded
              << " succeeded, " << c.failed << " failed, " << c.in_doubt << " in doubt, "
              << c.stragglers << " stragglers, " << c.canceled << " canceled; "
              << world.orchestrator_starts() << " starts, " << world.faulty_store().commits()
              << " commits\n";
  }
  world.SetFaults(Faults{});
  world.RunFor(absl::Hours(6));  // Beyond the deadline.
  EXPECT_THAT(FindBreaches(world, true), testing::IsEmpty());
  if (testing::Test::HasFailure()) return;

  // What failed or was left is tried again in a world that works: it ends enrolled, or nothing was
  // left to do.
  for (auto& worker : world.workers()) worker->ForgetGhost();
  for (size_t i = 0; i < world.workers().size(); ++i) world.Connect(i);
  world.RunFor(absl::Minutes(5));
  input.request_id = "second";
  input.max_concurrency = input.max_failures = input.max_in_doubt = "100%";
  const absl::StatusOr<store::Rollout> again = Insist(world, input);
  if (!again.ok()) {
    EXPECT_EQ(FailureCodeOf(again.status()), FailureCode::kRolloutEmpty) << again.status();
    return;
  }
  world.RunFor(absl::Hours(5));
  EXPECT_EQ(world.RolloutNow(again->id).state, store::RolloutState::kCompleted);
  const store::TargetCounts counts = world.Counts(again->id);
  EXPECT_EQ(counts.succeeded, counts.total);
}

TEST(Sim, InvariantsHoldForEverySeed) {
  const uint64_t one = FromEnvironment("MUSTER_SIM_SEED", 0);
  const uint64_t first = one != 0 ? one : 1;
  const uint64_t last = one != 0 ? one : FromEnvironment("MUSTER_SIM_SEEDS", 100);
  for (uint64_t seed = first; seed <= last; ++seed) {
    RunSeed(seed);
    ASSERT_FALSE(testing::Test::HasFailure())
        << "seed " << seed << "; replay with MUSTER_SIM_SEED=" << seed;
  }
}

TEST(Sim, OneSeedGivesOneHistory) {
  std::vector<std::string> histories[2];
  for (auto& history : histories) {
    SimWorld world(OptionsOf(5));
    world.RunFor(absl::Minutes(1));
    (void)world.StartJoin();
    world.RunFor(absl::Hours(1));
    const std::vector<store::AuditEvent> events =
        *world.Read()->audit().List(store::TenantWall::Everything(), "", 0, 100000);
    for (const store::AuditEvent& event : events) {
      history.push_back(absl::StrCat(absl::FormatTime(event.time), event.action, event.detail));
    }
  }
  EXPECT_GT(histories[0].size(), 20u);
  EXPECT_EQ(histories[0], histories[1]);
}

}  // namespace
}  // namespace muster::sim
