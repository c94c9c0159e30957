// Bootstrap tokens, worker certificates, operators.
#include "base/failure_code.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

BootstrapToken MakeToken(absl::string_view id, int created = 1) {
  return BootstrapToken{.id = TokenId(id),
                        .tenant_id = kAcme,
                        .zone_id = kProd,
                        .secret_hash = absl::StrCat("hash-", id),
                        .create_time = At(created),
                        .expire_time = At(100)};
}

TEST_P(StoreContract, TokensKeepEveryField) {
  BootstrapToken token = MakeToken("tok-1");
  token.mode = TokenMode::kPending;
  token.max_uses = 20;
  token.uses = 3;
  token.server_names = {"web1", "a:b,c", ""};
  Change([&](Transaction& t) { EXPECT_OK(t.tokens().Insert(token)); });
  const auto snapshot = Read();
  const BootstrapToken read = **snapshot->tokens().FindByHash("hash-tok-1");
  EXPECT_EQ(read.id, token.id);
  EXPECT_EQ(read.tenant_id, kAcme);
  EXPECT_EQ(read.zone_id, kProd);
  EXPECT_EQ(read.state, TokenState::kActive);
  EXPECT_EQ(read.mode, TokenMode::kPending);
  EXPECT_EQ(read.max_uses, 20);
  EXPECT_EQ(read.uses, 3);
  EXPECT_EQ(read.server_names, token.server_names);
  EXPECT_EQ(read.create_time, At(1));
  EXPECT_EQ(read.expire_time, At(100));
  EXPECT_TRUE(snapshot->tokens().Find(token.id)->has_value());
  EXPECT_FALSE(snapshot->tokens().FindByHash("other")->has_value());
}

TEST_P(StoreContract, TokensAreListedNewestFirst) {
  Change([&](Transaction& t) {
    for (int i : {2, 1, 3}) EXPECT_OK(t.tokens().Insert(MakeToken(absl::StrCat("tok-", i), i)));
  });
  const auto ids = [](const std::vector<BootstrapToken>& tokens) {
    std::vector<std::string> out;
    for (const auto& token : tokens) out.push_back(token.id.value());
    return out;
  };
  EXPECT_THAT(ids(*Read()->tokens().List(TenantWall::Everything(), ZoneId())),
              ElementsAre("tok-3", "tok-2", "tok-1"));
  EXPECT_THAT(ids(*Read()->tokens().List(TenantWall::Everything(), kProd)),
              ElementsAre("tok-3", "tok-2", "tok-1"));
  EXPECT_THAT(ids(*Read()->tokens().List(TenantWall::Everything(), kTest)), IsEmpty());
}

