// Operators: who may make whom, renewals, revocations, and requests that are repeated. One file
// because one fixture makes the operators for all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "orchestrator/core/operators/operators.h"
#include "orchestrator/core/operators/request_ids.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/core/operators/wall.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using store::TenantWall;

using store::OperatorRole;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

store::Operator SomeOperator(OperatorRole role, std::vector<TenantId> tenants) {
  return {.id = OperatorId("opr-x"), .name = "x", .role = role, .tenants = std::move(tenants)};
}

store::OperatorCertificate Certificate(const std::string& key, absl::Time not_after) {
  return {.id = CertificateId("serial-" + key),
          .public_key_hash = key,
          .pem = "PEM of " + key,
          .not_after = not_after};
}

TEST(RightsTest, NobodyMakesMoreThanTheyAre) {
  const TenantId a("a");
  const Actor actor{"operator:opr-1", TenantWall::Of({a})};
  constexpr OperatorRole kRoles[] = {OperatorRole::kViewer, OperatorRole::kOperator,
                                     OperatorRole::kTenantAdmin, OperatorRole::kProviderAdmin};
  for (const OperatorRole own : kRoles) {
    for (const OperatorRole role : kRoles) {
      const bool may = own >= OperatorRole::kTenantAdmin && role <= own;
      const std::vector<TenantId> tenants =
          role == OperatorRole::kProviderAdmin ? std::vector<TenantId>() : std::vector{a};
      const Actor who =
          own == OperatorRole::kProviderAdmin ? Actor{actor.name, TenantWall::Everything()} : actor;
      EXPECT_EQ(CheckGrant(who, own, role, tenants).ok(), may)
          << ToString(own) << " makes " << ToString(role);
      EXPECT_EQ(CheckManage(who, own, SomeOperator(role, tenants)).ok(), may)
          << ToString(own) << " revokes " << ToString(role);
    }
  }
}

TEST(RightsTest, AnEmptyListOfTenantsIsNothing) {
  const Actor all{"operator:opr-1", TenantWall::Everything()};
  const Actor of_a{"operator:opr-2", TenantWall::Of({TenantId("a")})};
  for (const OperatorRole role :
       {OperatorRole::kViewer, OperatorRole::kOperator, OperatorRole::kTenantAdmin}) {
    EXPECT_EQ(FailureCodeOf(CheckGrant(all, OperatorRole::kProviderAdmin, role, {})),
              FailureCode::kRequestInvalid);
    EXPECT_EQ(FailureCodeOf(CheckManage(of_a, OperatorRole::kTenantAdmin, SomeOperator(role, {}))),
              FailureCode::kAuthForbidden);
  }
  EXPECT_EQ(FailureCodeOf(CheckGrant(all, OperatorRole::kProviderAdmin,
                                     OperatorRole::kProviderAdmin, {TenantId("a")})),
            FailureCode::kRequestInvalid);
}

TEST(RightsTest, TheWallStandsBetweenTenantAdmins) {
  const TenantId a("a"), b("b"), c("c");
  const Actor admin{"operator:opr-1", TenantWall::Of({a, b})};
  const auto grant = [&](std::vector<TenantId> tenants) {
    return CheckGrant(admin, OperatorRole::kTenantAdmin, OperatorRole::kViewer, tenants);
  };
  EXPECT_TRUE(grant({a, b}).ok());
  EXPECT_EQ(FailureCodeOf(grant({c})), FailureCode::kTenantUnknown);
  EXPECT_EQ(FailureCodeOf(grant({a, c})), FailureCode::kTenantUnknown);
  const auto of = [&](std::vector<TenantId> tenants) {
    return SomeOperator(OperatorRole::kViewer, std::move(tenants));
  };
  EXPECT_TRUE(CheckManage(admin, OperatorRole::kTenantAdmin, of({b})).ok());
  EXPECT_EQ(FailureCodeOf(CheckManage(admin, OperatorRole::kTenantAdmin, of({b, c}))),
            FailureCode::kAuthForbidden);
}

