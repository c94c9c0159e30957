// Every state of every table is reached by some operation: a state that only the tables know would
// show here. What is reached is read from the audit log, which tells every move, and from the rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using sim::JoinCourse;

// All values of a dense enum: those that have a string.
template <typename E>
std::set<std::string> NamesOf() {
  std::set<std::string> names;
  for (int i = 0;; ++i) {
    const absl::string_view name = ToString(static_cast<E>(i));
    if (name.empty()) return names;
    names.emplace(name.data(), name.size());
  }
}

// By table ("admission", "target", …), the states that were seen.
class Reached {
 public:
  void Look(const store::Snapshot& snapshot) {
    const std::vector<store::AuditEvent> events =
        *snapshot.audit().List(store::TenantWall::Everything(), "", 0, 1'000'000);
    for (const store::AuditEvent& event : events) Take(event);
    const std::vector<store::Rollout> rollouts =
        *snapshot.rollouts().List({.wall = store::TenantWall::Everything(), .limit = 1000});
    for (const store::Rollout& rollout : rollouts) {
      store::TargetQuery query;
      query.rollout_id = rollout.id;
      const std::vector<store::Target> targets = *snapshot.rollouts().ListTargets(query);
      for (const store::Target& target : targets) Add("target", ToString(target.state));
    }
    const std::vector<store::BootstrapToken> tokens =
        *snapshot.tokens().List(store::TenantWall::Everything(), ZoneId());
    for (const store::BootstrapToken& token : tokens) Add("token", ToString(token.state));
    store::SweepQuery swept;
    swept.wall = store::TenantWall::Everything();
    swept.limit = 0;
    const std::vector<store::Sweep> sweeps = *snapshot.sweeps().List(swept);
    for (const store::Sweep& sweep : sweeps) Add("sweep", ToString(sweep.state));
    const std::vector<store::Zone> zones =
        *snapshot.zones().List(store::TenantWall::Everything(), TenantId());
    for (const store::Zone& zone : zones) {
      const std::vector<store::JoiningKeyVersion> keys = *snapshot.zones().ListKeys(zone.id);
      for (const store::JoiningKeyVersion& key : keys) Add("version", ToString(key.state));
    }
  }
  const std::set<std::string>& In(const std::string& table) { return states_[table]; }

 private:
  void Add(const std::string& table, absl::string_view state) {
    states_[table].emplace(state.data(), state.size());
  }
  // "admission: pending → rejected", "attempt att-…: new → sent", "planned → running".
  void Take(const store::AuditEvent& event) {
    for (absl::string_view part : absl::StrSplit(event.detail, "; ")) {
      const std::vector<std::string> ends = absl::StrSplit(part, " → ");
      if (ends.size() < 2) continue;
      const std::string to = ends.back().substr(0, ends.back().find_first_of(" ;("));
      const std::vector<std::string> halves = absl::StrSplit(ends[0], ": ");
      if (halves.size() == 2) {
        const std::string table = halves[0].substr(0, halves[0].find(' '));
        for (size_t i = 1; i + 1 < ends.size(); ++i) Add(table, ends[i]);
        Add(table, to);
      } else if (absl::StartsWith(event.action, "rollout.")) {
        Add("rollout", to);
      } else if (absl::StartsWith(event.action, "token.")) {
        Add("token", to);
      }
    }
  }
  std::map<std::string, std::set<std::string>> states_;
};

