// No joining key leaves before its hub was read (docs/decisions/hub-first.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/report/explain.h"
#include "orchestrator/core/report/held.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using store::Enrollment;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class HubFirstTest : public CoreBench {
 protected:
  RolloutInput Over(const std::string& name) {
    RolloutInput input;
    input.selection.names = {name};
    return input;
  }
  void Outage(absl::Duration time) {
    for (int tenant = 0; tenant < 2; ++tenant) {
      world_->hub(tenant).SetDownUntil(world_->clock().Now() + time);
    }
  }
  std::vector<HeldZone> Held(const RolloutId& rollout) {
    const auto snapshot = world_->Read();
    return *HeldZones(store::WalledSnapshot(*snapshot, store::TenantWall::Everything()),
                      world_->RolloutNow(rollout), world_->Counts(rollout), world_->Now());
  }
  store::Target TargetOf(const RolloutId& rollout, size_t server) {
    return **world_->Read()->rollouts().FindTarget(rollout, world_->servers()[server]);
  }
  int Joins() {
    int joins = 0;
    for (const auto& worker : world_->workers()) joins += worker->joins();
    return joins;
  }
};

TEST_F(HubFirstTest, AHubThatCannotBeReadHoldsItsTargetsAndCostsNobodyATry) {
  Build(4);
  Outage(absl::Hours(2));
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  world_->RunFor(absl::Hours(1));
  EXPECT_EQ(Joins(), 0);
  EXPECT_EQ(world_->Counts(rollout->id).waiting, 4);
  EXPECT_EQ(TargetOf(rollout->id, 0).attempts, 0);
  // Who looks is told, with since when and until when.
  const std::vector<HeldZone> held = Held(rollout->id);
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(held[0].why.code, FailureCode::kHubUnreachable);
  EXPECT_THAT(HeldText(held), HasSubstr("'muster hub check tenant-0/prod'"));
  EXPECT_THAT(HeldText(held), HasSubstr("is not read since"));
  EXPECT_THAT(HeldText(held), HasSubstr("left alone until"));
  EXPECT_TRUE(world_->watched().contains(rollout->id));
  const auto snapshot = world_->Read();
  const store::WalledSnapshot walled(*snapshot, store::TenantWall::Everything());
  const auto why = ExplainServer(walled, world_->servers()[0], world_->Now());
  EXPECT_THAT(why->summary, HasSubstr("It is held: E-HUB-UNREACHABLE"));
  const auto report = MakeReport(walled, {}, world_->Now());
  ASSERT_EQ(report->problems.size(), 4u);
  EXPECT_EQ(report->problems[0].failure.code, FailureCode::kHubUnreachable);
  // A restart changes nothing of that; the end of the outage does.
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(30));
  EXPECT_EQ(Joins(), 0);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 4);
  EXPECT_THAT(Held(rollout->id), IsEmpty());
  EXPECT_THAT(world_->violations(), IsEmpty());
}

TEST_F(HubFirstTest, NorDoesAKeyLeaveForAHubThatRefusesTheVerifier) {
  Build(2);
  world_->RefuseVerifier(zone_, true);
  const auto rollout = Start();
  world_->RunFor(absl::Hours(1));
  EXPECT_EQ(world_->workers()[0]->joins(), 0);
  EXPECT_EQ(world_->workers()[1]->joins(), 1) << "the other tenant's hub is well";
  ASSERT_THAT(Held(rollout->id), SizeIs(1));
  EXPECT_EQ(Held(rollout->id)[0].why.code, FailureCode::kHubAuth);
  world_->RefuseVerifier(zone_, false);
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(10)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 2);
}

