// A strand with a thread of its own.
#ifndef MUSTER_BASE_THREAD_STRAND_H_
#define MUSTER_BASE_THREAD_STRAND_H_

#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/strand.h"

namespace muster {

// Thread-safe. Tasks that wait in the queue are run as one batch, so that `after_batch` (if given)
// runs once behind each batch: the control strand commits there (group commit).
class ThreadStrand final : public Strand {
 public:
  // `name` is the thread's name in debuggers (15 characters count).
  explicit ThreadStrand(const std::string& name, Task after_batch = nullptr);
  ~ThreadStrand() override;  // Stops as Stop() does.

  void Post(Task task) override;
  // Runs what is queued, then ends the thread. Later posts are dropped. Blocks; call it from
  // another thread. Idempotent.
  void Stop();

 private:
  void Run();
  bool WorkWaits() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || !queue_.empty(); }

  Task after_batch_;  // Used by the thread only.
  Mutex mu_;
  std::vector<Task> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_BASE_THREAD_STRAND_H_
