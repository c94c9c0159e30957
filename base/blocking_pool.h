// A few threads for work that blocks: hub calls, reads from the store for an RPC, key operations
// (docs/architecture.md, threads).
#ifndef MUSTER_BASE_BLOCKING_POOL_H_
#define MUSTER_BASE_BLOCKING_POOL_H_

#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/executor.h"
#include "base/mutex.h"

namespace muster {

class BlockingPool final : public Executor {
 public:
  BlockingPool(const std::string& name, int threads);
  ~BlockingPool() override;  // Stops as Stop() does.
  void Run(absl::AnyInvocable<void()> task) override;
  // Drops what has not started, waits for what has. Later work is dropped. Blocks. Idempotent.
  void Stop();

 private:
  void Work();

  Mutex mu_;
  std::deque<absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace muster

#endif  // MUSTER_BASE_BLOCKING_POOL_H_
