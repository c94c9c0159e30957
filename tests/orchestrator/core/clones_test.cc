// Two machines with one identity: told from a restored backup by the nonces of their sessions, held
// until an operator chooses, and cured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/status_macros.h"
#include "orchestrator/core/dispatch/clone_watch.h"
#include "tests/orchestrator/core/sweep_fixture.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::FindingKind;
using store::FindingState;
using store::MachineStanding;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ClonesTest : public SweepFixture {
 protected:
  // A machine with the identity of a server. A copy of it is a clone.
  struct Machine {
    ServerId server;
    std::string certificate;
    std::string name = "WEB-1";
    std::string machine_id = "aaaaaaaaaaaa";
    std::string boot = "first-run";
    std::string address = "10.0.0.1";
    std::string nonce = "";  // As it keeps it.
    bool knows_nonces = true;
  };
  Machine Enrolled(const std::string& name) {
    Machine machine;
    machine.server = Admitted(name);
    machine.certificate = name;
    machine.name = name;
    Disconnect(machine.server);
    return machine;
  }
  // Its copy, elsewhere.
  static Machine CloneOf(const Machine& original) {
    Machine clone = original;
    clone.boot = "another-run";
    clone.address = "10.0.0.2";
    return clone;
  }
  SessionOpening HelloOf(const Machine& machine) {
    SessionOpening opening = Opening(machine.server, machine.certificate);
    opening.machine.machine_name = machine.name;
    opening.machine.machine_id_hash = machine.machine_id;
    opening.boot = machine.boot;
    opening.address = machine.address;
    if (machine.knows_nonces) opening.nonce = machine.nonce;
    return opening;
  }
  absl::StatusOr<SessionGrant> Come(Machine& machine) { return Come(machine, HelloOf(machine)); }
  absl::StatusOr<SessionGrant> Come(Machine& machine, const SessionOpening& opening) {
    const auto grant = Open(opening);
    if (!grant.ok()) return grant;
    session_[machine.server] = opening.session;
    if (machine.knows_nonces) machine.nonce = grant->nonce;
    world_->RunFor(absl::Seconds(30));
    return grant;
  }
  // A new certificate, for its time.
  void Renew(Machine& machine) {
    const std::string next = machine.certificate + "+";
    Edit([&](store::Transaction& t) -> absl::Status {
      store::WorkerCertificate certificate =
          **t.certificates().Find(CertificateId(machine.certificate));
      certificate.id = CertificateId(next);
      certificate.token_id = TokenId();
      certificate.confirmed = false;
      certificate.not_after = world_->Now() + absl::Hours(24);
      return t.certificates().Insert(certificate);
    });
    machine.certificate = next;
  }
  void Go(const Machine& machine) { Disconnect(machine.server); }
  std::vector<store::IdentityMachine> MachinesOf(const ServerId& server) {
    return *world_->Read()->machines().ListOf(server);
  }
  int Events(const ServerId& server, const std::string& action) {
    int count = 0;
    for (const store::AuditEvent& event : world_->AuditOf(server.value(), 1000)) {
      count += event.action == action;
    }
    return count;
  }
  // In turns, until they are told apart; how often one came.
  int InTurns(std::vector<Machine*> machines, int most = 12) {
    for (int i = 0; i < most; ++i) {
      if (!Findings({FindingState::kOpen, FindingState::kReopened}).empty()) return i;
      EXPECT_TRUE(Come(*machines[static_cast<size_t>(i) % machines.size()]).ok());
    }
    return most;
  }
  absl::StatusOr<store::Server> Cure(const ServerId& server, const std::string& keep) {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::CureClone, std::move(done), operator_, server,
                                CloneChoice{keep, "the other is a copy"});
    });
  }
  void BuildOne() {
    CoreOptions options;
    options.sweep.every = absl::ZeroDuration();
    Build(2, 0, options);
    RemoveStrangers();
  }
};

TEST_F(ClonesTest, AWorkerThatShowsWhatItWasGivenIsAlone) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Come(machine).ok());
    // A Welcome is lost now and then, twice in a row as well.
    if (i % 3 == 0) {
      Machine lost = machine;
      ASSERT_TRUE(Come(lost).ok());
      ASSERT_TRUE(Come(lost = machine).ok());
    }
    if (i % 4 == 0) Go(machine);
    if (i % 5 == 0) machine.boot += "+";
  }
  EXPECT_THAT(MachinesOf(machine.server), SizeIs(1));
  EXPECT_EQ(Events(machine.server, "session.restored"), 0);
  EXPECT_THAT(Observed(machine.server), Not(Contains(FailureCode::kSessionRestored)));
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ClonesTest, ANonceIsAnotherEachTime) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  std::set<std::string> seen;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Come(machine).ok());
    EXPECT_TRUE(seen.insert(machine.nonce).second) << machine.nonce;
    EXPECT_LE(machine.nonce.size(), 64u);
  }
}

