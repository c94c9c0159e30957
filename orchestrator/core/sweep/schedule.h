// When a zone is swept next. Pure.
//
//   "15 2 * * *" in Europe/Vienna   a cron line: minute, hour, day of month, month, day of week (0 and 7: Sunday)
//   every 1h                        the same distance always
//
// A local time that a change of the clocks leaves out comes at the change; one that comes twice comes
// the first time. Zones are spread: each has an offset of its own, always the same, up to five minutes
// behind a cron line, anywhere in an interval.
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_SCHEDULE_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_SCHEDULE_H_

#include <bitset>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/zone.h"

namespace muster::core {

class CronLine {
 public:
  // None for what is no cron line.
  static std::optional<CronLine> Parse(absl::string_view text);
  // The first time after `after`; none within eight years: "0 0 30 2 *".
  std::optional<absl::Time> NextAfter(absl::Time after, absl::TimeZone zone) const;

 private:
  bool HoldsDay(absl::CivilDay day) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ =
      false;  // One of day of month and day of week is "*": both must hold; else either.
};

// What is wrong with a plan that somebody wrote, as "schedule …"; empty: nothing.
std::string ProblemOfSweepPlan(const store::SweepPlan& plan);

// InfiniteFuture for a plan that is off or never comes.
absl::Time NextSweep(const store::SweepPlan& plan, absl::Duration usual, const ZoneId& zone,
                     absl::Time after);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_SCHEDULE_H_
