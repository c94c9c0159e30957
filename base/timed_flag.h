// A flag to wait for, with a limit that the wall clock cannot move: absl's waits with a timeout end
// at a date, and a clock that is set back an hour makes them an hour longer.
#ifndef MUSTER_BASE_TIMED_FLAG_H_
#define MUSTER_BASE_TIMED_FLAG_H_

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace muster {

// Thread-safe.
class TimedFlag {
 public:
  void Set();
  void Clear();
  // Blocks until the flag is set, at most for `limit` (which does not count the machine's sleep).
  // Returns whether it is set.
  bool Await(absl::Duration limit);

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  bool set_ = false;  // Guarded by mu_.
};

}  // namespace muster

#endif  // MUSTER_BASE_TIMED_FLAG_H_
