// The page between those who make it and those who ask for it.
#include "orchestrator/metrics/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace muster::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FamiliesTest, LabelsAreEscapedAndInfiniteTimesLeftOut) {
  Families families;
  families.Add(Metric::kServers, {"ac\"me", "a\\b\nc", "enrolled"}, 3);
  families.AddTime(Metric::kAuthorityEnd, {}, absl::InfiniteFuture());
  families.AddTime(Metric::kStartTime, {}, absl::FromUnixSeconds(1'790'000'000));
  families.Add(Metric::kListenerTaken, {"session"}, 9e15);
  const std::string text = families.Text();
  EXPECT_THAT(text, HasSubstr("muster_servers{tenant=\"ac\\\"me\",zone=\"a\\\\b\\nc\","
                              "enrollment=\"enrolled\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE muster_servers gauge\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE muster_listener_taken_total counter\n"));
  EXPECT_THAT(text, HasSubstr("muster_start_timestamp_seconds 1790000000\n"));
  EXPECT_THAT(text, Not(HasSubstr("muster_authority")));
}

class MetricsPageTest : public testing::Test {
 protected:
  FakeClock clock_;
  absl::Status status_;
  absl::Duration takes_ = absl::Seconds(1);
  int collected_ = 0;
  MetricsPage page_{clock_, [this](Families& families) {
                      families.Add(Metric::kTenants, ++collected_);
                      clock_.Advance(takes_);
                      return status_;
                    }};
};

TEST_F(MetricsPageTest, TheLastOneIsAnsweredWithItsAge) {
  EXPECT_EQ(page_.Text(), "");
  page_.Refresh();
  EXPECT_THAT(page_.Text(), HasSubstr("muster_tenants 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("muster_metrics_age_seconds 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("muster_metrics_collect_seconds 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("muster_metrics_failures_total 0\n"));
  clock_.Advance(absl::Seconds(4));
  EXPECT_THAT(page_.Text(), HasSubstr("muster_metrics_age_seconds 5\n"));
  EXPECT_EQ(collected_, 1) << "who asks makes nothing";
}

TEST_F(MetricsPageTest, CollectingTakesATenthOfTheTimeAtMost) {
  page_.Refresh();
  clock_.Advance(absl::Seconds(8));
  page_.Refresh();
  EXPECT_EQ(collected_, 1);
  clock_.Advance(absl::Seconds(1));
  page_.Refresh();
  EXPECT_EQ(collected_, 2);
}

TEST_F(MetricsPageTest, AFailureIsCountedAndTheRestIsShown) {
  takes_ = absl::ZeroDuration();
  page_.Refresh();
  status_ = absl::UnavailableError("the disk");
  page_.Refresh();
  page_.Refresh();
  EXPECT_THAT(page_.Text(), HasSubstr("muster_metrics_failures_total 2\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("muster_tenants 3\n"));
}

}  // namespace
}  // namespace muster::metrics
