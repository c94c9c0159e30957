#include "orchestrator/core/sweep/schedule.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"

namespace muster::core {
namespace {

constexpr absl::Duration kCronSpread = absl::Minutes(5);
constexpr absl::Duration kShortest = absl::Minutes(5);
constexpr absl::Duration kLongest = absl::Hours(24 * 31);
constexpr int kMostDays = 8 * 366;

bool ParseNumber(absl::string_view text, int low, int high, int& out) {
  return absl::SimpleAtoi(text, &out) && out >= low && out <= high &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// "*", "5", "1-5", "*/15", "10-40/10", and lists of these.
template <size_t N>
bool ParseField(absl::string_view text, int low, int high, std::bitset<N>& out) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(part, '/');
    int step = 1;
    if (halves.size() > 2 || (halves.size() == 2 && !ParseNumber(halves[1], 1, high, step))) {
      return false;
    }
    int from = low;
    int to = high;
    if (halves[0] != "*") {
      const std::vector<absl::string_view> ends = absl::StrSplit(halves[0], '-');
      if (ends.size() > 2 || !ParseNumber(ends[0], low, high, from)) return false;
      to = halves.size() == 2 ? high : from;
      if (ends.size() == 2 && (!ParseNumber(ends[1], low, high, to) || to < from)) return false;
    }
    for (int value = from; value <= to; value += step)
      out.set(static_cast<size_t>(value % static_cast<int>(N)));
  }
  return true;
}

int64_t SaltOf(const ZoneId& zone) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a: the same in every process.
  for (const char c : zone.value()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return static_cast<int64_t>(hash >> 1);
}

absl::Duration OffsetOf(const ZoneId& zone, absl::Duration spread) {
  return absl::Milliseconds(SaltOf(zone) % std::max<int64_t>(1, absl::ToInt64Milliseconds(spread)));
}

std::optional<absl::TimeZone> ZoneOf(const std::string& name) {
  if (name.empty()) return absl::UTCTimeZone();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

}  // namespace

std::optional<CronLine> CronLine::Parse(absl::string_view text) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5) return std::nullopt;
  CronLine line;
  if (!ParseField(fields[0], 0, 59, line.minutes_) || !ParseField(fields[1], 0, 23, line.hours_) ||
      !ParseField(fields[2], 1, 31, line.days_) || !ParseField(fields[3], 1, 12, line.months_) ||
      !ParseField(fields[4], 0, 7, line.weekdays_)) {
    return std::nullopt;
  }
  line.any_day_ = fields[2].front() == '*' || fields[4].front() == '*';
  return line;
}

bool CronLine::HoldsDay(absl::CivilDay day) const {
  if (!months_.test(static_cast<size_t>(day.month()))) return false;
  // absl counts from Monday, cron from Sunday.
  const size_t weekday = (static_cast<size_t>(absl::GetWeekday(day)) + 1) % 7;
  const bool by_date = days_.test(static_cast<size_t>(day.day()));
  const bool by_weekday = weekdays_.test(weekday);
  return any_day_ ? by_date && by_weekday : by_date || by_weekday;
}

std::optional<absl::Time> CronLine::NextAfter(absl::Time after, absl::TimeZone zone) const {
  const absl::CivilDay first(absl::ToCivilSecond(after, zone));
  // The day before, too: its last times may have been put off by a change of the clocks.
  absl::CivilDay day = first - 1;
  for (int i = 0; i < kMostDays; ++i, ++day) {
    if (!HoldsDay(day)) continue;
    std::optional<absl::Time> earliest;
    for (size_t hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_.test(hour)) continue;
      for (size_t minute = 0; minute < minutes_.size(); ++minute) {
        if (!minutes_.test(minute)) continue;
        const absl::TimeZone::TimeInfo info =
            zone.At(absl::CivilSecond(day.year(), day.month(), day.day(), static_cast<int>(hour),
                                      static_cast<int>(minute), 0));
        const absl::Time when =
            info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
        if (when > after && (!earliest.has_value() || when < *earliest)) earliest = when;
      }
    }
    if (earliest.has_value()) return earliest;
  }
  return std::nullopt;
}

std::string ProblemOfSweepPlan(const store::SweepPlan& plan) {
  const bool every = plan.every != absl::ZeroDuration();
  if (plan.off + every + !plan.schedule.empty() > 1) {
    return "must hold one of schedule, every and off";
  }
  if (every && (plan.every < kShortest || plan.every > kLongest)) {
    return "every must be from 5m to 31d";
  }
  if (plan.schedule.empty()) {
    return plan.time_zone.empty() ? "" : "time_zone goes with a schedule";
  }
  const std::optional<CronLine> line = CronLine::Parse(plan.schedule);
  if (!line.has_value()) {
    return absl::StrCat("schedule '", plan.schedule,
                        "' is no cron line: minute, hour, day of month, month, day of week");
  }
  const std::optional<absl::TimeZone> zone = ZoneOf(plan.time_zone);
  if (!zone.has_value()) {
    return absl::StrCat("time_zone '", plan.time_zone,
                        "' is not known; write it like Europe/Vienna");
  }
  if (!line->NextAfter(absl::UnixEpoch(), *zone).has_value()) {
    return absl::StrCat("schedule '", plan.schedule, "' never comes");
  }
  return "";
}

absl::Time NextSweep(const store::SweepPlan& plan, absl::Duration usual, const ZoneId& zone,
                     absl::Time after) {
  if (plan.off) return absl::InfiniteFuture();
  if (plan.schedule.empty()) {
    const absl::Duration every = plan.every == absl::ZeroDuration() ? usual : plan.every;
    if (every <= absl::ZeroDuration()) return absl::InfiniteFuture();
    const absl::Time origin = absl::UnixEpoch() + OffsetOf(zone, every);
    absl::Duration rest;
    const int64_t whole = absl::IDivDuration(after - origin, every, &rest);
    return origin + (whole + (rest < absl::ZeroDuration() ? 0 : 1)) * every;
  }
  const std::optional<CronLine> line = CronLine::Parse(plan.schedule);
  const std::optional<absl::TimeZone> time_zone = ZoneOf(plan.time_zone);
  if (!line.has_value() || !time_zone.has_value()) return absl::InfiniteFuture();
  const absl::Duration offset = OffsetOf(zone, kCronSpread);
  const std::optional<absl::Time> next = line->NextAfter(after - offset, *time_zone);
  return next.has_value() ? *next + offset : absl::InfiniteFuture();
}

}  // namespace muster::core
