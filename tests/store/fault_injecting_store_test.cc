#include "tests/fakes/fault_injecting_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure.h"
#include "base/failure_code.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster {
namespace {

using ::testing::StartsWith;

class FaultInjectingStoreTest : public testing::Test {
 protected:
  FaultInjectingStoreTest()
      : real_(*store::SqliteStore::Open({.path = dir_ / "m.db", .durable = false})),
        store_(*real_) {}

  absl::Status Put(absl::string_view tenant) {
    auto transaction = store_.Begin();
    if (!transaction.ok()) return transaction.status();
    EXPECT_TRUE((*transaction)->tenants().Put({TenantId(tenant), "", absl::Time()}).ok());
    return (*transaction)->Commit();
  }
  bool Kept(absl::string_view tenant) {
    return (*real_->Read())->tenants().Find(TenantId(tenant))->has_value();
  }

  sql::TempDir dir_;
  std::unique_ptr<store::Store> real_;
  FaultInjectingStore store_;
};

TEST_F(FaultInjectingStoreTest, CountsCommitsAndCallsTheHook) {
  std::vector<int> seen;
  store_.SetCommitHook([&seen](int number) {
    seen.push_back(number);
    return number == 2 ? absl::UnavailableError("not now") : absl::OkStatus();
  });
  EXPECT_TRUE(Put("a").ok());
  EXPECT_EQ(Put("b").message(), "not now");
  EXPECT_TRUE(Put("c").ok());
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(store_.commits(), 3);
  EXPECT_TRUE(Kept("a"));
  EXPECT_FALSE(Kept("b"));
  EXPECT_TRUE(Kept("c"));
}

TEST_F(FaultInjectingStoreTest, AFailedDiskMakesItReadOnly) {
  store_.FailCommit(2, Fault::kFull);
  EXPECT_TRUE(Put("a").ok());
  EXPECT_EQ(FailureCodeOf(Put("b")), FailureCode::kStoreFull);
  EXPECT_TRUE(store_.Health().read_only);
  EXPECT_THAT(store_.Health().reason, StartsWith("E-STORE-FULL"));
  EXPECT_EQ(FailureCodeOf(Put("c")), FailureCode::kStoreReadOnly);
  EXPECT_TRUE(store_.Read().ok());
  EXPECT_FALSE(Kept("b"));
  store_.Revive();
  EXPECT_TRUE(Put("d").ok());
  store_.FailCommit(store_.commits() + 1, Fault::kIo);
  EXPECT_EQ(FailureCodeOf(Put("e")), FailureCode::kStoreIo);
  store_.Revive();
  store_.FailCommit(store_.commits() + 1, Fault::kCorrupt);
  EXPECT_EQ(FailureCodeOf(Put("f")), FailureCode::kStoreCorrupt);
}

TEST_F(FaultInjectingStoreTest, ACrashBeforeTheCommitLosesIt) {
  store_.FailCommit(1, Fault::kCrashBefore);
  EXPECT_FALSE(Put("a").ok());
  EXPECT_TRUE(store_.crashed());
  EXPECT_FALSE(Kept("a"));
  EXPECT_FALSE(store_.Begin().ok());
  EXPECT_FALSE(store_.Read().ok());
  store_.Revive();
  EXPECT_TRUE(Put("a").ok());
}

TEST_F(FaultInjectingStoreTest, ACrashAfterTheCommitKeepsIt) {
  store_.FailCommit(1, Fault::kCrashAfter);
  EXPECT_FALSE(Put("a").ok());
  EXPECT_TRUE(store_.crashed());
  EXPECT_TRUE(Kept("a"));
}

}  // namespace
}  // namespace muster
