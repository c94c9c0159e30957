// Sweeps that ask the workers: what is found by what their services say, and what asking costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orchestrator/core/sweep_fixture.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::FindingKind;
using store::SweepState;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SweepWorkersTest : public SweepFixture {
 protected:
  sim::SimWorker& Worker(size_t server) { return *world_->workers()[server]; }
  int Looks() {
    int looks = 0;
    for (const auto& worker : world_->workers()) looks += worker->looks();
    return looks;
  }
};

TEST_F(SweepWorkersTest, EveryWorkerOfTheZoneIsAskedAndAgrees) {
  Enroll(8);
  const int before = Looks();
  const store::Sweep sweep = Sweep();
  EXPECT_EQ(sweep.state, SweepState::kCompleted);
  EXPECT_EQ(sweep.counts.asked, 4);
  EXPECT_EQ(sweep.counts.answered, 4);
  EXPECT_EQ(sweep.counts.disagreed, 0);
  EXPECT_EQ(Looks(), before + 4) << "and no other zone's";
}

// What says the same as before costs no row: no attempt, no event, no facts.
TEST_F(SweepWorkersTest, AskingWritesNothingThatIsNotNews) {
  Enroll(8);
  Sweep(true);
  const auto rows = [this] {
    const store::AuditLink last = *world_->Read()->audit().Last();
    size_t attempts = 0;
    for (const ServerId& server : world_->servers()) {
      attempts += world_->Read()->attempts().ListOfServer(server, 100)->size();
    }
    return std::pair(last.sequence, attempts);
  };
  const auto before = rows();
  const store::Sweep sweep = Sweep();
  EXPECT_EQ(sweep.counts.answered, 4);
  const auto after = rows();
  EXPECT_EQ(after.first, before.first + 1) << "that an operator asked for the sweep";
  EXPECT_EQ(after.second, before.second);
}

TEST_F(SweepWorkersTest, ThePlanOfTheZoneSaysWhetherWorkersAreAskedAndTheCallerMore) {
  Enroll();
  EXPECT_EQ(Sweep(false).counts.asked, 0);
  Edit([&](store::Transaction& t) -> absl::Status {
    store::Zone zone = **t.zones().Find(zone_);
    zone.sweep.ask_workers = false;
    return t.zones().Put(zone);
  });
  world_->KillOrchestrator();  // Its table of zones is read anew.
  world_->RunFor(absl::Minutes(10));
  EXPECT_EQ(Sweep().counts.asked, 0);
  EXPECT_EQ(Sweep(true).counts.asked, 2);
}

