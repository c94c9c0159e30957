// What is told, and in which words: findings, rollouts, conditions.
#include "tests/orchestrator/core/notify_bench.h"

namespace muster::core {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class NotifyEventsTest : public NotifyBench {
 protected:
  // Of all that is told.
  static ChannelInput Webhook(const std::string& tenant, const std::string& slug = "ops") {
    ChannelInput input = NotifyBench::Webhook(tenant, slug);
    input.events.reset();
    return input;
  }
  std::vector<std::string> Told(const std::string& channel = "tenant-0/ops") {
    std::vector<std::string> all;
    for (const FakeSender::Sent& one : sender_.To(channel)) {
      all.insert(all.end(), one.summaries.begin(), one.summaries.end());
    }
    return all;
  }
  void Enroll() {
    RolloutInput input;
    input.selection.tenant_id = TenantId("tenant-0");
    const auto rollout = Start(std::move(input));
    ASSERT_TRUE(rollout.ok()) << rollout.status();
    ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
    world_->RunFor(absl::Minutes(1));
  }
  void Sweep() {
    (void)Ask<std::vector<store::Sweep>>([&](auto done) {
      operations().sweeps.Call(&SweepOperations::Run, std::move(done), operator_,
                               std::vector<ZoneId>{zone_}, std::nullopt);
    });
    world_->RunFor(absl::Seconds(90));
  }
};

TEST_F(NotifyEventsTest, RolloutsThatFinishAndPause) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Enroll();
  EXPECT_THAT(Told(), ElementsAre(AllOf(StartsWith("rollout_finished: rollout rol-"),
                                        HasSubstr("is completed"))));
  world_->PowerOff(0);
  RolloutInput input;
  input.selection.tenant_id = TenantId("tenant-0");
  input.kind = store::CommandKind::kProbe;
  const auto rollout = Start(std::move(input));
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  const auto paused = Ask<store::Rollout>([&](auto done) {
    operations().rollouts.Call(&RolloutOperations::Pause, std::move(done), operator_, rollout->id);
  });
  ASSERT_TRUE(paused.ok()) << paused.status();
  world_->RunFor(absl::Minutes(1));
  EXPECT_THAT(Told(),
              Contains(AllOf(StartsWith("rollout_paused: rollout rol-"), HasSubstr("is paused"))));
}

TEST_F(NotifyEventsTest, FindingsThatOpenAndAreResolved) {
  CoreOptions options;
  options.sweep.every = absl::ZeroDuration();
  BuildNotifying(options);
  Enroll();
  ChannelInput input = Webhook("tenant-0");
  input.events = {
      {store::NotificationKind::kFindingOpened, store::NotificationKind::kFindingResolved}};
  Make(std::move(input));
  Make(Webhook("tenant-1"));
  const std::string record = world_->ServerAt(0).proof->hub_instance_id.value();
  world_->hub(0).Remove(record);
  Sweep();
  const auto missing = [&] {
    std::vector<std::string> some;
    for (const std::string& one : Told()) {
      if (one.find("missing, tenant-0/prod/") != std::string::npos) some.push_back(one);
    }
    return some;
  };
  Sweep();
  Sweep();
  EXPECT_THAT(missing(), ElementsAre(StartsWith("finding_opened: missing, tenant-0/prod/")));
  Enroll();
  Sweep();
  Sweep();
  EXPECT_THAT(missing(), Contains(StartsWith("finding_resolved: missing, tenant-0/prod/")));
  EXPECT_THAT(Told(), Not(Contains(StartsWith("rollout_finished")))) << "not asked for";
  EXPECT_THAT(Told("tenant-1/ops"), IsEmpty());
}

TEST_F(NotifyEventsTest, WhatWasOpenBeforeTheChannelIsToldWhenAskedFor) {
  CoreOptions options;
  options.sweep.every = absl::ZeroDuration();
  options.notify.most_open = 1;
  BuildNotifying(options);
  Enroll();
  world_->hub(0).Remove(world_->ServerAt(0).proof->hub_instance_id.value());
  for (int i = 0; i < 4; ++i) Sweep();
  store::FindingQuery query;
  query.wall = store::TenantWall::Everything();
  query.states = {store::FindingState::kOpen};
  const auto open = *world_->Read()->findings().List(query);
  ASSERT_THAT(open, SizeIs(2)) << "the missing server, and a record of nobody";
  for (const char* tenant : {"tenant-0", "tenant-1"}) Make(Webhook(tenant));
  world_->RunFor(absl::Hours(1));
  EXPECT_THAT(Told(), IsEmpty()) << "it hears what happens after it was made";

  const auto told = TellOpen("tenant-0/ops");
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->told, 1);
  EXPECT_EQ(told->left_out, 1);
  world_->RunFor(absl::Minutes(1));
  EXPECT_THAT(Told(), ElementsAre(StartsWith("finding_opened: missing, tenant-0/prod/")))
      << "the worst first";
  EXPECT_EQ(TellOpen("tenant-1/ops")->told, 0) << "another tenant's";
  EXPECT_FAILS_WITH(TellOpen("tenant-0/none"), kInventoryChannel);

  ChannelInput deaf = Webhook("tenant-0", "deaf");
  deaf.events = {{store::NotificationKind::kRolloutPaused}};
  Make(std::move(deaf));
  EXPECT_EQ(TellOpen("tenant-0/deaf")->told, 0) << "it does not hear of findings";
  for (const store::Finding& finding : open) {
    const FindingAction suppress{FindingAction::Kind::kSuppress, "a reason",
                                 world_->Now() + absl::Hours(1)};
    ASSERT_TRUE(Ask<store::Finding>([&](auto done) {
                  operations().findings.Call(&FindingOperations::Change, std::move(done), operator_,
                                             finding.id, suppress);
                }).ok());
  }
  EXPECT_EQ(TellOpen("tenant-0/ops")->told, 0) << "nobody wants to hear of them";
  EXPECT_EQ(TellOpen("tenant-0/ops")->left_out, 0);
}