// A provider_admin who is bound to tenants is within them like a tenant_admin.
TEST(RightsTest, ABoundProviderAdminMakesAndManagesNobodyWithoutAWall) {
  const TenantId a("a"), b("b");
  const Actor bound{"operator:opr-1", TenantWall::Of({a})};
  const OperatorRole own = OperatorRole::kProviderAdmin;
  EXPECT_EQ(FailureCodeOf(CheckGrant(bound, own, own, {})), FailureCode::kAuthForbidden);
  EXPECT_EQ(FailureCodeOf(CheckGrant(bound, own, OperatorRole::kViewer, {b})),
            FailureCode::kTenantUnknown);
  EXPECT_TRUE(CheckGrant(bound, own, OperatorRole::kTenantAdmin, {a}).ok());
  const auto manage = [&](OperatorRole role, std::vector<TenantId> tenants) {
    return FailureCodeOf(CheckManage(bound, own, SomeOperator(role, std::move(tenants))));
  };
  EXPECT_EQ(manage(own, {}), FailureCode::kAuthForbidden);
  EXPECT_EQ(manage(OperatorRole::kViewer, {a, b}), FailureCode::kAuthForbidden);
  EXPECT_EQ(manage(own, {a}), std::nullopt);
  // Nor does it keep the door open when the last one without a wall goes.
  store::Operator there = SomeOperator(own, {a});
  there.certificates = {Certificate("k", kNow + absl::Hours(10))};
  EXPECT_EQ(LookAtAdmins({there}, kNow).usable, 0);
  there.tenants.clear();
  EXPECT_EQ(LookAtAdmins({there}, kNow).usable, 1);
}

TEST(RightsTest, ACredentialIsOnRecordInTimeAndNotRevoked) {
  store::Operator op = SomeOperator(OperatorRole::kViewer, {TenantId("a")});
  op.certificates = {Certificate("new", kNow + absl::Hours(10)),
                     Certificate("old", kNow + absl::Hours(1))};
  EXPECT_TRUE(CheckCredential(op, "new", kNow).ok());
  EXPECT_TRUE(CheckCredential(op, "old", kNow).ok());
  EXPECT_EQ(FailureCodeOf(CheckCredential(op, "none", kNow)), FailureCode::kAuthRequired);
  EXPECT_EQ(FailureCodeOf(CheckCredential(op, "", kNow)), FailureCode::kAuthRequired);
  const absl::Status replaced = CheckCredential(op, "old", kNow + absl::Hours(1));
  EXPECT_EQ(FailureCodeOf(replaced), FailureCode::kAuthExpired);
  EXPECT_THAT(std::string(replaced.message()), HasSubstr("a newer one was made"));
  EXPECT_TRUE(IsUsable(op, kNow + absl::Hours(9)));
  EXPECT_FALSE(IsUsable(op, kNow + absl::Hours(10)));
  op.revoke_time = kNow - absl::Hours(1);
  EXPECT_EQ(FailureCodeOf(CheckCredential(op, "new", kNow)), FailureCode::kAuthRevoked);
  EXPECT_FALSE(IsUsable(op, kNow));
  op.certificates.clear();
  op.revoke_time.reset();
  EXPECT_FALSE(IsUsable(op, kNow));
  EXPECT_EQ(FailureCodeOf(CheckCredential(op, "new", kNow)), FailureCode::kAuthRequired);
}

TEST(RightsTest, NamesThatPeopleCanTellApart) {
  for (const char* good : {"ada", "Ada Lovelace", "ci@acme.example",
                           "\xC3\x9C"
                           "ber",
                           "a"}) {
    EXPECT_EQ(ProblemOfOperatorName(good), "") << good;
  }
  for (const std::string bad : {"", " ada", "ada ", "--yes", "-a", "opr-2aq7", "OPR-2AQ7", "a\nb",
                                "a\xE2\x80\x8B"
                                "b",
                                "\xFF"}) {
    EXPECT_NE(ProblemOfOperatorName(bad), "") << bad;
  }
  EXPECT_EQ(ProblemOfOperatorName(std::string(64, 'x')), "");
  EXPECT_NE(ProblemOfOperatorName(std::string(65, 'x')), "");
}

