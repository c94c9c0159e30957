#include "tests/sim/scenario.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"

namespace muster::sim {
namespace {

constexpr int kSteps = 16;

}  // namespace

WorldOptions OptionsOf(uint64_t seed) {
  SeededRandom dice(seed * 7919 + 1);
  const auto up_to = [&dice](double most) {
    return dice.Fraction() < 0.3 ? 0 : most * dice.Fraction();
  };
  const auto seldom = [&dice](double most) {
    return dice.Fraction() < 0.8 ? 0 : most * dice.Fraction();
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
  options.faults.power_cut_per_hour = seldom(10);
  options.faults.clock_step_per_hour = seldom(4);
  options.faults.hub_read_fails = up_to(0.7);
  options.faults.hub_read_empty = up_to(0.3);
  options.faults.hub_list_lag = absl::Seconds(up_to(60));
  options.faults.odd_join = up_to(0.7);
  options.core.targets_per_page = 3;
  options.core.pacing.initial_joins_per_minute = 1 + 60 * dice.Fraction();
  options.faults.hub_read_partial = up_to(0.5);
  return options;
}

Scenario::Scenario(SimWorld& world, uint64_t seed) : world_(world), dice_(seed * 104729 + 3) {
  for (int tenant = 0; tenant < kTenants; ++tenant) {
    if (Chance(0.15)) world_.hub(tenant).SetConnectedOnly(true);
  }
  ChooseActs();
}

void Scenario::Note(const std::string& what) {
  script_.push_back(absl::StrCat(
      absl::FormatTime("%H:%M:%S", world_.clock().Now(), absl::UTCTimeZone()), " ", what));
}

// Each world leaves some of them out, so that others come often.
void Scenario::ChooseActs() {
  const auto minutes = [this](int most) { return absl::Minutes(1 + Below(most)); };
  const auto tenant = [this] { return Below(kTenants); };
  std::vector<Act> all = {
      {"start", 3, [this] { return StartRollout(); }},
      {"change", 3, [this] { return ChangeRollout(); }},
      {"verify", 1, [this] { return Verify(); }},
      {"settle", 1, [this] { return SettleDoubt(); }},
      {"put out", 1, [this] { return PutOut(); }},
      {"bring back", 1.5, [this] { return BringBack(); }},
      {"key", 1,
       [this, tenant] {
         const int t = tenant();
         world_.ChangeKey(t);
         return absl::StrCat("tenant-", t);
       }},
      {"hub", 1,
       [this, tenant] {
         const int t = tenant();
         world_.ChangeHub(t, Chance(0.6));
         return absl::StrCat("tenant-", t, " → ", world_.hub(t).url());
       }},
      {"renew", 1,
       [this] {
         const size_t worker = AnyWorker();
         world_.Renew(worker);
         return absl::StrCat("web-", worker);
       }},
      {"hub down", 0.5,
       [this, tenant, minutes] {
         const int t = tenant();
         world_.hub(t).SetDownUntil(world_.clock().Now() + minutes(40));
         return absl::StrCat("tenant-", t);
       }},
      {"retry after", 0.5,
       [this, minutes] {
         const absl::Duration time = Chance(0.1) ? absl::Hours(24) : minutes(60);
         world_.LeaveHubsAlone(time);
         return absl::FormatDuration(time);
       }},
      {"power off", 0.7,
       [this, minutes] {
         const size_t worker = AnyWorker();
         world_.PowerOff(worker);
         const absl::Duration time = minutes(30);
         world_.clock().After(time, [this, worker] { world_.Connect(worker); });
         return absl::StrCat("web-", worker, " for ", absl::FormatDuration(time));
       }},
      {"worker clock", 0.3,
       [this] {
         const size_t worker = AnyWorker();
         world_.workers()[worker]->SetClockOffset(absl::Hours(2) * (dice_.Fraction() - 0.5));
         return absl::StrCat("web-", worker);
       }},
      {"kill", 1,
       [this] {
         world_.KillOrchestrator();
         return std::string("the orchestrator");
       }},
  };
  for (Act& act : all) {
    if (act.weight >= 3 || Chance(0.6)) acts_.push_back(std::move(act));
  }
}

void Scenario::DoSomething() {
  double all = 0;
  for (const Act& act : acts_) all += act.weight;
  double chosen = all * dice_.Fraction();
  for (const Act& act : acts_) {
    chosen -= act.weight;
    if (chosen >= 0) continue;
    const std::string to_what = act.run();
    if (!to_what.empty()) Note(absl::StrCat(act.name, " ", to_what));
    return;
  }
}

void Scenario::Trouble() {
  world_.RunFor(absl::Minutes(1));
  Note(absl::StrCat("start ", StartRollout()));
  for (int i = 0; i < kSteps; ++i) {
    world_.RunFor(absl::Minutes((Chance(0.3) ? 1 : 12) * dice_.Fraction()));
    for (int acts = 1 + Below(3); acts > 0; --acts) DoSomething();
  }
}

void Scenario::Calm() {
  Note("calm");
  world_.SetFaults(Faults{});
  if (world_.clock_was_set()) world_.StepClock(absl::ZeroDuration());
  world_.LeaveHubsAlone(absl::ZeroDuration());
  for (int tenant = 0; tenant < kTenants; ++tenant) {
    world_.hub(tenant).SetDownUntil(absl::InfinitePast());
  }
  for (size_t i = 0; i < world_.workers().size(); ++i) {
    world_.workers()[i]->SetClockOffset(absl::ZeroDuration());
    world_.BringBack(i);
  }
}

std::string Scenario::AnyLimit() {
  const double which = dice_.Fraction();
  return which < 0.5 ? "100%" : which < 0.7 ? "" : absl::StrCat(1 + Below(3));
}

absl::StatusOr<store::Rollout> Scenario::Insist(const core::RolloutInput& input) {
  absl::StatusOr<store::Rollout> rollout = world_.StartJoin(input);
  for (int i = 0; i < 20 && !rollout.ok() && !FailureCodeOf(rollout.status()).has_value(); ++i) {
    rollout = world_.StartJoin(input);
  }
  return rollout;
}

std::string Scenario::StartRollout() {
  core::RolloutInput input;
  const double scope = dice_.Fraction();
  if (scope < 0.3) {
    input.selection.tenant_id = TenantId(absl::StrCat("tenant-", Below(kTenants)));
  } else if (scope < 0.5) {
    input.selection.zone_id = ZoneId(absl::StrCat("tenant-", Below(kTenants), "/prod"));
  } else if (scope < 0.7) {
    for (int i = 0; i < 3; ++i) input.selection.names.push_back(absl::StrCat("web-", AnyWorker()));
  }
  if (Chance(0.15)) input.kind = store::CommandKind::kProbe;
  input.max_concurrency = AnyLimit();
  input.max_failures = AnyLimit();
  input.max_in_doubt = AnyLimit();
  input.allow_takeover = Chance(0.5);
  input.deadline = absl::Minutes(20 + Below(220));
  input.request_id = absl::StrCat("request-", ++rollouts_);
  const absl::StatusOr<store::Rollout> rollout = Insist(input);
  return rollout.ok()
             ? absl::StrCat(rollout->id.value(), " until ", absl::FormatDuration(input.deadline))
             : rollout.status().ToString();
}

absl::StatusOr<store::Rollout> Scenario::StartLast() {
  core::RolloutInput input;
  input.request_id = "last";
  input.max_concurrency = input.max_failures = input.max_in_doubt = "100%";
  input.allow_takeover = true;
  input.deadline = absl::Hours(4);
  return Insist(input);
}

std::string Scenario::ChangeRollout() {
  using Change = absl::StatusOr<store::Rollout> (core::RolloutOperations::*)(
      core::Turn&, const core::Actor&, const RolloutId&);
  const std::vector<store::Rollout> open =
      *world_.Read()->rollouts().List({.wall = store::TenantWall::Everything(), .limit = 100});
  std::vector<RolloutId> unfinished;
  for (const store::Rollout& rollout : open) {
    if (!IsFinal(rollout.state)) unfinished.push_back(rollout.id);
  }
  if (unfinished.empty()) return "";
  const RolloutId id = unfinished[static_cast<size_t>(Below(static_cast<int>(unfinished.size())))];
  const double which = dice_.Fraction();
  const Change change = which < 0.3   ? &core::RolloutOperations::Pause
                        : which < 0.7 ? &core::RolloutOperations::Resume
                                      : &core::RolloutOperations::Cancel;
  (void)world_.Ask<store::Rollout>([&](auto done) {
    world_.operations().rollouts.Call(change, std::move(done), SimWorld::Operator(), id);
  });
  return absl::StrCat(id.value(), which < 0.3 ? " pause" : which < 0.7 ? " resume" : " cancel");
}

std::string Scenario::Verify() {
  (void)world_.Ask<std::vector<core::ZoneVerification>>([&](auto done) {
    world_.operations().verification.Call(
        &core::VerificationOperations::Verify, std::move(done), SimWorld::Operator(),
        std::vector<ZoneId>{ZoneId("tenant-0/prod"), ZoneId("tenant-1/prod")});
  });
  return "both";
}

// Truthfully: somebody looked at the service and at the hub.
std::string Scenario::SettleDoubt() {
  for (size_t i = 0; i < world_.workers().size(); ++i) {
    if (world_.ServerAt(i).enrollment != store::Enrollment::kInDoubt) continue;
    const SimWorker& worker = *world_.workers()[i];
    if (worker.joining()) continue;  // Seen at it, and left alone.
    const bool joined =
        world_.hub(static_cast<int>(i) % kTenants).HasRecordOf(worker.internal_id());
    const auto settled = world_.Settle(i, joined);
    return absl::StrCat("web-", i, joined ? " joined" : " absent", settled.ok() ? "" : ", refused");
  }
  return "";
}

std::string Scenario::PutOut() {
  using Kind = core::ServerAction::Kind;
  const size_t worker = AnyWorker();
  if (world_.IsOut(worker)) return "";
  const double which = dice_.Fraction();
  if (which < 0.5) {
    world_.Evict(worker);
  } else {
    world_.Act(worker, which < 0.75 ? Kind::kBan : Kind::kRetire);
  }
  return absl::StrCat("web-", worker, " ", store::ToString(world_.ServerAt(worker).admission));
}

std::string Scenario::BringBack() {
  for (size_t i = 0; i < world_.workers().size(); ++i) {
    if (!world_.IsOut(i)) continue;
    world_.BringBack(i);
    return absl::StrCat("web-", i);
  }
  const size_t worker = AnyWorker();  // Enrolled anew without a need.
  world_.Reenroll(worker);
  return absl::StrCat("web-", worker, " again");
}

}  // namespace muster::sim
