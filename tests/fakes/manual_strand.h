// Deterministic stand-ins for the threads: a strand and an executor that run only when told.
#ifndef MUSTER_TESTS_FAKES_MANUAL_STRAND_H_
#define MUSTER_TESTS_FAKES_MANUAL_STRAND_H_

#include <deque>
#include <utility>

#include "base/executor.h"
#include "base/strand.h"

namespace muster {

// One-threaded. Tasks wait until RunUntilIdle.
class ManualStrand final : public Strand {
 public:
  void Post(Task task) override { queue_.push_back(std::move(task)); }

  // Runs one task. False when none waits.
  bool RunOne() {
    if (queue_.empty()) return false;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    task();
    return true;
  }
  void RunUntilIdle() {
    while (RunOne()) {
    }
  }
  void DropAll() { queue_.clear(); }  // What a crash does.
  size_t size() const { return queue_.size(); }

 private:
  std::deque<Task> queue_;
};

// As ManualStrand, for blocking work.
class ManualExecutor final : public Executor {
 public:
  void Run(absl::AnyInvocable<void()> task) override { strand_.Post(std::move(task)); }
  bool RunOne() { return strand_.RunOne(); }
  void RunUntilIdle() { strand_.RunUntilIdle(); }
  void DropAll() { strand_.DropAll(); }
  size_t size() const { return strand_.size(); }

 private:
  ManualStrand strand_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAKES_MANUAL_STRAND_H_