TEST_P(StoreContract, ATokenBelongsToAZone) {
  auto t = *store_->Begin();
  EXPECT_OK(t->tokens().Insert(MakeToken("tok-1")));
  BootstrapToken copy = MakeToken("tok-2");
  copy.secret_hash = "hash-tok-1";
  EXPECT_EQ(Code(t->tokens().Insert(copy)), absl::StatusCode::kAlreadyExists);
  BootstrapToken homeless = MakeToken("tok-5");
  homeless.zone_id = ZoneId("acme/none");
  EXPECT_EQ(Code(t->tokens().Insert(homeless)), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, ATokenIsConsumedAsOftenAsItMayBe) {
  BootstrapToken token = MakeToken("tok-1");
  token.max_uses = 2;
  Change([&](Transaction& t) {
    EXPECT_OK(t.tokens().Insert(token));
    EXPECT_OK(t.tokens().Consume(token.id));
    EXPECT_EQ((*t.tokens().Find(token.id))->state, TokenState::kActive);
    EXPECT_OK(t.tokens().Consume(token.id));
    EXPECT_EQ(Code(t.tokens().Consume(token.id)), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Code(t.tokens().Consume(TokenId("tok-none"))), absl::StatusCode::kNotFound);
  });
  const BootstrapToken read = **Read()->tokens().Find(token.id);
  EXPECT_EQ(read.state, TokenState::kExhausted);
  EXPECT_EQ(read.uses, 2);
}

TEST_P(StoreContract, AnExpiredTokenPaysForWhatItPromised) {
  BootstrapToken token = MakeToken("tok-1");
  token.max_uses = 1;
  token.any_name = true;
  Change([&](Transaction& t) {
    EXPECT_OK(t.tokens().Insert(token));
    EXPECT_OK(t.tokens().SetState(token.id, TokenState::kActive, TokenState::kExpired));
    EXPECT_OK(t.tokens().Consume(token.id));
    EXPECT_EQ(Code(t.tokens().Consume(token.id)), absl::StatusCode::kFailedPrecondition);
  });
  const BootstrapToken read = **Read()->tokens().Find(token.id);
  EXPECT_EQ(read.state, TokenState::kExpired);
  EXPECT_EQ(read.uses, 1);
  EXPECT_TRUE(read.any_name);
}

TEST_P(StoreContract, ATokenMovesByCompareAndSet) {
  const TokenId id("tok-1");
  Change([&](Transaction& t) {
    EXPECT_OK(t.tokens().Insert(MakeToken("tok-1")));
    EXPECT_OK(t.tokens().SetState(id, TokenState::kActive, TokenState::kRevoked));
    EXPECT_EQ(Code(t.tokens().SetState(id, TokenState::kActive, TokenState::kRevoked)),
              absl::StatusCode::kAborted);
    EXPECT_EQ(Code(t.tokens().SetState(id, TokenState::kRevoked, TokenState::kActive)),
              absl::StatusCode::kInternal);
    EXPECT_EQ(Code(t.tokens().SetState(TokenId("x"), TokenState::kActive, TokenState::kRevoked)),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(Code(t.tokens().Consume(id)), absl::StatusCode::kFailedPrecondition);
  });
}

TEST_P(StoreContract, RefusalsAreListedNewestFirst) {
  Change([&](Transaction& t) {
    for (int i : {1, 2, 3}) {
      EXPECT_OK(t.tokens().AddRefusal({.token_id = TokenId(i == 2 ? "" : "tok-1"),
                                       .time = At(i),
                                       .address = "10.0.0.1",
                                       .server_name = absl::StrCat("s", i),
                                       .code = FailureCode::kTokenExpired}));
    }
  });
  const auto refusals = *Read()->tokens().ListRefusals(TokenId("tok-1"), 10);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_EQ(refusals[0].server_name, "s3");
  EXPECT_EQ(refusals[0].code, FailureCode::kTokenExpired);
  EXPECT_EQ(refusals[0].address, "10.0.0.1");
  EXPECT_EQ(refusals[0].time, At(3));
  EXPECT_EQ(refusals[1].server_name, "s1");
  EXPECT_EQ(Read()->tokens().ListRefusals(TokenId("tok-1"), 1)->size(), 1u);
  EXPECT_EQ(Read()->tokens().ListRefusals(TokenId(), 10)->size(), 3u);
}

TEST_P(StoreContract, CertificatesThatEndAreCountedByServer) {
  Change([&](Transaction& t) {
    const auto add = [&t](const Server& server, const char* id, int end, CertificateState state) {
      EXPECT_OK(t.certificates().Insert({.id = CertificateId(id),
                                         .server_id = server.id,
                                         .zone_id = kProd,
                                         .state = state,
                                         .public_key_hash = "ff",
                                         .not_before = At(1),
                                         .not_after = At(end),
                                         .create_time = At(2)}));
    };
    Server ends = MakeServer("web1");
    Server renewed = MakeServer("web2");
    Server gone = MakeServer("web3");
    ends.admission = renewed.admission = Admission::kAdmitted;
    gone.admission = Admission::kRegistered;
    for (const Server& server : {ends, renewed, gone}) EXPECT_OK(t.servers().Insert(server));
    add(ends, "0a", 50, CertificateState::kActive);
    add(ends, "0b", 90, CertificateState::kRevoked);
    add(renewed, "0c", 50, CertificateState::kActive);
    add(renewed, "0d", 90, CertificateState::kActive);
    add(gone, "0e", 50, CertificateState::kActive);
  });
  EXPECT_EQ(*Read()->certificates().CountEnding(At(50)), 0);
  EXPECT_EQ(*Read()->certificates().CountEnding(At(60)), 1);
  EXPECT_EQ(*Read()->certificates().CountEnding(At(100)), 2);
  const auto at = [this](int now, int before) {
    const auto seen = *Read()->certificates().LookAtEndings(At(now), At(before));
    return absl::StrCat(
        seen.ended, " ", seen.ending, " ",
        seen.next.has_value() ? absl::ToUnixSeconds(*seen.next - (At(0) - absl::UnixEpoch())) : -1);
  };
  EXPECT_EQ(at(10, 40), "0 0 50");
  EXPECT_EQ(at(10, 51), "0 1 50");
  EXPECT_EQ(at(50, 91), "1 1 90") << "it has ended when its time has come";
  EXPECT_EQ(at(90, 91), "2 0 -1");
}

TEST_P(StoreContract, EndingsOfNoCertificatesAreNone) {
  const auto seen = *Read()->certificates().LookAtEndings(At(0), At(10));
  EXPECT_EQ(seen.ended, 0);
  EXPECT_EQ(seen.ending, 0);
  EXPECT_EQ(seen.next, std::nullopt);
}

TEST_P(StoreContract, NothingIsPromisedToARejectedServerAndItsMachineIsKnown) {
  Server server = MakeServer("web1");
  server.admission = Admission::kPending;
  server.machine.machine_id_hash = "machine";
  const WorkerCertificate certificate{.id = CertificateId("0a"),
                                      .server_id = server.id,
                                      .zone_id = kProd,
                                      .token_id = TokenId("tok-1"),
                                      .public_key_hash = "key",
                                      .not_before = At(1),
                                      .not_after = At(50),
                                      .create_time = At(2)};
  const auto promised = [this] {
    return *Read()->certificates().CountUnconfirmed(TokenId("tok-1"), absl::InfinitePast(), At(10));
  };
  const auto known = [this](const ZoneId& zone, const char* machine, const char* key) {
    return Read()
        ->servers()
        .FindPutOut({.zone_id = zone,
                     .except = {},
                     .machine_id_hash = machine,
                     .public_key_hash = key,
                     .token_create_time = At(0)})
        ->has_value();
  };
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.tokens().Insert(MakeToken("tok-1")));
    EXPECT_OK(t.certificates().Insert(certificate));
  });
  EXPECT_EQ(promised(), 1);
  EXPECT_EQ(
      *Read()->certificates().CountUnconfirmed(TokenId("tok-1"), absl::InfinitePast(), At(60)), 0);
  EXPECT_FALSE(known(kProd, "machine", "key")) << "it is not put out";
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().MoveAdmission(server.id, Admission::kPending, Admission::kRejected));
  });
  EXPECT_EQ(promised(), 0);
  EXPECT_TRUE(known(kProd, "machine", ""));
  EXPECT_TRUE(known(kProd, "", "key"));
  EXPECT_FALSE(known(kProd, "other", "other"));
  EXPECT_FALSE(known(kProd, "", ""));
  EXPECT_FALSE(known(kTest, "machine", "key"));
}

