// Machines and keys that were put out, as a store finds them again.
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

// However many others the machine is known as.
TEST_P(StoreContract, OneThatWasPutOutIsFoundBehindAnyNumberOfOthers) {
  const auto query = [](int token_made) {
    return ServerStore::MachineQuery{.zone_id = kProd,
                                     .except = {},
                                     .machine_id_hash = "machine",
                                     .public_key_hash = "",
                                     .token_create_time = At(token_made)};
  };
  const auto add = [&](Transaction& t, const std::string& name, Admission admission) {
    Server server = MakeServer(name);
    server.admission = admission;
    server.machine.machine_id_hash = "machine";
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.servers().SetAdmissionTime(server.id, At(10)));
    return server.id;
  };
  ServerId banned;
  Change([&](Transaction& t) {
    for (int i = 0; i < 60; ++i) add(t, absl::StrCat("clone", i), Admission::kAdmitted);
    for (int i = 0; i < 30; ++i) add(t, absl::StrCat("no", i), Admission::kRejected);
  });
  EXPECT_FALSE(Read()->servers().FindPutOut(query(20))->has_value());
  EXPECT_EQ((*Read()->servers().FindPutOut(query(5)))->admission, Admission::kRejected);
  Change([&](Transaction& t) { banned = add(t, "zzz", Admission::kBanned); });
  EXPECT_EQ((*Read()->servers().FindPutOut(query(20)))->id, banned);
  EXPECT_EQ((*Read()->servers().FindPutOut(query(5)))->id, banned) << "banned ones come first";
  ServerStore::MachineQuery itself = query(20);
  itself.except = banned;
  EXPECT_FALSE(Read()->servers().FindPutOut(itself)->has_value());
  Change([&](Transaction& t) { add(t, "out", Admission::kEvicted); });
  EXPECT_EQ((*Read()->servers().FindPutOut(itself)), std::nullopt);
  itself.token_create_time = At(10);
  EXPECT_TRUE(Read()->servers().FindPutOut(itself)->has_value());

  // Elsewhere likewise: those that may have moved are passed over, in any number.
  const auto elsewhere = [&](std::vector<Admission> admissions) {
    return *Read()->servers().FindElsewhere(kTest, "", "machine", admissions);
  };
  EXPECT_EQ(elsewhere({Admission::kBanned})->id, banned);
  EXPECT_EQ(elsewhere({Admission::kRetired}), std::nullopt);
  EXPECT_EQ(elsewhere({}), std::nullopt);
}

TEST_P(StoreContract, ARevokedKeyIsKnownForAsLongAsItsServer) {
  const Server server = MakeServer("web1");
  const auto certificate = [&](const char* id, const char* key, CertificateState state, int made) {
    return WorkerCertificate{.id = CertificateId(id),
                             .server_id = server.id,
                             .zone_id = kProd,
                             .token_id = {},
                             .state = state,
                             .confirmed = true,
                             .public_key_hash = key,
                             .not_before = At(1),
                             .not_after = At(50),
                             .create_time = At(made),
                             .pem = "pem",
                             .admitted = true};
  };
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.certificates().Insert(certificate("0a", "out", CertificateState::kRevoked, 2)));
    EXPECT_OK(t.certificates().Insert(certificate("0b", "old", CertificateState::kSuperseded, 3)));
    EXPECT_OK(t.certificates().Insert(certificate("0c", "new", CertificateState::kActive, 4)));
  });
  const auto kept = *Read()->certificates().Find(CertificateId("0c"));
  EXPECT_EQ(kept->pem, "pem");
  EXPECT_TRUE(kept->admitted);
  Change([&](Transaction& t) { EXPECT_EQ(*t.certificates().Prune(At(100), 10), 1); });
  EXPECT_TRUE(*Read()->certificates().IsRevokedKey("out"));
  EXPECT_FALSE(*Read()->certificates().IsRevokedKey("new"));
  EXPECT_FALSE(Read()->certificates().Find(CertificateId("0b"))->has_value());
  const auto of = [&](const TenantWall& wall) {
    return Read()->certificates().ListOf(wall, server.id)->size();
  };
  EXPECT_EQ(of(TenantWall::Everything()), 2u);
  EXPECT_EQ(of(TenantWall::Of({server.tenant_id})), 2u);
  EXPECT_EQ(of(TenantWall::Of({TenantId("somebody-else")})), 0u);
  EXPECT_EQ(of(TenantWall()), 0u);
}

}  // namespace
}  // namespace muster::store
