#include "orchestrator/core/notify/quiet_hours.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace muster::core {
namespace {

constexpr int kDayMinutes = 24 * 60;

std::optional<absl::TimeZone> QuietZone(const std::string& name) {
  if (name.empty()) return absl::UTCTimeZone();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

}  // namespace

std::string ProblemOfQuietHours(const store::QuietHours& quiet) {
  if (quiet.from < 0 || quiet.from >= kDayMinutes || quiet.to < 0 || quiet.to >= kDayMinutes) {
    return "quiet hours are times of the day, 00:00 to 23:59";
  }
  if (!QuietZone(quiet.time_zone).has_value()) {
    return absl::StrCat("quiet hours name the unknown time zone '", quiet.time_zone, "'");
  }
  return "";
}

absl::Time AfterQuiet(const store::QuietHours& quiet, absl::Time time) {
  if (quiet.from == quiet.to) return time;
  const absl::TimeZone zone = QuietZone(quiet.time_zone).value_or(absl::UTCTimeZone());
  const absl::CivilSecond local = absl::ToCivilSecond(time, zone);
  const int minute = local.hour() * 60 + local.minute();
  const bool over_midnight = quiet.from > quiet.to;
  const bool inside = over_midnight ? minute >= quiet.from || minute < quiet.to
                                    : minute >= quiet.from && minute < quiet.to;
  if (!inside) return time;
  absl::CivilDay day(local);
  if (over_midnight && minute >= quiet.from) ++day;
  const absl::CivilSecond end(day.year(), day.month(), day.day(), quiet.to / 60, quiet.to % 60, 0);
  // Where the clocks leave that time out, it comes with their change.
  const absl::TimeZone::TimeInfo at = zone.At(end);
  return at.kind == absl::TimeZone::TimeInfo::SKIPPED ? at.trans : at.pre;
}

}  // namespace muster::core
