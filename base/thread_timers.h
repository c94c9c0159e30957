// The real timers: one thread that sleeps until the next one is due.
#ifndef MUSTER_BASE_THREAD_TIMERS_H_
#define MUSTER_BASE_THREAD_TIMERS_H_

#include <map>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/timed_flag.h"
#include "base/timers.h"

namespace muster {

// Thread-safe. Goes by the clock's steady time. Sleeps at most one minute at a time, so that what
// became due while the machine slept is noticed within a minute.
class ThreadTimers final : public Timers {
 public:
  explicit ThreadTimers(const Clock& clock);
  ~ThreadTimers() override;  // Drops what has not fired.

  TimerId After(absl::Duration wait, absl::AnyInvocable<void()> task) override;
  bool Cancel(TimerId id) override;

 private:
  using Key = std::pair<absl::Duration, TimerId>;
  void Run();

  const Clock& clock_;
  TimedFlag changed_;  // The queue has a new first, or it is over.
  Mutex mu_;
  std::map<Key, absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<TimerId, absl::Duration> due_ ABSL_GUARDED_BY(mu_);
  TimerId next_id_ ABSL_GUARDED_BY(mu_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_BASE_THREAD_TIMERS_H_
