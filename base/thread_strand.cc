#include "base/thread_strand.h"

#include <utility>

#include "base/platform/thread_name.h"

namespace muster {

ThreadStrand::ThreadStrand(const std::string& name, Task after_batch)
    : after_batch_(std::move(after_batch)), thread_([this, name] {
        SetThreadName(name);
        Run();
      }) {}

ThreadStrand::~ThreadStrand() { Stop(); }

void ThreadStrand::Post(Task task) {
  MutexLock lock(&mu_);
  if (!stopping_) queue_.push_back(std::move(task));
}

void ThreadStrand::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void ThreadStrand::Run() {
  std::vector<Task> batch;
  while (true) {
    {
      MutexLock lock(&mu_);
      mu_.Await(absl::Condition(
          +[](ThreadStrand* self) ABSL_NO_THREAD_SAFETY_ANALYSIS { return self->WorkWaits(); },
          this));
      if (queue_.empty()) return;  // Stopping, and everything queued has run.
      batch.swap(queue_);
    }
    for (Task& task : batch) task();
    batch.clear();
    if (after_batch_) after_batch_();
  }
}

}  // namespace muster