// The loser of two that share an identity believes that it is connected, and was never enrolled.
TEST_F(SweepWorkersTest, ACloneThatWasNeverEnrolledIsFoundByWhatItsServiceSays) {
  Enroll();
  const ServerId clone = Admitted("clone");
  store::ServiceFacts facts;
  facts.presence = store::ServicePresence::kRunning;
  facts.hub_url = hub().url();
  facts.hub_instance_id = HubInstanceId(RecordId());
  facts.hub_connected = true;
  world_->worker_events().Facts(session_[clone], facts, {});
  SweepTwice();
  ExpectFinding(FindingKind::kDuplicateIdentity, {RecordId(), "says that it is", "/clone"},
                Enrollment::kEnrolled);
  // It was given an identity of its own, or is no more: its words do not count any more.
  Disconnect(clone);
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

TEST_F(SweepWorkersTest, AnEnrolledServerWhoseServiceSaysThatItIsAnotherDisagrees) {
  Enroll();
  Worker(2).SayOfService(
      [id = RecordId()](store::ServiceFacts& facts) { facts.hub_instance_id = HubInstanceId(id); });
  EXPECT_EQ(Sweep().counts.disagreed, 1);
  Worker(2).SayOfService(nullptr);
  EXPECT_EQ(Sweep().counts.disagreed, 0);
}

// The hub shows the server's record connected, and its service says that it is another: the record
// is run by somebody else.
TEST_F(SweepWorkersTest, ARecordThatAnotherMachineRuns) {
  Enroll();
  Worker(0).SayOfService([](store::ServiceFacts& facts) {
    facts.hub_instance_id = HubInstanceId("11111111-0000-4000-8000-000000000000");
  });
  EXPECT_EQ(Sweep().counts.disagreed, 1);
  world_->RunFor(absl::Seconds(90));
  Sweep();
  ExpectFinding(FindingKind::kDuplicateIdentity, {RecordId(), "another machine is behind"},
                Enrollment::kEnrolled);
  Worker(0).SayOfService(nullptr);
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

TEST_F(SweepWorkersTest, AServiceThatWasJoinedElsewhereSinceItsSessionBegan) {
  Enroll();
  Worker(0).SayOfService(
      [](store::ServiceFacts& facts) { facts.hub_url = "https://elsewhere.example"; });
  EXPECT_EQ(Sweep(false).counts.disagreed, 0);
  EXPECT_THAT(Found(), IsEmpty()) << "nobody asked it";
  EXPECT_EQ(Sweep().counts.disagreed, 1);
  world_->RunFor(absl::Seconds(90));
  Sweep();
  ExpectFinding(FindingKind::kWrongZone, {"https://elsewhere.example"}, Enrollment::kEnrolled);
  Worker(0).SayOfService(nullptr);
  ExpectCured();
}

// Remedy walked: E-FINDING-SERVICE-DOWN
TEST_F(SweepWorkersTest, AWorkerWhoseServiceIsDead) {
  Enroll();
  Worker(0).SayOfService([](store::ServiceFacts& facts) {
    facts = store::ServiceFacts();
    facts.presence = store::ServicePresence::kUnreachable;
    facts.endpoint = "http://127.0.0.2:9696";
  });
  EXPECT_EQ(Sweep().counts.disagreed, 1);
  world_->RunFor(absl::Seconds(90));
  Sweep();
  ExpectFinding(FindingKind::kServiceDown,
                {"does not answer at http://127.0.0.2:9696", "still shows"}, Enrollment::kEnrolled);
  // The hub notices, too: it is one fault, told once.
  hub().Disconnect(RecordId());
  world_->RunFor(absl::Minutes(30));
  Sweep();
  EXPECT_THAT(Found(),
              testing::UnorderedElementsAre("service_down open", "disconnected suspected"));
  world_->RunFor(absl::Minutes(45));
  Sweep();
  world_->RunFor(absl::Seconds(90));
  Sweep();
  ExpectFinding(FindingKind::kDisconnected, {"its worker says", "does not answer"},
                Enrollment::kDegraded);
  Worker(0).SayOfService(nullptr);
  hub().Connect(RecordId(), Worker(0).internal_id(), world_->ServerAt(0).name,
                world_->clock().Now());
  ExpectCured();
}

TEST_F(SweepWorkersTest, WhoDoesNotAnswerIsCountedAndHoldsTheSweepForAMinuteAtMost) {
  Enroll();
  const ServerId silent = Admitted("silent");
  const absl::Time begun = world_->Now();
  const store::Sweep sweep = Sweep();
  EXPECT_EQ(sweep.state, SweepState::kCompleted);
  EXPECT_EQ(sweep.counts.asked, 3);
  EXPECT_EQ(sweep.counts.answered, 2);
  EXPECT_LT(world_->Now() - begun, absl::Seconds(90));
  // Who leaves while it is asked holds nobody either.
  const ServerId other = Admitted("leaving");
  std::optional<store::Sweep> ended;
  operations().sweeps.Call(
      &SweepOperations::Run,
      [&](absl::StatusOr<std::vector<store::Sweep>> done) { ended = done->front(); }, operator_,
      std::vector<ZoneId>{zone_}, std::nullopt);
  world_->RunFor(absl::Seconds(3));
  EXPECT_FALSE(ended.has_value());
  Disconnect(other);
  Disconnect(silent);
  world_->RunFor(absl::Seconds(20));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->counts.asked, 4);
  EXPECT_EQ(ended->counts.answered, 2);
}

TEST_F(SweepWorkersTest, ManyWorkersAreAskedOverTimeAndFewAtOnce) {
  CoreOptions options;
  options.dispatch.looks_per_second = 3;
  Enroll(40, options);
  const int sent = world_->looks_sent();
  const int before = Looks();
  std::optional<store::Sweep> ended;
  operations().sweeps.Call(
      &SweepOperations::Run,
      [&](absl::StatusOr<std::vector<store::Sweep>> done) { ended = done->front(); }, operator_,
      std::vector<ZoneId>{zone_}, std::nullopt);
  world_->RunFor(absl::Milliseconds(900));
  EXPECT_EQ(world_->looks_sent() - sent, 3);
  world_->RunFor(absl::Seconds(3));
  EXPECT_LE(Looks(), before + 12);
  EXPECT_FALSE(ended.has_value());
  world_->RunFor(absl::Seconds(30));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->counts.answered, 20);
  EXPECT_GE(*ended->finish_time - ended->start_time, absl::Seconds(6));
}

