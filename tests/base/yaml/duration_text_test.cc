#include "base/yaml/duration_text.h"

#include <gtest/gtest.h>

namespace muster::yaml {
namespace {

TEST(DurationText, ReadsUnitsAndDays) {
  EXPECT_EQ(ParseDurationText("90s"), absl::Seconds(90));
  EXPECT_EQ(ParseDurationText("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseDurationText("24h"), absl::Hours(24));
  EXPECT_EQ(ParseDurationText("7d"), absl::Hours(168));
  EXPECT_EQ(ParseDurationText("1d12h"), absl::Hours(36));
  EXPECT_EQ(ParseDurationText("0"), absl::ZeroDuration());
}

TEST(DurationText, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "24", "h", "d", "x7d", "7d7d", "1d-2h", "-1d2h", "inf", "1 week",
                           "99999999999999999999h", "999999d"}) {
    EXPECT_EQ(ParseDurationText(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace muster::yaml
