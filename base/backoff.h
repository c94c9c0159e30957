// Waiting times between tries: exponential with full jitter, so that a fleet does not come back as
// one wave.
#ifndef MUSTER_BASE_BACKOFF_H_
#define MUSTER_BASE_BACKOFF_H_

#include "absl/time/time.h"
#include "base/random.h"

namespace muster {

struct BackoffOptions {
  absl::Duration first = absl::Seconds(1);  // Upper bound of the first wait.
  absl::Duration cap = absl::Minutes(2);    // Upper bound of every later wait.
  double factor = 2.0;
};

// The wait before try number `failures` + 1: uniform in (0, min(cap, first × factor^failures)],
// never below 1 ms. Pure but for `random`.
absl::Duration BackoffDelay(const BackoffOptions& options, int failures, Random& random);

// Counts failures for one thing that is retried. Not thread-safe.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, Random& random) : options_(options), random_(random) {}
  // The next wait; each call counts as one more failure.
  absl::Duration Next() { return BackoffDelay(options_, failures_++, random_); }
  void Reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  const BackoffOptions options_;
  Random& random_;
  int failures_ = 0;
};

}  // namespace muster

#endif  // MUSTER_BASE_BACKOFF_H_
