// Workers that claim what is another's: none is enrolled by it, nobody honest is kept from being
// enrolled, and what comes of it names both and has a way out (docs/security.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using Kind = ServerAction::Kind;
using store::Enrollment;
using testing::AllOf;
using testing::HasSubstr;

class LyingWorkerTest : public HandDriven {
 protected:
  // A connected record of a machine of this name.
  std::string AddRecord(const std::string& title, const std::string& internal = "") {
    const std::string owner = internal.empty() ? "internal of " + title : internal;
    const std::string id = world_->hub(0).Register(owner, world_->clock().Now());
    world_->hub(0).Connect(id, owner, title, world_->clock().Now());
    return id;
  }
  store::ServiceFacts JoinedBy(const std::string& id, const std::string& internal = "") {
    store::ServiceFacts service;
    service.presence = store::ServicePresence::kRunning;
    service.hub_instance_id = HubInstanceId(id);
    service.internal_instance_id = internal;
    service.hub_url = world_->hub(0).url();
    service.hub_connected = true;
    return service;
  }
  // A server of any zone, whose worker says that its machine is called `machine`.
  ServerId AdmittedAs(const ZoneId& zone, const std::string& name, const std::string& machine) {
    const std::string certificate = absl::StrCat(zone.value(), "/", name);
    TokenInput any;
    any.zone_id = zone;
    any.any_name = true;
    Token("token of " + certificate, any);
    const auto grant = Show("token of " + certificate, name, "key of " + certificate);
    EXPECT_TRUE(grant.ok()) << grant.status();
    EXPECT_TRUE(Certify(*grant, certificate, "key of " + certificate).ok());
    OpenAs(grant->server_id, zone, certificate, machine, std::nullopt);
    return grant->server_id;
  }
  void OpenAs(const ServerId& server, const ZoneId& zone, const std::string& certificate,
              const std::string& machine, std::optional<store::ServiceFacts> service) {
    SessionOpening opening = Opening(server, certificate);
    opening.zone_id = zone;
    opening.tenant_id = TenantOf(zone);
    opening.machine.machine_name = machine;
    opening.service = std::move(service);
    const auto grant = Open(opening);
    EXPECT_TRUE(grant.ok()) << grant.status();
    session_[server] = opening.session;
  }
  RolloutId ClaimOn(const ServerId& server, const store::ServiceFacts& service) {
    RolloutInput input;
    input.selection.names = {ServerOf(server).name};
    input.selection.zone_id = ServerOf(server).zone_id;
    input.max_in_doubt = input.max_failures = "100%";
    const auto rollout = Start(std::move(input));
    EXPECT_TRUE(rollout.ok()) << rollout.status();
    if (!rollout.ok()) return RolloutId();
    Report(server, Outcome::kSucceeded, std::nullopt, service);
    return rollout->id;
  }
  void ExpectConflict(const ServerId& server, const ServerId& other) {
    const store::Server now = ServerOf(server);
    EXPECT_NE(now.enrollment, Enrollment::kEnrolled);
    EXPECT_FALSE(now.proof.has_value());
    ASSERT_TRUE(now.failure.has_value());
    EXPECT_EQ(now.failure->code, FailureCode::kVerifyConflict) << now.failure->detail;
    EXPECT_THAT(now.failure->detail, AllOf(HasSubstr(server.value()), HasSubstr(other.value())));
  }
  absl::StatusOr<std::vector<ZoneVerification>> Verify() {
    return Ask<std::vector<ZoneVerification>>([&](auto done) {
      operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                     std::vector<ZoneId>{zone_});
    });
  }
  absl::StatusOr<store::Server> Release(const ServerId& server, const std::string& why = "") {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::ReleaseRecord, std::move(done), operator_,
                                server, why);
    });
  }
  absl::StatusOr<store::Server> Evict(const ServerId& server) {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_, server, "");
    });
  }
  void Ended(const RolloutId& rollout) { ASSERT_TRUE(Finishes(rollout, absl::Hours(2))); }

  const ZoneId lab_{"tenant-0/lab"};
};

TEST_F(LyingWorkerTest, FactsWithoutACommandProveNothing) {
  const std::string id = AddRecord("web-1", "int-1");
  const ServerId server = Admitted("web-1");
  Disconnect(server);
  OpenAs(server, zone_, "web-1", "web-1", JoinedBy(id, "int-1"));
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kNotEnrolled);
  world_->KillOrchestrator();
  OpenAs(server, zone_, "web-1", "web-1", JoinedBy(id, "int-1"));
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kNotEnrolled);
  // With a command they do.
  Ended(ClaimOn(server, JoinedBy(id, "int-1")));
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

