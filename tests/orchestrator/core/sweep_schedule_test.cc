#include "orchestrator/core/sweep/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::core {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

absl::TimeZone Vienna() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Vienna", &zone));
  return zone;
}
absl::Time Utc(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, absl::UTCTimeZone(), &time, &error)) << error;
  return time;
}
std::string NextOf(const char* line, const char* after, absl::TimeZone zone = absl::UTCTimeZone()) {
  const auto cron = CronLine::Parse(line);
  if (!cron.has_value()) return "no cron line";
  const auto next = cron->NextAfter(Utc(after), zone);
  return next.has_value() ? absl::FormatTime("%Y-%m-%d %H:%M", *next, absl::UTCTimeZone())
                          : "never";
}

TEST(CronLine, ReadsFieldsListsRangesAndSteps) {
  EXPECT_EQ(NextOf("15 2 * * *", "2026-07-18 09:00"), "2026-07-19 02:15");
  EXPECT_EQ(NextOf("15 2 * * *", "2026-07-18 02:15"), "2026-07-19 02:15") << "after, not at";
  EXPECT_EQ(NextOf("15 2 * * *", "2026-07-18 02:14"), "2026-07-18 02:15");
  EXPECT_EQ(NextOf("*/20 * * * *", "2026-07-18 09:41"), "2026-07-18 10:00");
  EXPECT_EQ(NextOf("5-10/3 8,20 * * *", "2026-07-18 08:05"), "2026-07-18 08:08");
  EXPECT_EQ(NextOf("0 0 1 1 *", "2026-07-18 00:00"), "2027-01-01 00:00");
  EXPECT_EQ(NextOf("0 6 * * 1", "2026-07-18 00:00"), "2026-07-20 06:00") << "a Monday";
  EXPECT_EQ(NextOf("0 6 * * 0", "2026-07-18 00:00"), "2026-07-19 06:00");
  EXPECT_EQ(NextOf("0 6 * * 7", "2026-07-18 00:00"), "2026-07-19 06:00") << "Sunday, too";
  EXPECT_EQ(NextOf("0 6 20 * 0", "2026-07-19 06:00"), "2026-07-20 06:00") << "either of the two";
  EXPECT_EQ(NextOf("0 0 29 2 *", "2026-07-18 00:00"), "2028-02-29 00:00");
  EXPECT_EQ(NextOf("0 0 30 2 *", "2026-07-18 00:00"), "never");
}

TEST(CronLine, RefusesWhatIsNone) {
  for (const char* line :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
        "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *", "1/2/3 * * * *", "1-2-3 * * * *",
        "-1 * * * *", "+1 * * * *", ", * * * *"}) {
    EXPECT_FALSE(CronLine::Parse(line).has_value()) << line;
  }
}

// In Vienna 02:00 to 03:00 of 29 March 2026 does not exist, and that of 25 October comes twice.
TEST(CronLine, ATimeThatTheClocksLeaveOutComesOnceAtTheChange) {
  EXPECT_EQ(NextOf("15 2 * * *", "2026-03-28 12:00", Vienna()), "2026-03-29 01:00");
  EXPECT_EQ(NextOf("15 2 * * *", "2026-03-29 01:00", Vienna()), "2026-03-30 00:15");
  EXPECT_EQ(NextOf("*/15 2 * * *", "2026-03-29 00:59", Vienna()), "2026-03-29 01:00");
  EXPECT_EQ(NextOf("*/15 2 * * *", "2026-03-29 01:00", Vienna()), "2026-03-30 00:00")
      << "all that was left out is one";
}

TEST(CronLine, ATimeThatComesTwiceRunsOnce) {
  EXPECT_EQ(NextOf("15 2 * * *", "2026-10-24 12:00", Vienna()), "2026-10-25 00:15");
  EXPECT_EQ(NextOf("15 2 * * *", "2026-10-25 00:15", Vienna()), "2026-10-26 01:15");
  EXPECT_EQ(NextOf("15 2 * * *", "2026-10-25 01:05", Vienna()), "2026-10-26 01:15")
      << "asked between the two";
}

