// Transactions, savepoints, snapshots, health.
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

Tenant MakeTenant(absl::string_view id) { return {TenantId(id), std::string(id), At(0)}; }

TEST_P(StoreContract, WithoutCommitNothingStays) {
  {
    auto t = *store_->Begin();
    EXPECT_OK(t->tenants().Put(MakeTenant("new")));
    EXPECT_OK(t->audit().Append({.time = At(1), .action = "tenant.create", .subject = "new"}));
    EXPECT_TRUE(t->tenants().Find(TenantId("new"))->has_value());  // It sees itself.
  }
  EXPECT_FALSE(Read()->tenants().Find(TenantId("new"))->has_value());
  EXPECT_EQ(Read()->audit().Verify()->events, 0);
}

TEST_P(StoreContract, ASnapshotDoesNotSeeLaterCommits) {
  const auto before = Read();  // Nothing was read through it yet.
  Change([](Transaction& t) { EXPECT_OK(t.tenants().Put(MakeTenant("new"))); });
  EXPECT_FALSE(before->tenants().Find(TenantId("new"))->has_value());
  EXPECT_TRUE(Read()->tenants().Find(TenantId("new"))->has_value());
  EXPECT_FALSE(before->tenants().Find(TenantId("new"))->has_value());
}

TEST_P(StoreContract, ASnapshotDoesNotSeeAnOpenTransaction) {
  auto t = *store_->Begin();
  EXPECT_OK(t->tenants().Put(MakeTenant("new")));
  EXPECT_FALSE(Read()->tenants().Find(TenantId("new"))->has_value());
}

TEST_P(StoreContract, ManySnapshotsLiveSideBySide) {
  std::vector<std::unique_ptr<Snapshot>> snapshots;
  for (int i = 0; i < 12; ++i) {
    snapshots.push_back(Read());
    Change([i](Transaction& t) { EXPECT_OK(t.tenants().Put(MakeTenant(absl::StrCat("t", i)))); });
  }
  for (size_t i = 0; i < snapshots.size(); ++i) {
    EXPECT_EQ(snapshots[i]->tenants().List(TenantWall::Everything())->size(), i + 1);
  }
}

TEST_P(StoreContract, TransactionsComeOneAtATime) {
  auto first = *store_->Begin();
  EXPECT_EQ(Code(store_->Begin()), absl::StatusCode::kUnavailable);
  first.reset();
  EXPECT_OK(store_->Begin().status());
}

TEST_P(StoreContract, AMarkUndoesOneOperationAlone) {
  Change([](Transaction& t) {
    EXPECT_OK(t.tenants().Put(MakeTenant("first")));
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("undone")));
    EXPECT_EQ(Code(t.zones().Put(MakeZone(ZoneId("none/zone")))),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_OK(t.RollBackToMark());
    EXPECT_EQ(Code(t.RollBackToMark()), absl::StatusCode::kFailedPrecondition);
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("kept")));
    EXPECT_OK(t.Release());
    EXPECT_EQ(Code(t.Release()), absl::StatusCode::kFailedPrecondition);
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("open")));  // Commit keeps what an open mark holds.
  });
  const auto snapshot = Read();
  EXPECT_TRUE(snapshot->tenants().Find(TenantId("first"))->has_value());
  EXPECT_FALSE(snapshot->tenants().Find(TenantId("undone"))->has_value());
  EXPECT_TRUE(snapshot->tenants().Find(TenantId("kept"))->has_value());
  EXPECT_TRUE(snapshot->tenants().Find(TenantId("open"))->has_value());
}

TEST_P(StoreContract, MarksNest) {
  Change([](Transaction& t) {
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("outer")));
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("inner")));
    EXPECT_OK(t.RollBackToMark());
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("kept")));
    EXPECT_OK(t.Release());
    EXPECT_OK(t.Release());
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.Mark());
    EXPECT_OK(t.tenants().Put(MakeTenant("undone with what encloses it")));
    EXPECT_OK(t.Release());
    EXPECT_OK(t.RollBackToMark());
    EXPECT_EQ(Code(t.Release()), absl::StatusCode::kFailedPrecondition);
  });
  const auto snapshot = Read();
  for (const char* kept : {"outer", "kept"}) {
    EXPECT_TRUE(snapshot->tenants().Find(TenantId(kept))->has_value()) << kept;
  }
  for (const char* undone : {"inner", "undone with what encloses it"}) {
    EXPECT_FALSE(snapshot->tenants().Find(TenantId(undone))->has_value()) << undone;
  }
}

TEST_P(StoreContract, ATransactionCommitsOnce) {
  auto t = *store_->Begin();
  EXPECT_OK(t->tenants().Put(MakeTenant("new")));
  EXPECT_OK(t->Commit());
  EXPECT_FALSE(t->Commit().ok());
}

TEST_P(StoreContract, AFreshStoreIsHealthy) {
  const StoreHealth health = store_->Health();
  EXPECT_FALSE(health.read_only);
  EXPECT_EQ(health.reason, "");
  EXPECT_GE(health.schema_version, 1);
}

}  // namespace
}  // namespace muster::store
