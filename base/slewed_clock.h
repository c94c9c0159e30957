// A wall clock without jumps over one that may jump.
//
// Someone sets the machine's clock back an hour: a deadline that was a minute away, kept as a date,
// would be an hour and a minute away; polls, retries and timeouts would stand still. So the time of
// day that the programs go by runs on with the steady clock and follows the machine's slowly:
//
//   machine's clock is off by     this clock
//   less than 2 s                 follows, without a word (NTP's daily work)
//   up to 3 days                  follows at a quarter of the speed: an hour is made good in four
//                                 hours, and no wait of this process is longer or shorter than by
//                                 a quarter; said once when it begins and once when it ends
//   more                          does not follow: a year is a mistake, and taking it for true would
//                                 expire certificates and forget history. Said at once and every
//                                 hour (E-SYSTEM-CLOCK). It ends when the machine's clock comes
//                                 back, or with a restart, which believes the clock it finds
//
// A machine that starts with a clock of the past century (no battery) and is set by NTP later is
// followed at once: before kEarliestPlausible no time is believed.
#ifndef MUSTER_BASE_SLEWED_CLOCK_H_
#define MUSTER_BASE_SLEWED_CLOCK_H_

#include "base/clock.h"
#include "base/mutex.h"

namespace muster {

class SlewedClock final : public Clock {
 public:
  static constexpr absl::Duration kSaidFrom = absl::Seconds(2);
  static constexpr absl::Duration kFollowedUpTo = absl::Hours(72);
  static constexpr absl::Duration kSaidEvery = absl::Hours(1);
  static constexpr double kSlewRate = 0.25;
  // 2026-01-01T00:00:00Z.
  static constexpr int64_t kEarliestPlausibleSeconds = 1'767'225'600;

  // Begins with `source`'s time, which outlives this clock. Steps are noticed by whoever asks next.
  explicit SlewedClock(const Clock& source);

  absl::Time Now() const override;
  absl::Duration Steady() const override { return source_.Steady(); }
  // What the source's wall clock was ahead of this one when it was last asked; negative: behind.
  absl::Duration offset() const;

 private:
  // Logs what became of the difference, if that is news.
  void Tell(absl::Duration before, absl::Duration now, absl::Duration steady) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Clock& source_;
  mutable Mutex mu_;
  mutable absl::Time now_ ABSL_GUARDED_BY(mu_);
  mutable absl::Duration steady_ ABSL_GUARDED_BY(mu_);  // When now_ was computed.
  mutable absl::Duration offset_ ABSL_GUARDED_BY(mu_);
  mutable bool told_ ABSL_GUARDED_BY(mu_) = false;  // That the two differ.
  mutable absl::Duration told_at_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_BASE_SLEWED_CLOCK_H_