class ReachedStatesTest : public HandDriven {
 protected:
  // A server that came with a token, and was not expected: pending.
  ServerId Pending(const std::string& name) {
    Token("token of " + name);
    const auto grant = Show("token of " + name, name, "key of " + name);
    EXPECT_TRUE(grant.ok()) << grant.status();
    return grant->server_id;
  }
  void Rollout(RolloutInput input) {
    const auto rollout = Start(std::move(input));
    ASSERT_TRUE(rollout.ok()) << rollout.status();
    ASSERT_TRUE(Finishes(rollout->id, absl::Hours(30)));
  }
  // ---- sweeps and findings, of tenant-1 ----
  void Sweep(int times = 1) {
    for (int i = 0; i < times; ++i) {
      operations().sweeps.Call(
          &SweepOperations::Run, [](absl::StatusOr<std::vector<store::Sweep>>) {}, operator_,
          std::vector<ZoneId>{ZoneId("tenant-1/prod")}, std::nullopt);
    }
    world_->RunFor(absl::Seconds(90));
  }
  void Act(FindingAction::Kind kind) {
    store::FindingQuery query;
    query.wall = store::TenantWall::Everything();
    query.kinds = {store::FindingKind::kMissing};
    const std::vector<store::Finding> findings = *world_->Read()->findings().List(query);
    ASSERT_EQ(findings.size(), 1u);
    FindingAction action{kind, "a reason", world_->Now() + absl::Hours(1)};
    const auto changed = CoreBench::Ask<store::Finding>([&](auto done) {
      operations().findings.Call(&FindingOperations::Change, std::move(done), operator_,
                                 findings[0].id, action);
    });
    ASSERT_TRUE(changed.ok()) << changed.status();
  }
  void FindAndSweep() {
    ASSERT_EQ(world_->ServerAt(1).enrollment, store::Enrollment::kEnrolled);
    sim::SimHub& hub = world_->hub(1);
    const std::string id = world_->ServerAt(1).proof->hub_instance_id.value();
    const sim::SimHub::Record record = hub.RecordOf(id);
    hub.Remove(id);
    Sweep();  // suspected
    Sweep();  // open
    Act(FindingAction::Kind::kAcknowledge);
    Act(FindingAction::Kind::kReopen);
    Act(FindingAction::Kind::kSuppress);
    hub.RecordOf(id) = record;
    Sweep();  // resolved
    hub.Remove(id);
    Sweep();
    Sweep();
    world_->PowerOff(1);
    RolloutInput input;
    input.selection.names = {world_->ServerAt(1).name};
    const auto rollout = Start(std::move(input));
    ASSERT_TRUE(rollout.ok()) << rollout.status();
    Sweep();  // remediating
    world_->Connect(1);
    ASSERT_TRUE(Finishes(rollout->id, absl::Hours(3)));
    Sweep(2);  // One is skipped.
    hub.SetConnectedOnly(true);
    Sweep();  // partial
    hub.SetConnectedOnly(false);
    hub.SetDownUntil(world_->clock().Now() + absl::Seconds(60));
    Sweep();  // failed
  }
  void Ask(absl::StatusOr<store::Rollout> (RolloutOperations::*verb)(Turn&, const Actor&,
                                                                     const RolloutId&),
           const RolloutId& id) {
    ASSERT_TRUE(CoreBench::Ask<store::Rollout>([&](auto done) {
                  operations().rollouts.Call(verb, std::move(done), operator_, id);
                }).ok());
  }
};

