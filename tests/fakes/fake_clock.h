// Virtual time: a clock that stands still until it is advanced, and the timers that hang on it.
#ifndef MUSTER_TESTS_FAKES_FAKE_CLOCK_H_
#define MUSTER_TESTS_FAKES_FAKE_CLOCK_H_

#include <map>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/timers.h"

namespace muster {

// Thread-safe. Timers fire in the thread that advances, in order of time and then of creation.
class FakeClock final : public Clock, public Timers {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'790'000'000)) : now_(start) {}

  absl::Time Now() const override;
  absl::Duration Steady() const override;
  TimerId After(absl::Duration wait, absl::AnyInvocable<void()> task) override;
  bool Cancel(TimerId id) override;

  // A timer for a moment of the wall clock as it is set now.
  TimerId At(absl::Time when, absl::AnyInvocable<void()> task) {
    return After(when - Now(), std::move(task));
  }

  // Moves the time forward and fires what is due on the way, each at its own time (a timer may arm
  // another).
  void Advance(absl::Duration by);
  // Moves to the next armed timer and fires it. False when none is armed.
  bool AdvanceToNext();
  // Sets the wall clock, as an administrator or NTP does; no time passes, and no timer fires.
  void StepWall(absl::Duration by);
  // Time of the next timer; InfiniteFuture when none is armed.
  absl::Time NextTimer() const;
  // Blocks until at least `count` timers are armed (for tests with real threads).
  void AwaitArmed(size_t count);

 private:
  using Key = std::pair<absl::Duration, TimerId>;
  bool FireNext(absl::Duration limit);
  void MoveTo(absl::Duration steady) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
  absl::Duration steady_ ABSL_GUARDED_BY(mu_) = absl::Hours(1);
  std::map<Key, absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mu_);
  TimerId next_id_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAKES_FAKE_CLOCK_H_