TEST_F(LyingWorkerTest, NeitherDoTheyStandInAnothersWay) {
  const std::string id = AddRecord("web-2", "int-2");
  const ServerId thief = Admitted("web-1");
  Disconnect(thief);
  OpenAs(thief, zone_, "web-1", "web-2", JoinedBy(id, "int-2"));
  world_->KillOrchestrator();
  const ServerId honest = Admitted("web-2");
  Ended(ClaimOn(honest, JoinedBy(id, "int-2")));
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
}

TEST_F(LyingWorkerTest, TheHubIdOfAnothersRecordIsNoProof) {
  const std::string id = AddRecord("web-2");
  const ServerId honest = Admitted("web-2");
  const ServerId thief = Admitted("web-1");
  const RolloutId stolen = ClaimOn(thief, JoinedBy(id));
  const RolloutId own = ClaimOn(honest, JoinedBy(id));
  Ended(own);
  Ended(stolen);
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
  ExpectConflict(thief, honest);
  EXPECT_EQ(TargetFailure(stolen, thief), FailureCode::kVerifyConflict);
}

TEST_F(LyingWorkerTest, AlsoNotBeforeTheHonestOneBegins) {
  const std::string id = AddRecord("web-2");
  const ServerId honest = Admitted("web-2");
  const ServerId thief = Admitted("web-1");
  Ended(ClaimOn(thief, JoinedBy(id)));
  ExpectConflict(thief, honest);
  world_->KillOrchestrator();
  Connect(honest, "web-2");
  Ended(ClaimOn(honest, JoinedBy(id)));
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
}

TEST_F(LyingWorkerTest, AGuessableNameIsNoProof) {
  AddRecord("web-2");
  const ServerId honest = Admitted("web-2");
  const ServerId thief = AdmittedAs(zone_, "web-1", "WEB-2");
  Ended(ClaimOn(thief, store::ServiceFacts()));
  ExpectConflict(thief, honest);
}

// Windows cuts what it calls itself after 15 characters.
TEST_F(LyingWorkerTest, NorANameAsWindowsCutsIt) {
  AddRecord("ACCOUNTING-SERV");
  const ServerId honest = Admitted("accounting-server-01.corp.example");
  const ServerId thief = AdmittedAs(zone_, "web-1", "ACCOUNTING-SERV");
  Ended(ClaimOn(thief, store::ServiceFacts()));
  ExpectConflict(thief, honest);
}

// Who waits at the door has chosen its name itself: that takes nothing from who is in.
TEST_F(LyingWorkerTest, ANameThatNobodyLetInIsNobodys) {
  const std::string id = AddRecord("machine-x");
  const ServerId honest = AdmittedAs(zone_, "web-1", "machine-x");
  TokenInput pending;
  pending.mode = store::TokenMode::kPending;
  Token("t", pending);
  const auto stranger = Show("t", "machine-x", "key of the stranger");
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  ASSERT_EQ(ServerOf(stranger->server_id).admission, store::Admission::kPending);
  Ended(ClaimOn(honest, JoinedBy(id)));
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
}

TEST_F(LyingWorkerTest, NorFromAnotherZoneOfTheHub) {
  ASSERT_TRUE(world_->ApplySecondZone(0, "lab").ok());
  for (const bool by_id : {true, false}) {
    const std::string name = absl::StrCat("app-", by_id);
    const std::string id = AddRecord(name);
    const ServerId honest = Admitted(name);
    const ServerId thief = AdmittedAs(lab_, absl::StrCat("thief-", by_id), name);
    Ended(ClaimOn(thief, by_id ? JoinedBy(id) : store::ServiceFacts()));
    ExpectConflict(thief, honest);
    Ended(ClaimOn(honest, JoinedBy(id)));
    EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled) << by_id;
  }
}

// Nobody in the inventory was called so when the thief came.
TEST_F(LyingWorkerTest, WhatTheThiefHadIsTakenBack) {
  const std::string id = AddRecord("db-1");
  const ServerId thief = AdmittedAs(zone_, "web-1", "db-1");
  Ended(ClaimOn(thief, JoinedBy(id)));
  ASSERT_EQ(ServerOf(thief).enrollment, Enrollment::kEnrolled) << "as far as anybody can know";
  const ServerId honest = Admitted("db-1");
  Ended(ClaimOn(honest, JoinedBy(id)));
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
  EXPECT_EQ(ServerOf(thief).enrollment, Enrollment::kDegraded);
  ExpectConflict(thief, honest);
  // It does not get it again.
  world_->KillOrchestrator();
  OpenAs(thief, zone_, absl::StrCat(zone_.value(), "/web-1"), "db-1", std::nullopt);
  Ended(ClaimOn(thief, JoinedBy(id)));
  ExpectConflict(thief, honest);
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
}