TEST_F(SweepWorkersTest, NoMoreAreAskedThanMayBeUnderWay) {
  CoreOptions options;
  options.dispatch.looks_at_once = 2;
  Enroll(4, options);
  for (int i = 0; i < 5; ++i) Admitted("silent-" + std::to_string(i));
  const absl::Time begun = world_->Now();
  const store::Sweep sweep = Sweep();
  EXPECT_EQ(sweep.counts.asked, 7);
  EXPECT_EQ(sweep.counts.answered, 2);
  EXPECT_GE(world_->Now() - begun, absl::Minutes(2)) << "five silent ones, two at a time";
}

// A look is never beside a command of its server: not sent to who is at one, and a command waits
// until it is over.
TEST_F(SweepWorkersTest, ALookAndAJoinOfOneServerAreNeverBesideEachOther) {
  Enroll();
  const ServerId busy = Admitted("busy");
  StartOn(busy);
  ASSERT_TRUE(AttemptOn(busy).has_value());
  EXPECT_EQ(Sweep().counts.asked, 2) << "not who is at a join";
  JoinWell(busy);
  world_->RunFor(absl::Minutes(1));
  ASSERT_EQ(ServerOf(busy).enrollment, Enrollment::kEnrolled);

  const ServerId late = Admitted("late");
  std::optional<store::Sweep> ended;
  operations().sweeps.Call(
      &SweepOperations::Run,
      [&](absl::StatusOr<std::vector<store::Sweep>> done) { ended = done->front(); }, operator_,
      std::vector<ZoneId>{zone_}, std::nullopt);
  world_->RunFor(absl::Seconds(3));
  StartOn(late);
  world_->RunFor(absl::Seconds(30));
  EXPECT_FALSE(ended.has_value());
  EXPECT_THAT(*world_->Read()->attempts().ListOpenOf(late), IsEmpty()) << "it is being asked";
  world_->RunFor(absl::Minutes(2));
  EXPECT_TRUE(ended.has_value());
  EXPECT_THAT(*world_->Read()->attempts().ListOpenOf(late), SizeIs(1)) << "it waited no longer";
}

TEST_F(SweepWorkersTest, PlannedSweepsAskToo) {
  CoreOptions options;
  options.sweep.every = absl::Hours(1);
  Build(4, 0, options);
  world_->RunFor(absl::Hours(3));
  const auto last = *world_->Read()->sweeps().FindLast(zone_);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->trigger, store::SweepTrigger::kSchedule);
  EXPECT_EQ(last->counts.asked, 2);
  EXPECT_EQ(last->counts.answered, 2);
}

TEST_F(SweepWorkersTest, ASweepThatARestartInterruptsWhileItAsksHasFailedAndTheNextOneRuns) {
  Enroll();
  Admitted("silent");
  operations().sweeps.Call(
      &SweepOperations::Run, [](absl::StatusOr<std::vector<store::Sweep>>) {}, operator_,
      std::vector<ZoneId>{zone_}, std::nullopt);
  world_->RunFor(absl::Seconds(3));
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(10));
  EXPECT_EQ((*world_->Read()->sweeps().FindLast(zone_))->state, SweepState::kFailed);
  EXPECT_EQ(Sweep().state, SweepState::kCompleted);
}

}  // namespace
}  // namespace muster::core