TEST(CronLine, ADayOfAYearHasOneTime) {
  const auto cron = CronLine::Parse("15 2 * * *");
  absl::Time now = Utc("2026-01-01 00:00");
  std::set<absl::CivilDay> days;
  for (int i = 0; i < 365; ++i) {
    now = *cron->NextAfter(now, Vienna());
    EXPECT_TRUE(days.insert(absl::ToCivilDay(now, Vienna())).second) << now;
  }
  EXPECT_EQ(days.size(), 365u);
  EXPECT_EQ(absl::ToCivilDay(now, Vienna()), absl::CivilDay(2026, 12, 31));
}

TEST(SweepPlan, IntervalsAreSpreadOverZonesAndStayInPlace) {
  const store::SweepPlan hourly{.every = absl::Hours(1)};
  std::set<absl::Time> times;
  const absl::Time now = Utc("2026-07-18 09:00");
  for (int i = 0; i < 50; ++i) {
    const ZoneId zone(absl::StrCat("acme/z", i));
    const absl::Time next = NextSweep(hourly, absl::ZeroDuration(), zone, now);
    EXPECT_GT(next, now);
    EXPECT_LE(next, now + absl::Hours(1));
    EXPECT_EQ(NextSweep(hourly, absl::ZeroDuration(), zone, next), next + absl::Hours(1));
    EXPECT_EQ(NextSweep(hourly, absl::ZeroDuration(), zone, next - absl::Seconds(1)), next);
    times.insert(next);
  }
  EXPECT_GT(times.size(), 45u);
}

TEST(SweepPlan, CronLinesAreSpreadOverFiveMinutesAndNeverComeTwice) {
  const store::SweepPlan daily{.schedule = "15 2 * * *", .time_zone = "Europe/Vienna"};
  for (int i = 0; i < 20; ++i) {
    const ZoneId zone(absl::StrCat("acme/z", i));
    const absl::Time next = NextSweep(daily, absl::Hours(1), zone, Utc("2026-07-18 09:00"));
    EXPECT_GE(next, Utc("2026-07-19 00:15"));
    EXPECT_LT(next, Utc("2026-07-19 00:20"));
    EXPECT_GE(NextSweep(daily, absl::Hours(1), zone, next), Utc("2026-07-20 00:15"));
  }
}

TEST(SweepPlan, DefaultsAndOff) {
  const ZoneId zone("acme/prod");
  const absl::Time now = Utc("2026-07-18 09:00");
  EXPECT_LE(NextSweep({}, absl::Hours(1), zone, now), now + absl::Hours(1));
  EXPECT_EQ(NextSweep({}, absl::ZeroDuration(), zone, now), absl::InfiniteFuture());
  EXPECT_EQ(NextSweep({.off = true}, absl::Hours(1), zone, now), absl::InfiniteFuture());
}

TEST(SweepPlan, SaysWhatIsWrongWithIt) {
  const auto problem = [](store::SweepPlan plan) { return ProblemOfSweepPlan(plan); };
  EXPECT_THAT(problem({}), IsEmpty());
  EXPECT_THAT(problem({.schedule = "15 2 * * *", .time_zone = "Europe/Vienna"}), IsEmpty());
  EXPECT_THAT(problem({.every = absl::Minutes(5)}), IsEmpty());
  EXPECT_THAT(problem({.off = true}), IsEmpty());
  EXPECT_THAT(problem({.every = absl::Minutes(1)}), HasSubstr("5m to 31d"));
  EXPECT_THAT(problem({.schedule = "15 2 * * *", .every = absl::Hours(1)}), HasSubstr("one of"));
  EXPECT_THAT(problem({.schedule = "x"}), HasSubstr("no cron line"));
  EXPECT_THAT(problem({.schedule = "0 0 30 2 *"}), HasSubstr("never comes"));
  EXPECT_THAT(problem({.schedule = "15 2 * * *", .time_zone = "Europe/Nowhere"}),
              HasSubstr("is not known"));
  EXPECT_THAT(problem({.time_zone = "Europe/Vienna"}), HasSubstr("goes with a schedule"));
}

}  // namespace
}  // namespace muster::core