TEST_F(ReachedStatesTest, EveryStateOfEveryTable) {
  Build(8, 1);
  // Rollouts: failed, in_doubt, settled, straggler, completed_with_failures.
  world_->Plan(0, {JoinCourse::kKeyRefused});
  world_->Plan(2, {JoinCourse::kLostOnWayToHub});
  RolloutInput input;
  input.max_failures = input.max_in_doubt = "100%";
  input.deadline = absl::Hours(3);
  Rollout(input);
  // completed; completed_with_stragglers
  RolloutInput one;
  one.selection.names = {world_->ServerAt(0).name};
  Rollout(one);
  RolloutInput away;
  away.selection.names = {world_->ServerAt(7).name};
  away.deadline = absl::Hours(1);
  Rollout(away);
  FindAndSweep();
  // degraded
  world_->MoveHub(0, "https://moved.example");
  // timed_out: a probe without an answer. rejected: an old worker.
  const ServerId by_hand = Admitted("by-hand");
  const RolloutId silent = StartOn(by_hand, store::CommandKind::kProbe);
  ASSERT_TRUE(Finishes(silent, absl::Hours(30)));
  const RolloutId refused = StartOn(by_hand, store::CommandKind::kProbe);
  Report(by_hand, Outcome::kRejected, Failure{FailureCode::kDispatchUnsupported, "an old worker"});
  ASSERT_TRUE(Finishes(refused, absl::Hours(30)));
  // paused, canceling, canceled
  const RolloutId canceled = StartOn(by_hand);
  ASSERT_TRUE(AttemptOn(by_hand).has_value());
  Ask(&RolloutOperations::Pause, canceled);
  Ask(&RolloutOperations::Cancel, canceled);
  Report(by_hand, Outcome::kFailed, Failure{FailureCode::kJoinKeyRefused, "401"});
  ASSERT_TRUE(Finishes(canceled, absl::Hours(30)));
  RolloutInput unsent;
  unsent.selection.names = {world_->ServerAt(7).name};
  const auto out_at_once = Start(unsent);
  ASSERT_TRUE(out_at_once.ok());
  Ask(&RolloutOperations::Cancel, out_at_once->id);
  ASSERT_TRUE(Finishes(out_at_once->id, absl::Hours(30)));
  // Keys: tainted by the next one, and by none.
  world_->ChangeKey(0);
  ASSERT_TRUE(RemoveKey().ok());
  // Admission; a revoked certificate.
  ASSERT_TRUE(Change(Pending("rejected"), ServerAction::Kind::kReject).ok());
  ASSERT_TRUE(Change(Pending("banned"), ServerAction::Kind::kBan).ok());
  ASSERT_TRUE(Change(Pending("retired"), ServerAction::Kind::kRetire).ok());
  world_->Evict(3);
  // Tokens; exhausted is that of by-hand.
  const TokenId revoked = Token("revoked");
  ASSERT_TRUE(CoreBench::Ask<store::BootstrapToken>([&](auto done) {
                operations().tokens.Call(&TokenOperations::Revoke, std::move(done), operator_,
                                         revoked);
              }).ok());
  ASSERT_TRUE(SetLocked(Token("locked"), true).ok());
  TokenInput short_lived;
  short_lived.ttl = absl::Minutes(1);
  Token("expired", short_lived);
  world_->RunFor(absl::Minutes(2));
  EXPECT_FAILS_WITH(Show("expired", "late", "k"), kTokenExpired);
  // superseded: a renewed certificate was used.
  world_->Renew(4);
  world_->BreakSession(4);
  world_->RunFor(absl::Minutes(10));

  Reached reached;
  reached.Look(*world_->Read());
  EXPECT_EQ(reached.In("admission"), NamesOf<store::Admission>());
  EXPECT_EQ(reached.In("enrollment"), NamesOf<store::Enrollment>());
  EXPECT_EQ(reached.In("attempt"), NamesOf<store::AttemptState>());
  EXPECT_EQ(reached.In("rollout"), NamesOf<store::RolloutState>());
  std::set<std::string> targets = reached.In("target");
  targets.insert("waiting");  // As each begins; the audit log tells moves.
  EXPECT_EQ(targets, NamesOf<store::TargetState>());
  EXPECT_EQ(reached.In("version"), NamesOf<store::KeyVersionState>());
  EXPECT_EQ(reached.In("token"), NamesOf<store::TokenState>());
  EXPECT_EQ(reached.In("certificate"), NamesOf<store::CertificateState>());
  EXPECT_EQ(reached.In("finding"), NamesOf<store::FindingState>());
  std::set<std::string> sweeps = reached.In("sweep");
  sweeps.insert("running");  // As each begins.
  EXPECT_EQ(sweeps, NamesOf<store::SweepState>());
}

}  // namespace
}  // namespace muster::core
