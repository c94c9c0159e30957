// The write-ahead log stays bounded, and no commit pays for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::store {
namespace {

constexpr int kCheckpointPages = 64;
constexpr int64_t kCheckpointBytes = kCheckpointPages * 4096;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest()
      : store_(*SqliteStore::Open({.path = path(),
                                   .now = absl::UnixEpoch(),
                                   .durable = false,
                                   .checkpoint_pages = kCheckpointPages})) {}
  std::string path() const { return dir_ / "muster.db"; }
  int64_t FileBytes() const { return static_cast<int64_t>(std::filesystem::file_size(path())); }
  int64_t LogBytes() const {
    return static_cast<int64_t>(std::filesystem::file_size(path() + "-wal"));
  }
  void Put(int number) {
    auto t = store_->Begin();
    ASSERT_TRUE(t.ok()) << t.status();
    ASSERT_TRUE((*t)->tenants()
                    .Put({TenantId(absl::StrCat("t", number)), std::string(5000, 'x'), {}})
                    .ok());
    ASSERT_TRUE((*t)->Commit().ok());
  }
  // Commits until a checkpoint is due.
  void Fill() {
    while (!store_->CheckpointIsDue()) Put(next_++);
  }

  sql::TempDir dir_;
  std::unique_ptr<Store> store_;
  int next_ = 0;
};

TEST_F(CheckpointTest, NoCommitMovesTheLog) {
  const int64_t before = FileBytes();
  Fill();
  for (int i = 0; i < 100; ++i) Put(next_++);
  EXPECT_EQ(FileBytes(), before);
  EXPECT_GT(LogBytes(), 3 * kCheckpointBytes);
}

TEST_F(CheckpointTest, TheLogBeginsAnewAfterEachCheckpoint) {
  for (int round = 0; round < 20; ++round) {
    Fill();
    ASSERT_TRUE(store_->Checkpoint().ok());
    EXPECT_FALSE(store_->CheckpointIsDue());
  }
  EXPECT_LE(LogBytes(), 2 * kCheckpointBytes);
  EXPECT_EQ((*store_->Read())->tenants().List(TenantWall::Everything())->size(),
            static_cast<size_t>(next_));
}

// A long report does not make each turn try again, and the log is given back when it is over.
TEST_F(CheckpointTest, AReaderOfAnOldStateHoldsTheLogUpForAWhile) {
  auto reader = *store_->Read();
  Fill();
  ASSERT_TRUE(store_->Checkpoint().ok());
  EXPECT_FALSE(store_->CheckpointIsDue());
  Fill();
  ASSERT_TRUE(store_->Checkpoint().ok());
  EXPECT_TRUE(reader->tenants().List(TenantWall::Everything())->empty());
  while (LogBytes() < 4 * kCheckpointBytes) Put(next_++);
  reader.reset();
  ASSERT_TRUE(store_->Checkpoint().ok());
  Put(next_++);
  EXPECT_LE(LogBytes(), 2 * kCheckpointBytes);
}

TEST_F(CheckpointTest, TurnsGoOnBesideIt) {
  std::atomic<bool> stop = false;
  std::thread beside([&] {
    while (!stop) {
      if (store_->CheckpointIsDue()) {
        EXPECT_TRUE(store_->Checkpoint().ok());
      }
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 400; ++i) Put(next_++);
  stop = true;
  beside.join();
  EXPECT_EQ((*store_->Read())->tenants().List(TenantWall::Everything())->size(), 400u);
  EXPECT_LT(LogBytes(), 16 * kCheckpointBytes);
}

}  // namespace
}  // namespace muster::store