class ContentTest : public testing::Test {
 protected:
  RolloutInput rollout_{
      .selection = {TenantId("a"), ZoneId(), {{"x", "1"}, {"y", "2"}}, {"w1", "w2"}}};
  TokenInput token_{.zone_id = ZoneId("a/p"), .server_names = {"w1", "w2"}};
  OperatorInput op_{.name = "ada", .tenants = {TenantId("a"), TenantId("b")}};
};

TEST_F(ContentTest, TheOrderOfWhatHasNoneDoesNotCount) {
  RolloutInput rollout = rollout_;
  rollout.selection.labels = {{"y", "2"}, {"x", "1"}};
  rollout.selection.names = {"W2", "w1", "W1."};
  rollout.request_id = "whatever";
  EXPECT_EQ(ContentOf(rollout), ContentOf(rollout_));
  TokenInput token = token_;
  token.server_names = {"w2", "W1"};
  token.secret_hash = "each time another";
  EXPECT_EQ(ContentOf(token), ContentOf(token_));
  OperatorInput op = op_;
  op.tenants = {TenantId("b"), TenantId("a"), TenantId("a")};
  op.id = OperatorId("opr-each-time-another");
  op.certificate.id = CertificateId("each time another");
  EXPECT_EQ(ContentOf(op), ContentOf(op_));
}

TEST_F(ContentTest, EverythingElseCounts) {
  std::set<std::string> seen;
  int requests = 0;
  const auto differs = [&](const std::string& content) {
    ++requests;
    EXPECT_TRUE(seen.insert(content).second) << content;
  };
  const auto rollout = [&](auto change) {
    RolloutInput input = rollout_;
    change(input);
    differs(ContentOf(input));
  };
  rollout([](RolloutInput&) {});
  rollout([](RolloutInput& r) { r.kind = store::CommandKind::kProbe; });
  rollout([](RolloutInput& r) { r.selection.tenant_id = TenantId("b"); });
  rollout([](RolloutInput& r) { r.selection.zone_id = ZoneId("a/p"); });
  rollout([](RolloutInput& r) { r.selection.labels["x"] = "2"; });
  rollout([](RolloutInput& r) { r.selection.labels.clear(); });
  rollout([](RolloutInput& r) { r.selection.labels = {{"x1", ""}, {"y2", ""}}; });
  rollout([](RolloutInput& r) { r.selection.names.pop_back(); });
  rollout([](RolloutInput& r) { r.selection.names = {"w1w2"}; });
  rollout([](RolloutInput& r) { r.max_concurrency = "10%"; });
  rollout([](RolloutInput& r) { r.max_failures = "10%"; });
  rollout([](RolloutInput& r) { r.max_in_doubt = "10%"; });
  rollout([](RolloutInput& r) { r.deadline += absl::Seconds(1); });
  rollout([](RolloutInput& r) { r.allow_takeover = true; });
  const auto token = [&](auto change) {
    TokenInput input = token_;
    change(input);
    differs(ContentOf(input));
  };
  token([](TokenInput&) {});
  token([](TokenInput& t) { t.zone_id = ZoneId("a/q"); });
  token([](TokenInput& t) { t.ttl = absl::Hours(1); });
  token([](TokenInput& t) { t.max_uses = 2; });
  token([](TokenInput& t) { t.server_names.clear(); });
  token([](TokenInput& t) { t.any_name = true; });
  token([](TokenInput& t) { t.mode = store::TokenMode::kPending; });
  const auto op = [&](auto change) {
    OperatorInput input = op_;
    change(input);
    differs(ContentOf(input));
  };
  op([](OperatorInput&) {});
  op([](OperatorInput& o) { o.name = "Ada"; });
  op([](OperatorInput& o) { o.role = OperatorRole::kOperator; });
  op([](OperatorInput& o) { o.tenants.pop_back(); });
  op([](OperatorInput& o) { o.tenants = {TenantId("ab")}; });
  op([](OperatorInput& o) { o.valid_for = absl::Hours(1); });
  op([](OperatorInput& o) { o.certificate.public_key_hash = "other"; });
  EXPECT_EQ(seen.size(), static_cast<size_t>(requests));
}

