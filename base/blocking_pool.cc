#include "base/blocking_pool.h"

#include <utility>

#include "base/platform/thread_name.h"

namespace muster {

BlockingPool::BlockingPool(const std::string& name, int threads) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      SetThreadName(name);
      Work();
    });
  }
}

BlockingPool::~BlockingPool() { Stop(); }

void BlockingPool::Run(absl::AnyInvocable<void()> task) {
  MutexLock lock(&mu_);
  if (!stopping_) queue_.push_back(std::move(task));
}

void BlockingPool::Stop() {
  std::deque<absl::AnyInvocable<void()>> dropped;
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void BlockingPool::Work() {
  while (true) {
    absl::AnyInvocable<void()> task;
    {
      MutexLock lock(&mu_);
      mu_.Await(absl::Condition(
          +[](BlockingPool* self)
               ABSL_NO_THREAD_SAFETY_ANALYSIS { return self->stopping_ || !self->queue_.empty(); },
          this));
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace muster