TEST_F(HubFirstTest, WhoIsStillHeldAtTheDeadlineFailsWithTheHubsReason) {
  Build(1);
  Outage(absl::Hours(10));
  RolloutInput input;
  input.deadline = absl::Hours(1);
  input.max_failures = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  const store::Target target = TargetOf(rollout->id, 0);
  EXPECT_EQ(target.state, store::TargetState::kFailed);
  EXPECT_EQ(target.failure->code, FailureCode::kHubUnreachable);
  EXPECT_THAT(target.failure->detail, HasSubstr("when the rollout's deadline passed, the hub of"));
  EXPECT_EQ(target.attempts, 0);
}

TEST_F(HubFirstTest, AProbeCarriesNoKeyAndIsNotHeld) {
  Build(2);
  Outage(absl::Hours(2));
  RolloutInput probe;
  probe.kind = store::CommandKind::kProbe;
  const auto rollout = Start(probe);
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(30)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 2);
}

// The tries of a target are not gone within a minute of an outage: the first failure asks the hub.
TEST_F(HubFirstTest, AJoinThatFailedAtTheHubIsNotRepeatedBeforeTheHubWasRead) {
  Build(1);
  world_->AtJoin(0, [&] { Outage(absl::Hours(1)); });
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  world_->RunFor(absl::Minutes(50));
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
  EXPECT_EQ(TargetOf(rollout->id, 0).attempts, 1);
  EXPECT_EQ(TargetOf(rollout->id, 0).state, store::TargetState::kWaiting);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 1);
  EXPECT_EQ(TargetOf(rollout->id, 0).attempts, 2);
}

// A claim waits as long as the hub may not be asked, over restarts, and then its whole patience.
TEST_F(HubFirstTest, NoDeadlineRunsOutWhileTheHubMayNotBeAsked) {
  Build(1);
  world_->AfterReport(0, [&] { Outage(absl::Hours(5)); });
  RolloutInput input;
  input.deadline = absl::Hours(24);
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->ServerAt(0).enrollment == Enrollment::kJoinedUnverified; },
      absl::Minutes(10)));
  for (int i = 0; i < 4; ++i) {
    world_->RunFor(absl::Hours(1));
    EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kJoinedUnverified) << i;
    if (i == 1) world_->KillOrchestrator();
  }
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
}

TEST_F(HubFirstTest, AnotherVerifierMeansAnotherReading) {
  Build(1);
  ASSERT_TRUE(Finishes(Start()->id, absl::Hours(1)));
  ASSERT_TRUE(world_->Read()->zones().FindContact(zone_)->has_value());
  world_->ChangeHub(0, /*another=*/true);
  EXPECT_FALSE(world_->Read()->zones().FindContact(zone_)->has_value());
}

TEST_F(HubFirstTest, AShrinkIsAcceptedByWhoMaySeeTheZoneAndOnRecord) {
  Build(6);
  ASSERT_TRUE(Finishes(Start()->id, absl::Hours(1)));
  const auto accept = [&](const Actor& actor) {
    return Ask<int>([&](auto done) {
      operations().hubs.Call(&HubOperations::AcceptShrink, std::move(done), actor, zone_);
    });
  };
  EXPECT_FAILS_WITH(accept(operator_), kRequestState);
  world_->hub(0).Lose(1);  // Of three.
  world_->RunFor(absl::Minutes(1));
  const auto verified = Ask<std::vector<ZoneVerification>>([&](auto done) {
    operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                   std::vector<ZoneId>{zone_});
  });
  ASSERT_EQ((*verified)[0].state, ZoneVerification::State::kPartial);
  const Actor foreign{"operator:opr-x", store::TenantWall::Of({TenantId("tenant-1")})};
  EXPECT_FAILS_WITH(accept(foreign), kZoneUnknown);
  const auto accepted = accept(operator_);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  world_->RunFor(absl::Minutes(1));
  EXPECT_EQ((*world_->Read()->zones().FindContact(zone_))->short_readings, 0);
  EXPECT_EQ(world_->AuditOf(zone_.value(), 1)[0].action, "hub.accept_shrink");
}

}  // namespace
}  // namespace muster::core
