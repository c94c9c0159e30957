#include "tests/fakes/fake_clock.h"

#include <algorithm>

namespace muster {

absl::Time FakeClock::Now() const {
  MutexLock lock(&mu_);
  return now_;
}

absl::Duration FakeClock::Steady() const {
  MutexLock lock(&mu_);
  return steady_;
}

TimerId FakeClock::After(absl::Duration wait, absl::AnyInvocable<void()> task) {
  MutexLock lock(&mu_);
  const TimerId id = next_id_++;
  queue_.emplace(Key(steady_ + wait, id), std::move(task));
  return id;
}

bool FakeClock::Cancel(TimerId id) {
  MutexLock lock(&mu_);
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    if (it->first.second == id) {
      queue_.erase(it);
      return true;
    }
  }
  return false;
}

void FakeClock::MoveTo(absl::Duration steady) {
  if (steady <= steady_) return;
  now_ += steady - steady_;
  steady_ = steady;
}

bool FakeClock::FireNext(absl::Duration limit) {
  absl::AnyInvocable<void()> task;
  {
    MutexLock lock(&mu_);
    if (queue_.empty() || queue_.begin()->first.first > limit) return false;
    MoveTo(queue_.begin()->first.first);
    task = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
  }
  task();
  return true;
}

void FakeClock::Advance(absl::Duration by) {
  const absl::Duration target = Steady() + by;
  while (FireNext(target)) {
  }
  MutexLock lock(&mu_);
  MoveTo(target);
}

bool FakeClock::AdvanceToNext() { return FireNext(absl::InfiniteDuration()); }

void FakeClock::StepWall(absl::Duration by) {
  MutexLock lock(&mu_);
  now_ += by;
}

absl::Time FakeClock::NextTimer() const {
  MutexLock lock(&mu_);
  return queue_.empty() ? absl::InfiniteFuture() : now_ + (queue_.begin()->first.first - steady_);
}

void FakeClock::AwaitArmed(size_t count) {
  MutexLock lock(&mu_);
  auto armed = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return queue_.size() >= count; };
  mu_.Await(absl::Condition(&armed));
}

}  // namespace muster