class OperatorsTest : public CoreBench {
 protected:
  OperatorsTest() { Build(2); }

  OperatorInput Input(const std::string& name, OperatorRole role, std::vector<TenantId> tenants,
                      absl::Duration valid_for = absl::Hours(24 * 90)) {
    ++made_;
    OperatorInput input{.id = OperatorId(absl::StrCat("opr-", made_)),
                        .name = name,
                        .role = role,
                        .tenants = std::move(tenants),
                        .valid_for = valid_for};
    input.certificate = Certificate(absl::StrCat("key-", made_), world_->clock().Now() + valid_for);
    return input;
  }
  absl::StatusOr<CreatedOperator> Create(const OperatorInput& input, const Actor& actor,
                                         OperatorRole role) {
    return Ask<CreatedOperator>([&](auto done) {
      operations().operators.Call(&OperatorOperations::Create, std::move(done), actor, role, input);
    });
  }
  absl::StatusOr<CreatedOperator> Create(const OperatorInput& input) {
    return Create(input, root_, OperatorRole::kProviderAdmin);
  }
  absl::StatusOr<store::Operator> Renew(const OperatorId& id, const std::string& key,
                                        const Actor& actor, OperatorRole role,
                                        bool end_others = false) {
    return Ask<store::Operator>([&](auto done) {
      operations().operators.Call(
          &OperatorOperations::Renew, std::move(done), actor, role,
          RenewalInput{id, Certificate(key, world_->clock().Now() + absl::Hours(24 * 90)),
                       end_others});
    });
  }
  absl::StatusOr<store::Operator> Revoke(const OperatorId& id, const Actor& actor,
                                         OperatorRole role, bool even_last = false) {
    return Ask<store::Operator>([&](auto done) {
      operations().operators.Call(&OperatorOperations::Revoke, std::move(done), actor, role, id,
                                  "because", even_last);
    });
  }
  absl::StatusOr<store::Operator> Revoke(const OperatorId& id, bool even_last = false) {
    return Revoke(id, root_, OperatorRole::kProviderAdmin, even_last);
  }
  std::vector<std::string> EventsOf(const std::string& subject) {
    std::vector<std::string> actions;
    const std::vector<store::AuditEvent> events =
        *world_->Read()->audit().List(TenantWall::Everything(), subject, 0, 0);
    for (const store::AuditEvent& event : events) actions.push_back(event.action);
    return actions;
  }
  static Actor ActorOf(const store::Operator& op) { return *core::ActorOf(op); }

  const Actor root_{"operator:local", TenantWall::Everything()};
  const TenantId tenant_{"tenant-0"};
  int made_ = 0;
};

