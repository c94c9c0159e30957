#include "proto/rpc/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/admin/v1/rollout.pb.h"
#include "muster/types/v1/server.pb.h"

namespace muster::rpc {
namespace {

using testing::ElementsAre;

TEST(Words, GoBothWays) {
  EXPECT_EQ(WordOf(admin::v1::TARGET_STATE_IN_DOUBT), "in_doubt");
  EXPECT_EQ(ParseWord<admin::v1::TargetState>("in_doubt"), admin::v1::TARGET_STATE_IN_DOUBT);
  EXPECT_THAT(WordsOf<types::v1::Connectivity>(),
              ElementsAre("never_seen", "online", "offline", "stale"));
}

TEST(Words, NothingIsEmptyAndForeignNumbersAreShown) {
  EXPECT_EQ(WordOf(types::v1::ENROLLMENT_UNSPECIFIED), "");
  EXPECT_EQ(WordOf(static_cast<types::v1::Enrollment>(77)), "77");
  for (const char* word : {"", "unspecified", "IN_DOUBT", "ENROLLMENT_FAILED", "77"}) {
    EXPECT_EQ(ParseWord<types::v1::Enrollment>(word), std::nullopt) << word;
  }
}

}  // namespace
}  // namespace muster::rpc