// Remedy walked: E-SESSION-RESTORED
TEST_F(ClonesTest, ARestoredBackupIsSaidAndHeldUpByNothing) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  ASSERT_TRUE(Come(machine).ok());
  Machine backup = machine;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Come(machine).ok());
  Go(machine);
  ASSERT_TRUE(Come(backup).ok());
  EXPECT_EQ(Events(backup.server, "session.restored"), 1);
  EXPECT_THAT(Observed(backup.server), Contains(FailureCode::kSessionRestored));
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(MachinesOf(backup.server), SizeIs(2));
  // Put back once more, to the same backup.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(backup).ok());
  EXPECT_EQ(Events(backup.server, "session.restored"), 1);
  RunAgainWell(backup.server);
  // The other is not heard of any more: it is forgotten in time, and with it what was said.
  for (int i = 0; i < 10; ++i) {
    Go(backup);
    world_->RunFor(absl::Hours(20));
    Renew(backup);
    ASSERT_TRUE(Come(backup).ok());
  }
  EXPECT_THAT(MachinesOf(backup.server), SizeIs(1));
  EXPECT_THAT(Observed(backup.server), Not(Contains(FailureCode::kSessionRestored)));
}

TEST_F(ClonesTest, ALabThatPutsItsMachineBackAgainAndAgainIsNoClone) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  ASSERT_TRUE(Come(machine).ok());
  const Machine snapshot = machine;
  for (int i = 0; i < 12; ++i) {
    machine = snapshot;
    for (int j = 0; j < 3; ++j) ASSERT_TRUE(Come(machine).ok());
    Go(machine);
    world_->RunFor(absl::Hours(1));
  }
  EXPECT_EQ(Events(machine.server, "session.cloned"), 0);
  EXPECT_THAT(MachinesOf(machine.server), SizeIs(testing::Le(kMostMachines)));
  ASSERT_TRUE(Come(machine).ok());
  RunAgainWell(machine.server);
}

// Remedy walked: E-SESSION-CLONED, E-SESSION-PUT-OUT
TEST_F(ClonesTest, TwoInTurnsAreFoundHeldAndCured) {
  BuildOne();
  Machine original = Enrolled("web-1");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(original).ok());
  Machine clone = CloneOf(original);
  EXPECT_LE(InTurns({&original, &clone}), 7);
  const std::vector<store::Finding> findings = Findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, FindingKind::kDuplicateIdentity);
  EXPECT_EQ(findings[0].state, FindingState::kOpen);
  EXPECT_EQ(findings[0].server_id, original.server);
  const std::vector<store::IdentityMachine> machines = MachinesOf(original.server);
  ASSERT_THAT(machines, SizeIs(2));
  for (const store::IdentityMachine& machine : machines) {
    EXPECT_EQ(machine.standing, MachineStanding::kCloned);
    EXPECT_THAT(findings[0].evidence.str(),
                AllOf(HasSubstr(machine.id.value()), HasSubstr(machine.address),
                      HasSubstr("machine id aaaaaaaa"), HasSubstr("last session began")));
  }
  EXPECT_THAT(CommandFor(findings[0], "tenant-0/prod/web-1"),
              HasSubstr("muster server cure-clone tenant-0/prod/web-1 --keep"));
  EXPECT_EQ(Events(original.server, "session.cloned"), 1);
  EXPECT_THAT(Observed(original.server), Contains(FailureCode::kSessionCloned));

  // Nothing is done on either, and readings go on showing it.
  const RolloutId rollout = StartOn(original.server);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Come(i % 2 == 0 ? original : clone).ok());
    EXPECT_THAT(*world_->Read()->attempts().ListOpenOf(original.server), IsEmpty());
  }
  Sweep();
  EXPECT_THAT(Found(), ElementsAre("duplicate_identity open"));
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(10));
  ASSERT_TRUE(Come(original).ok());
  EXPECT_THAT(*world_->Read()->attempts().ListOpenOf(original.server), IsEmpty())
      << "a restart forgets nothing";

  EXPECT_FAILS_WITH(Cure(original.server, "mch-nobody"), kRequestState);
  EXPECT_FAILS_WITH(Cure(original.server, "web-1"), kRequestState);  // both are called so
  const std::string keep =
      machines[0].address == original.address ? machines[0].id.value() : machines[1].id.value();
  ASSERT_TRUE(Cure(original.server, keep).ok());
  ASSERT_TRUE(Come(original).ok());
  EXPECT_FAILS_WITH(Come(clone), kSessionPutOut);
  EXPECT_FAILS_WITH(Come(clone), kSessionPutOut);  // again and again
  ASSERT_TRUE(Come(original).ok());
  JoinWell(original.server);
  ASSERT_TRUE(Finishes(rollout, absl::Hours(1)));
  EXPECT_EQ(ServerOf(original.server).enrollment, Enrollment::kEnrolled);
  Sweep();
  EXPECT_THAT(Found(), IsEmpty()) << "it closes by itself";
  EXPECT_THAT(Observed(original.server), Not(Contains(FailureCode::kSessionCloned)));
  EXPECT_EQ(Events(original.server, "server.cure_clone"), 1);

  // The other is enrolled with a new token under a name of its own, and is a server like any.
  const ServerId own = Admitted("web-2");
  EXPECT_NE(own, original.server);
  RunAgainWell(own);
  ASSERT_TRUE(Come(original).ok());
}