TEST_F(OperatorsTest, ComeRenewAndGo) {
  const auto ada = Create(Input("ada", OperatorRole::kOperator, {tenant_}));
  ASSERT_TRUE(ada.ok()) << ada.status();
  EXPECT_EQ(ada->certificate_pem, "PEM of key-1");
  EXPECT_EQ(ada->op.created_by, "operator:local");
  const OperatorId id = ada->op.id;
  EXPECT_FAILS_WITH(Create(Input("ADA", OperatorRole::kViewer, {tenant_})), kOperatorNameTaken);

  // By oneself; the certificate before has a day, so that a lost answer locks nobody out.
  const auto renewed = Renew(id, "key-b", ActorOf(ada->op), OperatorRole::kOperator);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  const absl::Time now = world_->clock().Now();
  EXPECT_TRUE(CheckCredential(*renewed, "key-1", now + absl::Hours(23)).ok());
  EXPECT_EQ(FailureCodeOf(CheckCredential(*renewed, "key-1", now + absl::Hours(24))),
            FailureCode::kAuthExpired);
  EXPECT_TRUE(CheckCredential(*renewed, "key-b", now + absl::Hours(24 * 89)).ok());
  // A key that was lost ends at once.
  const auto again = Renew(id, "key-c", root_, OperatorRole::kProviderAdmin, true);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(CheckCredential(*again, "key-b", world_->clock().Now()).ok());
  EXPECT_TRUE(CheckCredential(*again, "key-c", world_->clock().Now()).ok());

  const auto revoked = Revoke(id);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->revoked_by, "operator:local");
  EXPECT_EQ(revoked->revoke_reason, "because");
  EXPECT_TRUE(Revoke(id).ok()) << "revoking again changes nothing";
  EXPECT_FAILS_WITH(Renew(id, "key-d", root_, OperatorRole::kProviderAdmin), kAuthRevoked);
  EXPECT_THAT(EventsOf(id.value()), testing::ElementsAre("operator.revoke", "operator.renew",
                                                         "operator.renew", "operator.create"));
  // The name is free, the id is not the old one.
  const auto next = Create(Input("ada", OperatorRole::kViewer, {tenant_}));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_NE(next->op.id, id);
  // Whoever does not see her does not learn that she is there.
  const TenantId other("tenant-1");
  const Actor elsewhere{"operator:opr-elsewhere", TenantWall::Of({other})};
  EXPECT_TRUE(
      Create(Input("ada", OperatorRole::kViewer, {other}), elsewhere, OperatorRole::kTenantAdmin)
          .ok());
}

TEST_F(OperatorsTest, NobodyBelowAnAdminLengthensItsOwnLife) {
  const auto brief = Create(Input("b", OperatorRole::kOperator, {tenant_}, absl::Hours(24 * 7)));
  const auto admin = Create(Input("a", OperatorRole::kTenantAdmin, {tenant_}, absl::Hours(24)));
  ASSERT_TRUE(brief.ok() && admin.ok());
  // The helper asks for 90 days.
  EXPECT_FAILS_WITH(Renew(brief->op.id, "k", ActorOf(brief->op), OperatorRole::kOperator),
                    kAuthForbidden);
  EXPECT_TRUE(Renew(admin->op.id, "k", ActorOf(admin->op), OperatorRole::kTenantAdmin).ok());
  EXPECT_TRUE(Renew(brief->op.id, "k", ActorOf(admin->op), OperatorRole::kTenantAdmin).ok());
  EXPECT_TRUE(Renew(brief->op.id, "k2", ActorOf(brief->op), OperatorRole::kOperator).ok())
      << "it was given 90 days now";
}

TEST_F(OperatorsTest, RefusedInputMakesNobody) {
  EXPECT_FAILS_WITH(Create(Input("", OperatorRole::kViewer, {tenant_})), kRequestInvalid);
  EXPECT_FAILS_WITH(Create(Input("x", OperatorRole::kViewer, {})), kRequestInvalid);
  EXPECT_FAILS_WITH(Create(Input("x", OperatorRole::kViewer, {TenantId("nope")})), kTenantUnknown);
  EXPECT_FAILS_WITH(Create(Input("x", OperatorRole::kProviderAdmin, {tenant_})), kRequestInvalid);
  EXPECT_FAILS_WITH(Create(Input("x", OperatorRole::kViewer, {tenant_}, absl::Hours(24 * 400))),
                    kRequestInvalid);
  EXPECT_FAILS_WITH(Create(Input("x", OperatorRole::kViewer, {tenant_}, absl::Seconds(1))),
                    kRequestInvalid);
  EXPECT_TRUE(world_->Read()->operators().List()->empty());
}

