// The chains of tenants in the file, when another program had its hands on it.
#include <gtest/gtest.h>

#include "base/sql/database.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::store {
namespace {

class AuditLinksTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() {
    return *SqliteStore::Open({.path = dir_ / "muster.db", .durable = false});
  }
  void Tamper(absl::string_view sql) {
    const auto db = *sql::Database::Open({.path = dir_ / "muster.db"});
    const absl::Status status = db->Exec(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  sql::TempDir dir_;
};

// A tenant's chain is told from the others': an event that changes its owner breaks both.
TEST_F(AuditLinksTest, TamperingWithATenantsChainShows) {
  {
    const auto store = Open();
    auto t = *store->Begin();
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(t->audit()
                      .Append({.time = absl::FromUnixSeconds(i),
                               .actor = "system",
                               .action = "test",
                               .tenant_id = TenantId(i % 2 == 0 ? "acme" : "other")})
                      .ok());
    }
    ASSERT_TRUE(t->Commit().ok());
  }
  Tamper("DROP TRIGGER audit_events_are_not_changed; DROP TRIGGER audit_events_are_not_deleted");
  const auto first_bad = [this](absl::string_view sql) {
    Tamper(sql);
    return (*Open()->Read())->audit().Verify()->first_bad_sequence;
  };
  EXPECT_EQ(first_bad("UPDATE audit_events SET tenant_id = 'other' WHERE sequence = 3"), 3);
  EXPECT_EQ(first_bad("UPDATE audit_events SET tenant_id = 'acme' WHERE sequence = 3"), 0);
  // What the pruned events of a tenant have come to belongs to its chain.
  EXPECT_EQ(first_bad("INSERT INTO audit_ends VALUES ('other', 0, x'ffff')"), 2);
  EXPECT_EQ(first_bad("DELETE FROM audit_ends"), 0);
  EXPECT_EQ(first_bad("DELETE FROM audit_events WHERE sequence = 2"), 3);
}

}  // namespace
}  // namespace muster::store
