#include "base/thread_timers.h"

#include <algorithm>
#include <vector>

#include "base/platform/thread_name.h"

namespace muster {

ThreadTimers::ThreadTimers(const Clock& clock)
    : clock_(clock), thread_([this] {
        SetThreadName("timers");
        Run();
      }) {}

ThreadTimers::~ThreadTimers() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
  }
  changed_.Set();
  thread_.join();
}

TimerId ThreadTimers::After(absl::Duration wait, absl::AnyInvocable<void()> task) {
  const absl::Duration when = clock_.Steady() + std::max(wait, absl::ZeroDuration());
  MutexLock lock(&mu_);
  const TimerId id = next_id_++;
  const bool first = queue_.empty() || when < queue_.begin()->first.first;
  queue_.emplace(Key(when, id), std::move(task));
  due_.emplace(id, when);
  if (first) changed_.Set();  // Only an earlier deadline needs to wake the thread.
  return id;
}

bool ThreadTimers::Cancel(TimerId id) {
  MutexLock lock(&mu_);
  const auto it = due_.find(id);
  if (it == due_.end()) return false;
  queue_.erase(Key(it->second, id));
  due_.erase(it);
  return true;
}

void ThreadTimers::Run() {
  std::vector<absl::AnyInvocable<void()>> ready;
  while (true) {
    changed_.Clear();  // Before looking: what comes after it sets the flag again.
    absl::Duration wait = absl::Minutes(1);
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
      const absl::Duration now = clock_.Steady();
      while (!queue_.empty() && queue_.begin()->first.first <= now) {
        ready.push_back(std::move(queue_.begin()->second));
        due_.erase(queue_.begin()->first.second);
        queue_.erase(queue_.begin());
      }
      if (!queue_.empty()) wait = std::min(wait, queue_.begin()->first.first - now);
    }
    if (ready.empty()) {
      changed_.Await(wait);
      continue;
    }
    for (auto& task : ready) task();
    ready.clear();
  }
}

}  // namespace muster