// What is proven by its machine's name, and not by its own, is not taken away by who says that name.
TEST_F(LyingWorkerTest, WhoSaysTheNameOfAnothersMachineEndsNoProof) {
  const std::string id = AddRecord("machine-x");
  const ServerId honest = AdmittedAs(zone_, "web-1", "machine-x");
  Ended(ClaimOn(honest, JoinedBy(id)));
  ASSERT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
  const ServerId thief = AdmittedAs(zone_, "web-2", "machine-x");
  Ended(ClaimOn(thief, JoinedBy(id)));
  ExpectConflict(thief, honest);
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
}

// Remedy walked: E-VERIFY-CONFLICT
TEST_F(LyingWorkerTest, OfTwoWithOneNameNobodyHasItUntilAnOperatorDecides) {
  ASSERT_TRUE(world_->ApplySecondZone(0, "lab").ok());
  const std::string id = AddRecord("dc-1", "int-1");
  const ServerId thief = AdmittedAs(lab_, "dc-1", "dc-1");
  Ended(ClaimOn(thief, JoinedBy(id, "int-1")));
  ASSERT_EQ(ServerOf(thief).enrollment, Enrollment::kEnrolled);
  const ServerId honest = AdmittedAs(zone_, "dc-1", "dc-1");
  const RolloutId own = ClaimOn(honest, JoinedBy(id, "int-1"));
  Ended(own);
  EXPECT_EQ(TargetFailure(own, honest), FailureCode::kVerifyConflict);
  ExpectConflict(honest, thief);
  EXPECT_EQ(ServerOf(thief).enrollment, Enrollment::kDegraded);
  ExpectConflict(thief, honest);
  // The operator looked at both machines.
  ASSERT_TRUE(Evict(thief).ok());
  Ended(ClaimOn(honest, JoinedBy(id, "int-1")));
  EXPECT_EQ(ServerOf(honest).enrollment, Enrollment::kEnrolled);
  EXPECT_FALSE(ServerOf(honest).failure.has_value());
}

// Remedy walked: E-VERIFY-FOREIGN-RECORD
TEST_F(LyingWorkerTest, ARecordOfAnotherNameIsTheServersOnceItIsCalledSo) {
  const std::string id = AddRecord("portal-old");
  const ServerId server = Admitted("portal");
  Ended(ClaimOn(server, JoinedBy(id)));
  ASSERT_EQ(ServerOf(server).failure->code, FailureCode::kVerifyForeignRecord);
  EXPECT_THAT(ServerOf(server).failure->detail, HasSubstr("portal-old"));
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Change, std::move(done), operator_,
                                          server, ServerAction{Kind::kRename, "", "portal-old"});
              }).ok());
  Ended(ClaimOn(server, JoinedBy(id)));
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

TEST_F(LyingWorkerTest, AServiceWithAnotherInternalIdIsAnother) {
  const std::string id = AddRecord("web-1", "int-1");
  const ServerId server = Admitted("web-1");
  Ended(ClaimOn(server, JoinedBy(id, "int-9")));
  EXPECT_EQ(ServerOf(server).failure->code, FailureCode::kVerifyForeignRecord);
}

// A disk that was cloned with the identity in it: both services say one id, and the hub's record is
// called as whoever connected last.
TEST_F(LyingWorkerTest, AClonedIdentityEnrollsOneAndNamesBoth) {
  const std::string id = AddRecord("web-1", "int-1");
  const ServerId first = Admitted("web-1");
  const ServerId clone = Admitted("web-2");
  Ended(ClaimOn(first, JoinedBy(id, "int-1")));
  ASSERT_EQ(ServerOf(first).enrollment, Enrollment::kEnrolled);
  Ended(ClaimOn(clone, JoinedBy(id, "int-1")));
  ExpectConflict(clone, first);
  EXPECT_EQ(ServerOf(first).enrollment, Enrollment::kEnrolled);
}

