// SimClock is the time of the doubles: real, faster than real, or moved by hand only.
//
// Hub and services of one test share one clock, so that heartbeats, rate windows, token expiry and
// list lag move together. `Advance` jumps: every timer that became due fires once, in order, a
// periodic one does not fire once per missed period.
//
// Thread-safe. Listeners run on the thread that calls Advance and must only post.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_SIM_CLOCK_H_
#define MUSTER_TESTS_DOUBLES_HTTP_SIM_CLOCK_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace muster::doubles {

class SimClock : public Clock {
 public:
  // 2026-07-18T09:00:00Z, the time of the examples in docs/certify.md.
  static absl::Time DefaultStart() { return absl::FromUnixSeconds(1784365200); }

  // Wall time; with `speed` above 1 it runs that many times faster from now on.
  static std::shared_ptr<SimClock> Real(double speed = 1.0);
  // Stands still until Advance.
  static std::shared_ptr<SimClock> Manual(absl::Time start = DefaultStart());

  absl::Time Now() const override;
  // Moves with Now, which nobody sets.
  absl::Duration Steady() const override { return Now() - absl::UnixEpoch(); }

  // Moves the time forward by `step`, also on a real clock.
  void Advance(absl::Duration step);

  // How long a real timer must wait until Now() reaches `when`: zero when it is past, infinite when
  // only Advance can bring it.
  absl::Duration RealUntil(absl::Time when) const;

  // Calls `listener` after each Advance; the answer is the handle for Unsubscribe.
  int Subscribe(std::function<void()> listener);
  void Unsubscribe(int handle);

 private:
  SimClock(absl::Time start, double speed) : start_(start), speed_(speed) {}
  absl::Time NowLocked() const;

  const absl::Time start_;
  const double speed_;  // 0: moved by hand only
  const absl::Time real_start_ = absl::Now();
  mutable std::mutex mutex_;
  absl::Duration advanced_ = absl::ZeroDuration();  // guarded by mutex_
  std::map<int, std::function<void()>> listeners_;  // guarded by mutex_
  int next_handle_ = 1;                             // guarded by mutex_
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_SIM_CLOCK_H_