TEST_F(NotifyEventsTest, WhatLastsIsToldToALaterChannelWhenAskedFor) {
  BuildNotifying();
  Make(Webhook("", "noc"));
  world_->core().TakeSystemConditions(
      {{store::NotificationKind::kBackupOld, "backup", "backup: there is none",
        "muster-orchestrator backup --out FILE"}});
  world_->RunFor(absl::Minutes(1));
  Make(Webhook("", "later"));
  ChannelInput covered = Webhook("tenant-0");
  covered.coverage_target = 90;
  Make(std::move(covered));
  world_->RunFor(absl::Minutes(10));
  EXPECT_THAT(Told("later"), IsEmpty());
  EXPECT_THAT(Told(), SizeIs(1));
  EXPECT_EQ(TellOpen("later")->told, 1);
  EXPECT_EQ(TellOpen("tenant-0/ops")->told, 1);
  world_->RunFor(absl::Minutes(1));
  EXPECT_THAT(Told("later"), ElementsAre("backup_old: backup: there is none"));
  EXPECT_THAT(Told(), SizeIs(2));
  EXPECT_THAT(Told().back(), StartsWith("coverage_low: 0 of 1 servers"));
}

TEST_F(NotifyEventsTest, JoiningKeysThatEnd) {
  BuildNotifying();
  for (const char* tenant : {"tenant-0", "tenant-1"}) {
    ChannelInput input = Webhook(tenant);
    input.events = {{store::NotificationKind::kKeyExpiring}};
    Make(std::move(input));
  }
  const auto set = [&](absl::Duration life) {
    JoiningKeyInput key{"client", Secret::CopyOf("secret of the hub")};
    if (life != absl::InfiniteDuration()) key.expire_time = world_->Now() + life;
    const auto zone = Ask<store::Zone>([&](auto done) {
      operations().fleet.Call(&FleetOperations::SetJoiningKey, std::move(done), operator_, zone_,
                              std::move(key));
    });
    ASSERT_TRUE(zone.ok()) << zone.status();
    world_->RunFor(absl::Hours(3));
  };
  set(absl::InfiniteDuration());
  set(absl::Hours(24 * 15));
  EXPECT_THAT(Told(), IsEmpty());
  world_->RunFor(absl::Hours(24 * 2));
  EXPECT_THAT(Told(),
              ElementsAre(AllOf(StartsWith("key_expiring: the joining key of tenant-0/prod, "
                                           "version 3 with client id client, ends at"))))
      << "once";
  EXPECT_THAT(Told("tenant-1/ops"), IsEmpty());
  set(absl::InfiniteDuration());
  set(absl::Hours(24));
  EXPECT_THAT(Told(), SizeIs(2)) << "another key in between";
}

TEST_F(NotifyEventsTest, CoverageBelowTheTargetAndBack) {
  BuildNotifying();
  ChannelInput input = Webhook("tenant-0");
  input.coverage_target = 90;
  Make(std::move(input));
  world_->RunFor(absl::Minutes(30));
  EXPECT_THAT(Told(), ElementsAre("coverage_low: 0 of 1 servers of tenant-0/prod are enrolled and "
                                  "proven; the target is 90%"))
      << "once";
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(30));
  EXPECT_THAT(Told(), SizeIs(1)) << "nor again after a restart";
  Enroll();
  world_->RunFor(absl::Minutes(10));
  EXPECT_THAT(Told(), Contains(StartsWith("coverage_restored: 1 of 1 servers")));
}

TEST_F(NotifyEventsTest, OperatorsWhoseCertificatesEnd) {
  BuildNotifying();
  store::Operator op;
  op.id = OperatorId("opr-ann");
  op.name = "ann";
  op.role = store::OperatorRole::kOperator;
  op.tenants = {TenantId("tenant-0")};
  op.create_time = world_->Now();
  op.certificates.push_back(
      {CertificateId("ab"), "hash", "", world_->Now() + absl::Hours(48), world_->Now()});
  {
    const auto transaction = world_->faulty_store().Begin();
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE((*transaction)->operators().Insert(op).ok());
    ASSERT_TRUE((*transaction)->Commit().ok());
  }
  for (const char* tenant : {"tenant-0", "tenant-1"}) {
    ChannelInput input = Webhook(tenant);
    input.events = {{store::NotificationKind::kOperatorExpiring}};
    Make(std::move(input));
  }
  world_->RunFor(absl::Hours(5));
  EXPECT_THAT(Told(), ElementsAre(StartsWith("operator_expiring: operator ann can come in until")));
  EXPECT_THAT(Told("tenant-1/ops"), IsEmpty());
}

TEST_F(NotifyEventsTest, WhatTheProgramFindsOfItselfIsToldToTheProviderOnce) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Make(Webhook("", "noc"));
  const SystemCondition old{store::NotificationKind::kBackupOld, "backup", "backup: there is none",
                            "muster-orchestrator backup --out FILE"};
  const auto take = [&](std::vector<SystemCondition> found) {
    world_->core().TakeSystemConditions(std::move(found));
    world_->RunFor(absl::Minutes(1));
  };
  take({old});
  take({old});
  EXPECT_THAT(Told("noc"), ElementsAre("backup_old: backup: there is none"));
  take({});
  take({old});
  EXPECT_THAT(Told("noc"), SizeIs(2)) << "it was otherwise in between";
  EXPECT_THAT(Told(), IsEmpty());
}

}  // namespace
}  // namespace muster::core