TEST_F(OperatorsTest, ATenantsAdminStaysWithinTheTenant) {
  const auto admin = Create(Input("admin", OperatorRole::kTenantAdmin, {tenant_}));
  const auto boss = Create(Input("boss", OperatorRole::kProviderAdmin, {}));
  ASSERT_TRUE(admin.ok() && boss.ok());
  const Actor actor = ActorOf(admin->op);
  const OperatorRole role = OperatorRole::kTenantAdmin;
  const auto viewer = Create(Input("viewer", OperatorRole::kViewer, {tenant_}), actor, role);
  ASSERT_TRUE(viewer.ok()) << viewer.status();
  EXPECT_FAILS_WITH(Create(Input("more", OperatorRole::kProviderAdmin, {}), actor, role),
                    kAuthForbidden);
  EXPECT_FAILS_WITH(Create(Input("other", OperatorRole::kViewer, {TenantId("b")}), actor, role),
                    kTenantUnknown);
  EXPECT_FAILS_WITH(Revoke(boss->op.id, actor, role), kOperatorUnknown);
  EXPECT_FAILS_WITH(Renew(boss->op.id, "stolen", actor, role), kOperatorUnknown);
  EXPECT_TRUE(Revoke(viewer->op.id, actor, role).ok());
  // Who may not make operators still renews itself, and nobody else.
  const auto worker = Create(Input("worker", OperatorRole::kOperator, {tenant_}));
  ASSERT_TRUE(worker.ok());
  EXPECT_TRUE(Renew(worker->op.id, "k", ActorOf(worker->op), OperatorRole::kOperator).ok());
  EXPECT_FAILS_WITH(Renew(admin->op.id, "k", ActorOf(worker->op), OperatorRole::kOperator),
                    kAuthForbidden);
}

// Remedy walked: E-OPERATOR-LAST
TEST_F(OperatorsTest, TheLastWhoComesInIsNotRevokedByMistake) {
  const auto first = Create(Input("first", OperatorRole::kProviderAdmin, {}));
  const auto brief = Create(Input("brief", OperatorRole::kProviderAdmin, {}, absl::Hours(1)));
  ASSERT_TRUE(first.ok() && brief.ok());
  world_->RunFor(absl::Hours(2));  // One who cannot come in any more is no other.
  EXPECT_FAILS_WITH(Revoke(first->op.id), kOperatorLast);
  EXPECT_TRUE(Revoke(brief->op.id).ok());
  EXPECT_FAILS_WITH(Revoke(first->op.id), kOperatorLast);
  const auto second = Create(Input("second", OperatorRole::kProviderAdmin, {}));
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(Revoke(first->op.id).ok());
  EXPECT_FAILS_WITH(Revoke(second->op.id), kOperatorLast);
  EXPECT_TRUE(Revoke(second->op.id, /*even_last=*/true).ok());
}

TEST_F(OperatorsTest, WhatARevokedOperatorAskedForBeforeIsNotDone) {
  const auto ada = Create(Input("ada", OperatorRole::kTenantAdmin, {tenant_}));
  ASSERT_TRUE(ada.ok());
  const Actor actor = ActorOf(ada->op);
  // Both wait in one queue: the revocation comes first.
  std::optional<absl::StatusOr<CreatedToken>> token;
  std::optional<absl::StatusOr<std::vector<ZoneVerification>>> verified;
  operations().operators.Call(
      &OperatorOperations::Revoke, [](absl::StatusOr<store::Operator>) {}, root_,
      OperatorRole::kProviderAdmin, ada->op.id, std::string(), false);
  TokenInput input;
  input.zone_id = zone_;
  input.secret_hash = "h";
  operations().tokens.Call(
      &TokenOperations::Create, [&](absl::StatusOr<CreatedToken> made) { token.emplace(made); },
      actor, input);
  operations().verification.Call(
      &VerificationOperations::Verify,
      [&](absl::StatusOr<std::vector<ZoneVerification>> done) { verified.emplace(done); }, actor,
      std::vector<ZoneId>{zone_});
  ASSERT_TRUE(world_->RunUntil([&] { return token.has_value() && verified.has_value(); },
                               absl::Minutes(1)));
  EXPECT_FAILS_WITH(*token, kAuthRevoked);
  EXPECT_FAILS_WITH(*verified, kAuthRevoked);
  EXPECT_FALSE(world_->Read()->tokens().FindByHash("h")->has_value());
}

