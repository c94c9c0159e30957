// A strand without a thread: whoever posts to an idle one runs the task, and what others post
// meanwhile. A load generator's thousands of sessions are not switched between threads for each
// message; their tasks neither block nor take long.
#ifndef MUSTER_TESTS_BENCH_LOAD_INLINE_STRAND_H_
#define MUSTER_TESTS_BENCH_LOAD_INLINE_STRAND_H_

#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strand.h"

namespace muster::bench {

class InlineStrand final : public Strand {
 public:
  void Post(Task task) override {
    {
      MutexLock lock(&mu_);
      queue_.push_back(std::move(task));
      if (std::exchange(running_, true)) return;
    }
    std::vector<Task> batch;
    while (Take(batch)) {
      for (Task& next : batch) next();
      batch.clear();
    }
  }

 private:
  bool Take(std::vector<Task>& batch) {
    MutexLock lock(&mu_);
    batch.swap(queue_);
    if (batch.empty()) running_ = false;
    return running_;
  }

  Mutex mu_;
  std::vector<Task> queue_ ABSL_GUARDED_BY(mu_);
  bool running_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_INLINE_STRAND_H_