TEST_F(ClonesTest, AChoiceIsTakenBackByAnother) {
  BuildOne();
  Machine original = Enrolled("web-1");
  ASSERT_TRUE(Come(original).ok());
  Machine clone = CloneOf(original);
  clone.name = "WEB-1-COPY";
  InTurns({&original, &clone});
  ASSERT_TRUE(Cure(original.server, "web-1-copy").ok()) << "by its name, which is of one alone";
  EXPECT_FAILS_WITH(Come(original), kSessionPutOut);
  ASSERT_TRUE(Come(clone).ok());
  ASSERT_TRUE(Cure(original.server, "web-1").ok());
  ASSERT_TRUE(Come(original).ok());
  EXPECT_FAILS_WITH(Come(clone), kSessionPutOut);
}

TEST_F(ClonesTest, WhoIsAloneHasNothingToCure) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  ASSERT_TRUE(Come(machine).ok());
  EXPECT_FAILS_WITH(Cure(machine.server, "web-1"), kRequestState);
  EXPECT_FAILS_WITH(Cure(ServerId("srv-nobody"), "web-1"), kServerUnknown);
}

// A copy of the data directory on another machine needs no third sign.
TEST_F(ClonesTest, AnOlderNonceFromAnotherMachineIsACloneAtOnce) {
  BuildOne();
  Machine original = Enrolled("web-1");
  ASSERT_TRUE(Come(original).ok());
  Machine clone = CloneOf(original);
  clone.machine_id = "bbbbbbbbbbbb";
  clone.name = "WEB-9";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(original).ok());
  ASSERT_TRUE(Come(clone).ok());
  const std::vector<store::Finding> findings = Findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].evidence.str(),
              AllOf(HasSubstr("web-1"), HasSubstr("WEB-9"), HasSubstr("bbbbbbbb")));
  EXPECT_EQ(Events(original.server, "session.restored"), 0);
}

TEST_F(ClonesTest, ThreeAreFoundAndOneIsKept) {
  BuildOne();
  Machine a = Enrolled("web-1");
  ASSERT_TRUE(Come(a).ok());
  Machine b = CloneOf(a);
  Machine c = CloneOf(a);
  c.address = "10.0.0.3";
  EXPECT_LE(InTurns({&a, &b, &c}), 10);
  ASSERT_TRUE(Come(a).ok());
  ASSERT_TRUE(Come(b).ok());
  ASSERT_TRUE(Come(c).ok());
  const std::vector<store::IdentityMachine> machines = MachinesOf(a.server);
  ASSERT_THAT(machines, SizeIs(3));
  std::string keep;
  for (const store::IdentityMachine& machine : machines) {
    EXPECT_EQ(machine.standing, MachineStanding::kCloned);
    if (machine.address == b.address) keep = machine.id.value();
  }
  ASSERT_TRUE(Cure(a.server, keep).ok());
  EXPECT_FAILS_WITH(Come(a), kSessionPutOut);
  EXPECT_FAILS_WITH(Come(c), kSessionPutOut);
  ASSERT_TRUE(Come(b).ok());
}