TEST_P(StoreContract, CertificatesLive) {
  const Server server = MakeServer("web1");
  WorkerCertificate certificate{.id = CertificateId("0a"),
                                .server_id = server.id,
                                .zone_id = kProd,
                                .token_id = TokenId("tok-1"),
                                .public_key_hash = "ff",
                                .not_before = At(1),
                                .not_after = At(50),
                                .create_time = At(2)};
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.tokens().Insert(MakeToken("tok-1")));
    EXPECT_OK(t.certificates().Insert(certificate));
    EXPECT_EQ(*t.certificates().CountUnconfirmed(TokenId("tok-1"), absl::InfinitePast(), At(10)),
              1);
    EXPECT_EQ(Code(t.certificates().Insert(certificate)), absl::StatusCode::kAlreadyExists);
    EXPECT_OK(t.certificates().Confirm(certificate.id));
    EXPECT_EQ(*t.certificates().CountUnconfirmed(TokenId("tok-1"), absl::InfinitePast(), At(10)),
              0);
    WorkerCertificate renewed = certificate;
    renewed.id = CertificateId("0b");
    renewed.token_id = TokenId();
    renewed.create_time = At(3);
    EXPECT_OK(t.certificates().Insert(renewed));
    EXPECT_OK(t.certificates().SetState(certificate.id, CertificateState::kActive,
                                        CertificateState::kSuperseded));
    EXPECT_EQ(Code(t.certificates().SetState(certificate.id, CertificateState::kActive,
                                             CertificateState::kRevoked)),
              absl::StatusCode::kAborted);
    EXPECT_EQ(Code(t.certificates().SetState(certificate.id, CertificateState::kSuperseded,
                                             CertificateState::kActive)),
              absl::StatusCode::kInternal);
    EXPECT_EQ(Code(t.certificates().Confirm(CertificateId("none"))), absl::StatusCode::kNotFound);
    EXPECT_EQ(Code(t.certificates().SetState(CertificateId("none"), CertificateState::kActive,
                                             CertificateState::kRevoked)),
              absl::StatusCode::kNotFound);
  });
  const auto certificates = *Read()->certificates().ListOf(server.id);
  ASSERT_EQ(certificates.size(), 2u);
  EXPECT_EQ(certificates[0].id, CertificateId("0b"));
  EXPECT_TRUE(certificates[0].token_id.empty());
  EXPECT_FALSE(certificates[0].confirmed);
  const WorkerCertificate read = **Read()->certificates().Find(certificate.id);
  EXPECT_TRUE(read.confirmed);
  EXPECT_EQ(read.state, CertificateState::kSuperseded);
  EXPECT_EQ(read.token_id, TokenId("tok-1"));
  EXPECT_EQ(read.public_key_hash, "ff");
  EXPECT_EQ(read.not_before, At(1));
  EXPECT_EQ(read.not_after, At(50));
  EXPECT_FALSE(Read()->certificates().Find(CertificateId("none"))->has_value());
}

