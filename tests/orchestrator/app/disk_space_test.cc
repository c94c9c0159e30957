// Free space on the data directory's disk is looked at before the start and while running.
#include "orchestrator/app/disk_space.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/fakes/fake_clock.h"

namespace muster::app {
namespace {

using testing::HasSubstr;

TEST(DiskSpaceTest, TheStartNeedsRoomForTheDatabasesLog) {
  EXPECT_GT(BytesNeededToStart(0), store::kMostLogBytes);
  // What is there already needs no more room.
  EXPECT_EQ(BytesNeededToStart(0) - BytesNeededToStart(store::kMostLogBytes / 2),
            store::kMostLogBytes / 2);
  EXPECT_EQ(BytesNeededToStart(store::kMostLogBytes), BytesNeededToStart(1 << 30));
  EXPECT_GT(BytesNeededToStart(1 << 30), 0);

  const int64_t needed = BytesNeededToStart(0);
  EXPECT_TRUE(CheckFreeBytes("/data", needed, needed).ok());
  const absl::Status refused = CheckFreeBytes("/data", 20 * kMebibyte, needed);
  EXPECT_EQ(FailureCodeOf(refused), FailureCode::kStoreFull);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("the disk of /data has 20 MiB free, and the database with its log needs 48 "
                        "MiB"));
}

TEST(DiskSpaceTest, TheSystemKnows) {
  const auto free = FreeBytes("/tmp");
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_GT(*free, 0);
  EXPECT_THAT(std::string(FreeBytes("/no/such/folder").status().message()),
              HasSubstr("/no/such/folder"));
}

class InlineExecutor final : public Executor {
 public:
  void Run(absl::AnyInvocable<void()> task) override { task(); }
};

class DiskWatchTest : public testing::Test {
 protected:
  DiskWatchTest() {
    log::SetSinkForTesting([this](absl::string_view line) { lines_.emplace_back(line); });
    watch_.Start();
  }
  ~DiskWatchTest() override { log::SetSinkForTesting(nullptr); }

  FakeClock clock_;
  InlineExecutor pool_;
  absl::StatusOr<int64_t> free_ = 100 * kMebibyte;
  std::vector<std::string> lines_;
  DiskWatch watch_{{.directory = "/data",
                    .warn_below = 50 * kMebibyte,
                    .interval = absl::Seconds(10),
                    .free_bytes = [this](const std::string&) { return free_; }},
                   clock_,
                   pool_};
};

TEST_F(DiskWatchTest, CrossingTheWarningIsSaidOnceEachWay) {
  ASSERT_TRUE(watch_.Last().has_value());
  EXPECT_FALSE(watch_.Last()->low);
  free_ = 49 * kMebibyte;
  clock_.Advance(absl::Seconds(100));
  EXPECT_TRUE(watch_.Last()->low);
  EXPECT_EQ(watch_.Last()->free_bytes, 49 * kMebibyte);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], HasSubstr("level=warning"));
  EXPECT_THAT(lines_[0], HasSubstr("free=\"49 MiB\""));
  free_ = 50 * kMebibyte;
  clock_.Advance(absl::Seconds(100));
  EXPECT_FALSE(watch_.Last()->low);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_THAT(lines_[1], HasSubstr("has space again"));
}

TEST_F(DiskWatchTest, ASystemThatDoesNotSayIsNoWarningOfSpace) {
  free_ = absl::UnavailableError("gone");
  clock_.Advance(absl::Seconds(100));
  EXPECT_FALSE(watch_.Last().has_value());
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], HasSubstr("gone"));
  free_ = 60 * kMebibyte;
  clock_.Advance(absl::Seconds(10));
  EXPECT_FALSE(watch_.Last()->low);
  EXPECT_EQ(lines_.size(), 1u);
}

}  // namespace
}  // namespace muster::app