class RequestIdTest : public OperatorsTest {
 protected:
  absl::StatusOr<CreatedToken> Token(TokenInput input, const Actor& actor) {
    input.secret_hash = absl::StrCat("secret of ", ++made_);
    if (input.zone_id.empty()) input.zone_id = zone_;
    return Ask<CreatedToken>([&](auto done) {
      operations().tokens.Call(&TokenOperations::Create, std::move(done), actor, input);
    });
  }
  const Actor ada_{"operator:opr-ada", TenantWall::Everything()};
  const Actor bob_{"operator:opr-bob", TenantWall::Everything()};
};

// Remedy walked: E-REQUEST-ID-REUSED
TEST_F(RequestIdTest, TheSameIsAnsweredAndAnotherRefused) {
  TokenInput input{.server_names = {"web-1", "web-2"}, .request_id = "r"};
  const auto first = Token(input, ada_);
  ASSERT_TRUE(first.ok()) << first.status();
  input.server_names = {"WEB-2", "web-1"};
  const auto again = Token(input, ada_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->token.id, first->token.id);
  TokenInput other = input;
  other.max_uses = 7;
  const auto refused = Token(other, ada_);
  EXPECT_FAILS_WITH(refused, kRequestIdReused);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(first->token.id.value()));
  other.request_id = "r2";
  EXPECT_TRUE(Token(other, ada_).ok());
  EXPECT_EQ(Token(input, ada_)->token.id, first->token.id) << "as it was, it is still answered";
}

TEST_F(RequestIdTest, OthersWithTheSameIdHaveNothingInCommon) {
  TokenInput input{.request_id = "r"};
  const auto adas = Token(input, ada_);
  input.max_uses = 3;
  const auto bobs = Token(input, bob_);
  ASSERT_TRUE(adas.ok() && bobs.ok());
  EXPECT_FALSE(bobs->repeated);
  EXPECT_NE(adas->token.id, bobs->token.id);
}

// What repeats a request, by what is the same and what became of it since.
TEST_F(RequestIdTest, EveryWayToAskAgain) {
  const auto boss = Create(Input("boss", OperatorRole::kProviderAdmin, {}));
  ASSERT_TRUE(boss.ok()) << boss.status();
  const Actor actor = ActorOf(boss->op);
  // "<what was made>", "repeated" of that, or the code.
  std::map<std::string, std::string> known;
  const auto told = [&known](const absl::Status& status, const std::string& id) -> std::string {
    if (!status.ok()) return std::string(TextOf(*FailureCodeOf(status)));
    return known.emplace(id, "").second ? "made" : "repeated";
  };
  const auto token = [&](const Actor& who, const ZoneId& zone, int uses) {
    const auto made = Token({.zone_id = zone, .max_uses = uses, .request_id = "r"}, who);
    return told(made.status(), made.ok() ? made->token.id.value() : "");
  };
  std::string made_operator;
  const auto op = [&](const Actor& who, const std::string& tenant, const std::string& name) {
    OperatorInput input = Input(name, OperatorRole::kViewer, {TenantId(tenant)});
    input.certificate.public_key_hash = absl::StrCat("key of ", name);
    input.request_id = "r-operator";
    const auto made = Create(input, who, OperatorRole::kProviderAdmin);
    if (made.ok()) made_operator = made->op.id.value();
    return told(made.status(), made.ok() ? made->op.id.value() : "");
  };
  const ZoneId elsewhere("tenant-1/prod");
  EXPECT_EQ(token(actor, zone_, 1), "made");
  EXPECT_EQ(token(actor, zone_, 1), "repeated");
  EXPECT_EQ(token(actor, zone_, 2), "E-REQUEST-ID-REUSED") << "other arguments";
  EXPECT_EQ(token(ada_, zone_, 1), "made") << "another caller";
  EXPECT_EQ(token(actor, elsewhere, 1), "made") << "another tenant";
  EXPECT_EQ(token(actor, zone_, 1), "repeated") << "after all of these";

  EXPECT_EQ(op(actor, "tenant-0", "ann"), "made");
  const OperatorId ann(made_operator);
  EXPECT_EQ(op(actor, "tenant-0", "ann"), "repeated");
  EXPECT_EQ(op(actor, "tenant-0", "Ann"), "E-REQUEST-ID-REUSED") << "other arguments";
  EXPECT_EQ(op(ada_, "tenant-0", "eve"), "made") << "another caller";
  EXPECT_EQ(op(actor, "tenant-1", "joe"), "made") << "another tenant";
  ASSERT_TRUE(Revoke(ann, root_, OperatorRole::kProviderAdmin).ok());
  EXPECT_EQ(op(actor, "tenant-0", "ann"), "E-REQUEST-ID-REUSED")
      << "who was made is gone, and is not answered as if it were there";

  ASSERT_TRUE(Revoke(boss->op.id, root_, OperatorRole::kProviderAdmin, true).ok());
  EXPECT_EQ(token(actor, zone_, 1), "E-AUTH-REVOKED") << "a caller who was revoked";
  EXPECT_EQ(op(actor, "tenant-1", "joe"), "E-AUTH-REVOKED");
}