TEST_P(StoreContract, ACertificateIsOfItsServersZone) {
  const Server server = MakeServer("web1");
  auto t = *store_->Begin();
  EXPECT_OK(t->servers().Insert(server));
  EXPECT_EQ(Code(t->certificates().Insert(
                {.id = CertificateId("0a"), .server_id = server.id, .zone_id = kTest})),
            absl::StatusCode::kFailedPrecondition);
}

Operator MakeAdmin(absl::string_view id, absl::string_view name) {
  return Operator{.id = OperatorId(id),
                  .name = std::string(name),
                  .role = OperatorRole::kProviderAdmin,
                  .created_by = "system",
                  .create_time = At(1)};
}

OperatorCertificate MakeCertificate(absl::string_view key, int created, int ends) {
  return OperatorCertificate{.id = CertificateId(absl::StrCat("0", created)),
                             .public_key_hash = std::string(key),
                             .pem = absl::StrCat("PEM of ", key),
                             .not_after = At(ends),
                             .create_time = At(created)};
}

TEST_P(StoreContract, OperatorsKeepEveryField) {
  Operator op = MakeAdmin("opr-1", "Ann");
  op.role = OperatorRole::kTenantAdmin;
  op.tenants = {kAcme};
  op.certificates = {MakeCertificate("aa", 1, 100)};
  op.created_by = "operator:opr-0";
  Change([&](Transaction& t) {
    EXPECT_OK(t.operators().Insert(op));
    EXPECT_OK(t.operators().Insert(MakeAdmin("opr-2", "aaron")));
    EXPECT_EQ(Code(t.operators().Insert(MakeAdmin("opr-1", "other"))),
              absl::StatusCode::kAlreadyExists);
  });
  const Operator read = **Read()->operators().Find(op.id);
  EXPECT_EQ(read.name, "Ann");
  EXPECT_EQ(read.role, OperatorRole::kTenantAdmin);
  EXPECT_EQ(read.tenants, op.tenants);
  EXPECT_EQ(read.created_by, "operator:opr-0");
  EXPECT_EQ(read.create_time, At(1));
  EXPECT_EQ(read.revoke_time, std::nullopt);
  ASSERT_EQ(read.certificates.size(), 1u);
  EXPECT_EQ(read.certificates[0].id, CertificateId("01"));
  EXPECT_EQ(read.certificates[0].public_key_hash, "aa");
  EXPECT_EQ(read.certificates[0].pem, "PEM of aa");
  EXPECT_EQ(read.certificates[0].not_after, At(100));
  EXPECT_EQ(read.certificates[0].create_time, At(1));
  const auto all = *Read()->operators().List();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "aaron");
  EXPECT_EQ(all[1].tenants, op.tenants);
  EXPECT_EQ(all[1].certificates.size(), 1u);
  EXPECT_FALSE(Read()->operators().Find(OperatorId("none"))->has_value());
  EXPECT_EQ((*Read()->operators().FindByName("aNN"))->id, op.id);
  EXPECT_FALSE(Read()->operators().FindByName("An")->has_value());
}

