// Many worlds, each from one seed, each broken in its own way; the invariants hold in all of them.
//
//   sim_test                          the default seeds, some seconds
//   MUSTER_SIM_SEED=17 sim_test       one world again, with what was done to it
//   MUSTER_SIM_AUDIT=1                with a seed that fails, its audit log, too
//   MUSTER_SIM_SEEDS=20000 sim_test   the nightly run; MUSTER_SIM_FIRST names the first seed
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "tests/sim/invariants.h"
#include "tests/sim/scenario.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  uint64_t value = otherwise;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

void PrintAudit(SimWorld& world) {
  const std::vector<store::AuditEvent> events = world.AuditOf("", 1'000'000);
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    std::cerr << absl::FormatTime("%H:%M:%S", event->time, absl::UTCTimeZone()) << " "
              << event->subject << " " << event->action << " " << event->detail << "\n";
  }
  for (size_t i = 0; i < world.servers().size(); ++i) {
    const store::Server server = world.ServerAt(i);
    std::cerr << server.id.value() << " " << server.name << " " << ToString(server.admission) << " "
              << ToString(server.enrollment) << (world.IsOut(i) ? " out" : "")
              << (world.workers()[i]->connected() ? "" : " away") << "\n";
  }
}

void PrintStats(SimWorld& world, uint64_t seed) {
  const std::vector<store::Rollout> rollouts =
      *world.Read()->rollouts().List({.wall = store::TenantWall::Everything(), .limit = 100});
  for (const store::Rollout& rollout : rollouts) {
    const store::TargetCounts c = world.Counts(rollout.id);
    std::cerr << "seed " << seed << ": " << rollout.id.value() << " " << ToString(rollout.state)
              << ", " << c.total << " targets, " << c.succeeded << " succeeded, " << c.failed
              << " failed, " << c.stragglers << " stragglers, " << c.canceled << " canceled\n";
  }
  std::cerr << "seed " << seed << ": " << world.orchestrator_starts() << " starts, "
            << world.faulty_store().commits() << " commits\n";
}

// Its audit log is what two runs of a seed are compared by; null: nobody asks.
void RunSeed(uint64_t seed, std::vector<std::string>* history = nullptr) {
  SimWorld world(OptionsOf(seed));
  Scenario scenario(world, seed);
  SCOPED_TRACE(absl::StrCat("seed ", seed, "; replay with tests/sim/run --seed ", seed,
                            " or MUSTER_SIM_SEED=", seed, " build/dev/tests/sim_test"));
  const auto failed = [&] {
    if (!testing::Test::HasFailure()) return false;
    if (getenv("MUSTER_SIM_AUDIT") != nullptr) PrintAudit(world);
    std::cerr << "what was done:\n  " << absl::StrJoin(scenario.script(), "\n  ") << "\n";
    return true;
  };
  scenario.Trouble();
  EXPECT_THAT(FindBreaches(world, false), testing::IsEmpty());
  scenario.Calm();
  world.RunFor(absl::Hours(6));  // Beyond every deadline.
  EXPECT_THAT(FindBreaches(world, true), testing::IsEmpty());
  if (getenv("MUSTER_SIM_STATS") != nullptr) PrintStats(world, seed);
  if (failed()) return;

  // What failed or was left is tried again in a world that works: it ends enrolled, or nothing was
  // left to do.
  for (auto& worker : world.workers()) worker->ForgetGhosts();
  for (size_t i = 0; i < world.workers().size(); ++i) {
    world.BringBack(i);  // Who was refused while the clock was behind its own records.
    world.Connect(i);
  }
  world.RunFor(absl::Minutes(5));
  const absl::StatusOr<store::Rollout> last = scenario.StartLast();
  if (last.ok()) {
    world.RunFor(absl::Hours(5));
    EXPECT_EQ(world.RolloutNow(last->id).state, store::RolloutState::kCompleted);
    const store::TargetCounts counts = world.Counts(last->id);
    EXPECT_EQ(counts.succeeded, counts.total);
    EXPECT_THAT(FindBreaches(world, true), testing::IsEmpty());
  } else {
    EXPECT_EQ(FailureCodeOf(last.status()), FailureCode::kRolloutEmpty) << last.status();
  }
  if (failed() || history == nullptr) return;
  for (const store::AuditEvent& event : world.AuditOf("", 1'000'000)) {
    history->push_back(absl::StrCat(absl::FormatTime(event.time), " ", event.subject, " ",
                                    event.action, " ", event.detail));
  }
}

TEST(Sim, InvariantsHoldForEverySeed) {
  const uint64_t one = FromEnvironment("MUSTER_SIM_SEED", 0);
  const uint64_t first = one != 0 ? one : FromEnvironment("MUSTER_SIM_FIRST", 1);
  const uint64_t last = one != 0 ? one : FromEnvironment("MUSTER_SIM_SEEDS", 100);
  const bool go_on = getenv("MUSTER_SIM_GO_ON") != nullptr;
  for (uint64_t seed = first; seed <= last; ++seed) {
    RunSeed(seed);
    if (!go_on) {
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(Sim, OneSeedGivesOneHistory) {
  for (const uint64_t seed : {5, 6, 7}) {
    std::vector<std::string> histories[2];
    for (auto& history : histories) RunSeed(seed, &history);
    EXPECT_GT(histories[0].size(), 20u);
    EXPECT_EQ(histories[0], histories[1]) << seed;
  }
}

}  // namespace
}  // namespace muster::sim
