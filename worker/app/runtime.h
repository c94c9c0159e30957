// What the workers of one process share: threads, timers, randomness. One worker needs one strand;
// load generators and demos put thousands of workers on a few.
#ifndef MUSTER_WORKER_APP_RUNTIME_H_
#define MUSTER_WORKER_APP_RUNTIME_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/strand.h"
#include "base/thread_timers.h"

namespace muster::worker {

struct RuntimeOptions {
  int strands = 1;
  // Makes the strands; null: each has a thread of its own.
  std::function<std::unique_ptr<Strand>(int number)> make_strand;
  // A join holds a thread for as long as the service takes, up to minutes: as many as may join at
  // once.
  int blocking_threads = 2;
};

// Thread-safe. Outlives its workers.
class Runtime {
 public:
  explicit Runtime(const RuntimeOptions& options = {});
  ~Runtime();

  Strand& NextStrand();  // In turn.
  Executor& executor() { return pool_; }
  Timers& timers() { return timers_; }
  const Clock& clock() const { return SystemClock(); }
  Random& random() { return SystemRandom(); }

 private:
  ThreadTimers timers_;
  BlockingPool pool_;
  std::vector<std::unique_ptr<Strand>> strands_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_RUNTIME_H_