TEST_P(StoreContract, AnOperatorsTenantsExist) {
  auto t = *store_->Begin();
  for (const OperatorRole role :
       {OperatorRole::kViewer, OperatorRole::kOperator, OperatorRole::kTenantAdmin}) {
    Operator op = MakeAdmin("opr-1", "bob");
    op.role = role;
    EXPECT_EQ(Code(t->operators().Insert(op)), absl::StatusCode::kFailedPrecondition)
        << "an empty list is nothing, never all";
    op.tenants = {TenantId("none")};
    EXPECT_EQ(Code(t->operators().Insert(op)), absl::StatusCode::kFailedPrecondition);
    t.reset();  // The row stands without its tenants: nothing of it is to stay.
    t = *store_->Begin();
  }
}

TEST_P(StoreContract, ARenewalLeavesTheCertificateBeforeALittle) {
  Operator op = MakeAdmin("opr-1", "ann");
  op.certificates = {MakeCertificate("aa", 1, 100)};
  Change([&](Transaction& t) {
    EXPECT_OK(t.operators().Insert(op));
    EXPECT_OK(t.operators().PutCertificate(op.id, MakeCertificate("bb", 10, 500), At(20)));
    EXPECT_EQ(
        Code(t.operators().PutCertificate(OperatorId("none"), MakeCertificate("x", 1, 2), At(1))),
        absl::StatusCode::kFailedPrecondition);
  });
  const auto certificates = [&] { return (*Read()->operators().Find(op.id))->certificates; };
  ASSERT_EQ(certificates().size(), 2u);
  EXPECT_EQ(certificates()[0].public_key_hash, "bb") << "the newest first";
  EXPECT_EQ(certificates()[0].not_after, At(500));
  EXPECT_EQ(certificates()[1].not_after, At(20));
  // The same key again takes its own place; what has ended is forgotten.
  Change([&](Transaction& t) {
    EXPECT_OK(t.operators().PutCertificate(op.id, MakeCertificate("bb", 30, 900), At(40)));
  });
  ASSERT_EQ(certificates().size(), 1u);
  EXPECT_EQ(certificates()[0].not_after, At(900));
  // Others never live longer for it.
  Change([&](Transaction& t) {
    EXPECT_OK(t.operators().PutCertificate(op.id, MakeCertificate("cc", 50, 60), At(99'999)));
  });
  ASSERT_EQ(certificates().size(), 2u);
  EXPECT_EQ(certificates()[1].not_after, At(900));
}

TEST_P(StoreContract, ARevokedOperatorLeavesNameAndTenant) {
  Operator op = MakeAdmin("opr-1", "ann");
  op.role = OperatorRole::kViewer;
  op.tenants = {TenantId("gone")};
  op.certificates = {MakeCertificate("aa", 1, 100)};
  Change([&](Transaction& t) {
    EXPECT_OK(t.tenants().Put({TenantId("gone"), "Gone", At(0)}));
    EXPECT_OK(t.operators().Insert(op));
    EXPECT_FALSE(*t.operators().IsRevoked(op.id));
    EXPECT_FALSE(*t.operators().IsRevoked(OperatorId("none")));
  });
  {
    auto t = *store_->Begin();
    EXPECT_EQ(Code(t->tenants().Delete(TenantId("gone"))), absl::StatusCode::kFailedPrecondition);
  }
  Change([&](Transaction& t) {
    EXPECT_OK(t.operators().Revoke(op.id, At(7), "operator:opr-9", "left us"));
    EXPECT_EQ(Code(t.operators().Revoke(op.id, At(8), "x", "y")), absl::StatusCode::kAborted);
    EXPECT_EQ(Code(t.operators().Revoke(OperatorId("none"), At(8), "x", "y")),
              absl::StatusCode::kNotFound);
    EXPECT_TRUE(*t.operators().IsRevoked(op.id));
    EXPECT_OK(t.operators().Insert(MakeAdmin("opr-2", "ann")));
    EXPECT_OK(t.tenants().Delete(TenantId("gone")));
  });
  EXPECT_EQ((*Read()->operators().FindByName("ann"))->id, OperatorId("opr-2"));
  const Operator read = **Read()->operators().Find(op.id);
  EXPECT_EQ(read.revoke_time, At(7));
  EXPECT_EQ(read.revoked_by, "operator:opr-9");
  EXPECT_EQ(read.revoke_reason, "left us");
  Change([&](Transaction& t) {
    EXPECT_EQ(*t.operators().Prune(At(7), 10), 0);
    EXPECT_EQ(*t.operators().Prune(At(8), 10), 1);
  });
  EXPECT_EQ(Read()->operators().List()->size(), 1u);
}

TEST_P(StoreContract, RequestsAreKnownByWhoMadeThemAndForWhom) {
  const RequestKey key{"operator:opr-1", kAcme, "req"};
  Change([&](Transaction& t) {
    EXPECT_FALSE(t.requests().Find(key, "content")->has_value());
    EXPECT_OK(t.requests().Put(key, "content", "tok-1", At(1)));
  });
  const auto found = **Read()->requests().Find(key, "content");
  EXPECT_EQ(found.id, "tok-1");
  EXPECT_TRUE(found.same);
  EXPECT_FALSE((*Read()->requests().Find(key, "other"))->same);
  EXPECT_FALSE((*Read()->requests().Find(key, ""))->same);
  for (const RequestKey& other :
       {RequestKey{"operator:opr-2", kAcme, "req"}, RequestKey{"operator:opr-1", TenantId(), "req"},
        RequestKey{"operator:opr-1", kAcme, "Req"}}) {
    EXPECT_FALSE(Read()->requests().Find(other, "content")->has_value());
  }
  Change([&](Transaction& t) { EXPECT_OK(t.requests().Put(key, "other", "tok-2", At(5))); });
  EXPECT_EQ((*Read()->requests().Find(key, "other"))->id, "tok-2");
  Change([&](Transaction& t) {
    EXPECT_EQ(*t.requests().Prune(At(5), 10), 0);
    EXPECT_EQ(*t.requests().Prune(At(6), 10), 1);
  });
  EXPECT_FALSE(Read()->requests().Find(key, "other")->has_value());
}

}  // namespace
}  // namespace muster::store