// A disk that was cloned before the service joined: two records, one internal id.
TEST_F(LyingWorkerTest, AnInternalIdThatIsKnownElsewhereIsNoProof) {
  const ServerId first = Admitted("web-1");
  Ended(ClaimOn(first, JoinedBy(AddRecord("web-1", "int-1"), "int-1")));
  ASSERT_EQ(ServerOf(first).enrollment, Enrollment::kEnrolled);
  const ServerId clone = Admitted("web-2");
  Ended(ClaimOn(clone, JoinedBy(AddRecord("web-2", "INT-1"), "int-1")));
  ExpectConflict(clone, first);
  // It got an identity of its own.
  Ended(ClaimOn(clone, JoinedBy(AddRecord("web-2", "int-2"), "int-2")));
  EXPECT_EQ(ServerOf(clone).enrollment, Enrollment::kEnrolled);
  EXPECT_EQ(ServerOf(first).enrollment, Enrollment::kEnrolled);
}

// Remedy walked: E-VERIFY-RELEASED
TEST_F(LyingWorkerTest, AReleasedRecordIsProvenAnewByARollout) {
  const ServerId server = Admitted("web-1");
  RunAgainWell(server);
  const auto released = Release(server, "a mistake");
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->enrollment, Enrollment::kDegraded);
  EXPECT_EQ(released->failure->code, FailureCode::kVerifyReleased);
  EXPECT_THAT(released->failure->detail, HasSubstr("a mistake"));
  EXPECT_FALSE(released->proof.has_value());
  EXPECT_FALSE(released->claim.has_value());
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kDegraded);
  EXPECT_FAILS_WITH(Release(server), kRequestState);
  RunAgainWell(server);
}

TEST_F(LyingWorkerTest, AClaimIsReleasedTooAndADoubtIsNot) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = ClaimOn(server, JoinedBy("not in the list yet"));
  ASSERT_EQ(ServerOf(server).enrollment, Enrollment::kJoinedUnverified);
  ASSERT_TRUE(Release(server).ok());
  Ended(rollout);
  EXPECT_EQ(TargetFailure(rollout, server), FailureCode::kVerifyReleased);
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kFailed);
  const RolloutId second = StartOn(server);
  Report(server, Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"});
  ASSERT_EQ(ServerOf(server).enrollment, Enrollment::kInDoubt);
  EXPECT_FAILS_WITH(Release(server), kRequestState);
  ExpectEnrolls(server, second);
}

TEST_F(LyingWorkerTest, WhoIsPutOutGivesBackWhatItHad) {
  int n = 0;
  for (const std::optional<Kind> how :
       {std::optional<Kind>(), std::optional(Kind::kBan), std::optional(Kind::kRetire)}) {
    const std::string title = absl::StrCat("db-", ++n);
    const std::string id = AddRecord(title);
    const ServerId had = AdmittedAs(zone_, absl::StrCat("web-", n), title);
    Ended(ClaimOn(had, JoinedBy(id)));
    ASSERT_EQ(ServerOf(had).enrollment, Enrollment::kEnrolled);
    ASSERT_TRUE((how.has_value() ? Change(had, *how) : Evict(had)).ok());
    EXPECT_EQ(ServerOf(had).enrollment, Enrollment::kDegraded) << n;
    EXPECT_FALSE(ServerOf(had).proof.has_value());
    EXPECT_FALSE(ServerOf(had).claim.has_value());
    // Another one, by no better right, can have it.
    const ServerId next = AdmittedAs(zone_, absl::StrCat("app-", n), title);
    Ended(ClaimOn(next, JoinedBy(id)));
    EXPECT_EQ(ServerOf(next).enrollment, Enrollment::kEnrolled) << n;
  }
}

TEST_F(LyingWorkerTest, WhoIsPutOutWhileItClaimsHasFailedAndADoubtGoesOnWithoutItsWord) {
  const ServerId claims = Admitted("web-1");
  const RolloutId rollout = ClaimOn(claims, JoinedBy("not in the list yet"));
  ASSERT_TRUE(Evict(claims).ok());
  Ended(rollout);
  EXPECT_EQ(TargetFailure(rollout, claims), FailureCode::kVerifyReleased);
  EXPECT_FALSE(ServerOf(claims).claim.has_value());
  const ServerId doubts = Admitted("web-2");
  const RolloutId other = StartOn(doubts);
  Report(doubts, Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"},
         JoinedBy("an id", "int-7"));
  ASSERT_TRUE(Change(doubts, Kind::kBan).ok());
  const store::Server now = ServerOf(doubts);
  EXPECT_EQ(now.enrollment, Enrollment::kInDoubt);
  ASSERT_TRUE(now.claim.has_value());
  EXPECT_TRUE(now.claim->hub_instance_id.empty());
  EXPECT_TRUE(now.claim->internal_instance_id.empty());
  Ended(other);
  EXPECT_NE(ServerOf(doubts).enrollment, Enrollment::kInDoubt);
}

}  // namespace
}  // namespace muster::core
