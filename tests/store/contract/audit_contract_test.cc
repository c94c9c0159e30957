// The audit log: its one chain, and that of each tenant inside of it.
#include "base/crypto/digest.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreContract, TheAuditLogIsNumberedFilteredAndIntact) {
  Change([](Transaction& t) {
    for (int i = 1; i <= 4; ++i) {
      EXPECT_OK(t.audit().Append({.sequence = 77,  // The store numbers.
                                  .time = At(i),
                                  .actor = "system",
                                  .action = "server.enrollment",
                                  .subject = i % 2 == 0 ? "srv-even" : "srv-odd",
                                  .tenant_id = i == 3 ? TenantId() : kAcme,
                                  .detail = absl::StrCat("move ", i)}));
    }
  });
  const auto snapshot = Read();
  const TenantWall all = TenantWall::Everything();
  const auto sequences = [&](absl::string_view subject, const TenantWall& wall, int64_t before,
                             int limit) {
    std::vector<int64_t> out;
    const auto events = *snapshot->audit().List(wall, subject, before, limit);
    for (const AuditEvent& event : events) out.push_back(event.sequence);
    return out;
  };
  EXPECT_THAT(sequences("", all, 0, 0), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(sequences("", all, 0, 2), ElementsAre(4, 3));
  EXPECT_THAT(sequences("", all, 3, 2), ElementsAre(2, 1));
  EXPECT_THAT(sequences("srv-odd", all, 0, 10), ElementsAre(3, 1));
  EXPECT_THAT(sequences("srv-odd", TenantWall::Of({kAcme}), 0, 10), ElementsAre(1));
  EXPECT_THAT(sequences("", TenantWall::Of({TenantId("other")}), 0, 10), IsEmpty());
  const AuditEvent event = snapshot->audit().List(TenantWall::Everything(), "", 2, 1)->front();
  EXPECT_EQ(event.time, At(1));
  EXPECT_EQ(event.actor, "system");
  EXPECT_EQ(event.action, "server.enrollment");
  EXPECT_EQ(event.subject, "srv-odd");
  EXPECT_EQ(event.tenant_id, kAcme);
  EXPECT_EQ(event.detail, "move 1");
  const AuditCheck check = *snapshot->audit().Verify();
  EXPECT_TRUE(check.intact);
  EXPECT_EQ(check.events, 4);
}

// What a tenant is shown of the log: its own events alone, each linked to the one before.
TEST_P(StoreContract, EachTenantHasAChainOfItsOwn) {
  const TenantId other("other");
  const auto append = [](Transaction& t, const TenantId& tenant, int time) {
    EXPECT_OK(t.audit().Append({.time = At(time),
                                .actor = "system",
                                .action = "test",
                                .subject = "srv-1",
                                .tenant_id = tenant,
                                .detail = "move"}));
  };
  Change([&](Transaction& t) {
    for (int i = 1; i <= 6; ++i) append(t, i % 2 == 0 ? other : kAcme, i);
  });
  // What is undone leaves nothing in the chain.
  Change([&](Transaction& t) {
    EXPECT_OK(t.Mark());
    append(t, kAcme, 7);
    EXPECT_OK(t.RollBackToMark());
    append(t, kAcme, 8);
  });
  const auto snapshot = Read();
  const TenantWall wall = TenantWall::Of({kAcme});
  const auto events = *snapshot->audit().ListLinked(wall, kAcme, 0, 0);
  ASSERT_EQ(events.size(), 4u);
  std::string link(32, '\0');
  EXPECT_EQ(*snapshot->audit().LinkAt(wall, kAcme, 0), link);
  for (const LinkedEvent& linked : events) {
    const AuditEvent& event = linked.event;
    EXPECT_EQ(event.tenant_id, kAcme);
    std::string bytes = link;
    const auto number = [&bytes](int64_t value) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>(value >> shift));
      }
    };
    number(event.sequence);
    number(absl::ToUnixMicros(event.time));
    for (const absl::string_view text : {"system", "test", "srv-1", "acme", "move"}) {
      number(static_cast<int64_t>(text.size()));
      bytes += std::string(text);
    }
    link = crypto::Sha256(bytes);
    EXPECT_EQ(linked.link, link) << event.sequence;
    EXPECT_EQ(*snapshot->audit().LinkAt(wall, kAcme, event.sequence), link);
  }
  // In pieces, from behind one; and nothing of others.
  const auto piece = *snapshot->audit().ListLinked(wall, kAcme, 1, 1);
  ASSERT_EQ(piece.size(), 1u);
  EXPECT_EQ(piece[0].event.sequence, 3);
  EXPECT_THAT(*snapshot->audit().ListLinked(wall, other, 0, 0), IsEmpty());
  EXPECT_THAT(*snapshot->audit().ListLinked(TenantWall(), kAcme, 0, 0), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(snapshot->audit().LinkAt(wall, other, 9).status()));
  EXPECT_TRUE(snapshot->audit().Verify()->intact);
}

// A tenant's chain goes on where it was when all of its events are out of the retention.
TEST_P(StoreContract, ATenantsChainOutlivesItsPrunedEvents) {
  const TenantWall wall = TenantWall::Of({kAcme});
  Change([](Transaction& t) {
    for (int i = 1; i <= 4; ++i) {
      EXPECT_OK(t.audit().Append({.time = At(i),
                                  .actor = "system",
                                  .action = "test",
                                  .tenant_id = i <= 3 ? kAcme : TenantId()}));
    }
  });
  const std::string third = *Read()->audit().LinkAt(wall, kAcme, 3);
  const std::string hash = **Read()->audit().HashAt(3);
  Change([&](Transaction& t) {
    EXPECT_OK(t.audit().AppendHead({.kind = AuditHead::Kind::kCheckpoint,
                                    .sequence = 3,
                                    .hash = hash,
                                    .time = At(5),
                                    .key_id = "k",
                                    .signature = "s"}));
    EXPECT_EQ(*t.audit().Prune(2), 2);
  });
  EXPECT_TRUE(Read()->audit().Verify()->intact);
  Change([&](Transaction& t) { EXPECT_EQ(*t.audit().Prune(2), 1); });
  EXPECT_TRUE(Read()->audit().Verify()->intact);
  EXPECT_EQ(*Read()->audit().LinkAt(wall, kAcme, 4), third);
  Change([](Transaction& t) {
    EXPECT_OK(
        t.audit().Append({.time = At(6), .actor = "system", .action = "test", .tenant_id = kAcme}));
  });
  const auto events = *Read()->audit().ListLinked(wall, kAcme, 0, 0);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(*Read()->audit().LinkAt(wall, kAcme, 4), third);
  EXPECT_NE(events[0].link, third);
  EXPECT_TRUE(Read()->audit().Verify()->intact);
}

}  // namespace
}  // namespace muster::store