TEST_F(ClonesTest, WorkersThatKnowNoNoncesAreAsBefore) {
  BuildOne();
  Machine original = Enrolled("web-1");
  original.knows_nonces = false;
  Machine clone = CloneOf(original);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Come(i % 2 == 0 ? original : clone).ok());
  EXPECT_THAT(Observed(original.server), Contains(FailureCode::kSessionReplaced));
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(MachinesOf(original.server), SizeIs(1));
  // Upgraded, it is the same.
  original.knows_nonces = true;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Come(original).ok());
  EXPECT_THAT(MachinesOf(original.server), SizeIs(1));
  EXPECT_EQ(Events(original.server, "session.restored"), 0);
}

TEST_F(ClonesTest, EnrolledAnewNobodyIsHeldOrOut) {
  BuildOne();
  Machine original = Enrolled("web-1");
  ASSERT_TRUE(Come(original).ok());
  Machine clone = CloneOf(original);
  InTurns({&original, &clone});
  ASSERT_THAT(Observed(original.server), Contains(FailureCode::kSessionCloned));
  EnrollAgain(original.server, "anew");
  EXPECT_THAT(Observed(original.server), Not(Contains(FailureCode::kSessionCloned)));
  EXPECT_THAT(MachinesOf(original.server), SizeIs(1));
  EXPECT_FAILS_WITH(Come(clone), kCertRevoked);  // its key is out
  RunAgainWell(original.server);
  Sweep();
  EXPECT_THAT(Found(), IsEmpty());
}

// The orchestrator was put back: its workers are ahead of it, and none of them is a clone.
TEST_F(ClonesTest, AnOrchestratorThatWasPutBackTakesNobodyForAClone) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(machine).ok());
  const std::vector<store::IdentityMachine> then = MachinesOf(machine.server);
  const auto put_back = [&] {
    Edit([&](store::Transaction& t) -> absl::Status {
      const std::vector<store::IdentityMachine> now = *t.machines().ListOf(machine.server);
      for (const store::IdentityMachine& one : now) {
        RETURN_IF_ERROR(t.machines().Delete(one.id));
      }
      for (const store::IdentityMachine& one : then) RETURN_IF_ERROR(t.machines().Put(one));
      return absl::OkStatus();
    });
  };
  // Its record ends before what the worker was given.
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Come(machine).ok());
  put_back();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(machine).ok());
  // It went another way since, further than the worker did, and the newer data is back: the moment
  // that the worker knows says so.
  const std::string other_way = machine.nonce;
  put_back();
  Machine elsewhere = machine;
  elsewhere.nonce = then[0].issued.back();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(Come(elsewhere).ok());
  machine.nonce = other_way;
  SessionOpening opening = HelloOf(machine);
  opening.moment = store::AuditLink{1, std::string(32, 'x')};
  ASSERT_TRUE(Come(machine, opening).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(machine).ok());
  EXPECT_THAT(MachinesOf(machine.server), SizeIs(1));
  EXPECT_EQ(Events(machine.server, "session.restored"), 0);
  EXPECT_EQ(Events(machine.server, "session.cloned"), 0);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ClonesTest, AnEmptyRecordTakesWorkersAsTheyCome) {
  BuildOne();
  Machine machine = Enrolled("web-1");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(machine).ok());
  Edit([&](store::Transaction& t) -> absl::Status {
    const std::vector<store::IdentityMachine> now = *t.machines().ListOf(machine.server);
    for (const store::IdentityMachine& one : now) {
      RETURN_IF_ERROR(t.machines().Delete(one.id));
    }
    return absl::OkStatus();
  });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come(machine).ok());
  EXPECT_THAT(MachinesOf(machine.server), SizeIs(1));
  EXPECT_EQ(Events(machine.server, "session.restored"), 0);
}

TEST_F(ClonesTest, ATargetThatIsHeldUntilTheDeadlineSaysWhy) {
  BuildOne();
  Machine original = Enrolled("web-1");
  ASSERT_TRUE(Come(original).ok());
  Machine clone = CloneOf(original);
  InTurns({&original, &clone});
  RolloutInput input;
  input.selection.names = {"web-1"};
  input.deadline = absl::Minutes(10);
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(Come(original).ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(TargetFailure(rollout->id, original.server), FailureCode::kSessionCloned);
}

}  // namespace
}  // namespace muster::core