TEST_F(RequestIdTest, OneIdForTwoKindsIsAnotherRequest) {
  ASSERT_TRUE(Token({.request_id = "r"}, operator_).ok());
  RolloutInput rollout{.selection = {tenant_, ZoneId(), {}, {}}, .request_id = "r"};
  EXPECT_FAILS_WITH(Start(rollout), kRequestIdReused);
  rollout.request_id = "r2";
  const auto made = Start(rollout);
  ASSERT_TRUE(made.ok()) << made.status();
  rollout.selection.names = {"*"};
  EXPECT_FAILS_WITH(Start(rollout), kRequestIdReused);
  rollout.selection.names.clear();
  EXPECT_EQ(Start(rollout)->id, made->id);
}

TEST_F(RequestIdTest, ARestartForgetsNothing) {
  const auto first = Token({.request_id = "r"}, ada_);
  ASSERT_TRUE(first.ok());
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(1));
  EXPECT_EQ(Token({.request_id = "r"}, ada_)->token.id, first->token.id);
  EXPECT_FAILS_WITH(Token({.max_uses = 2, .request_id = "r"}, ada_), kRequestIdReused);
}

TEST_F(RequestIdTest, OperatorsAreMadeOnceForTheirKey) {
  OperatorInput input = Input("ada", OperatorRole::kViewer, {tenant_});
  input.request_id = "r";
  const auto first = Create(input);
  ASSERT_TRUE(first.ok());
  OperatorInput again = Input("ada", OperatorRole::kViewer, {tenant_});
  again.request_id = "r";
  again.certificate.public_key_hash = input.certificate.public_key_hash;
  const auto repeated = Create(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->op.id, first->op.id);
  EXPECT_EQ(repeated->certificate_pem, first->certificate_pem) << "not the one issued just now";
  again.certificate.public_key_hash = "another";
  EXPECT_FAILS_WITH(Create(again), kRequestIdReused);
}

TEST_F(RequestIdTest, BadIdsAreRefusedAtTheDoor) {
  EXPECT_FAILS_WITH(Token({.request_id = std::string(129, 'x')}, ada_), kRequestInvalid);
  EXPECT_FAILS_WITH(Token({.request_id = "a\nb"}, ada_), kRequestInvalid);
  EXPECT_FAILS_WITH(Token({.request_id = "\xFF"}, ada_), kRequestInvalid);
  EXPECT_TRUE(Token({.request_id = std::string(128, 'x')}, ada_).ok());
}

TEST_F(RequestIdTest, AnIdEndsInItsTime) {
  const auto first = Token({.ttl = absl::Hours(24 * 30), .request_id = "r"}, ada_);
  ASSERT_TRUE(first.ok());
  world_->RunFor(absl::Hours(24 * 29));
  EXPECT_TRUE(Token({.ttl = absl::Hours(24 * 30), .request_id = "r"}, ada_)->repeated);
  world_->RunFor(absl::Hours(24 * 2));
  EXPECT_FALSE(Token({.ttl = absl::Hours(24 * 30), .request_id = "r"}, ada_)->repeated);
}

}  // namespace
}  // namespace muster::core
