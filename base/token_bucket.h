// How fast something may be done: a bucket of tokens that fills with time. The one of pacing, of
// the limits per address and of the log.
#ifndef MUSTER_BASE_TOKEN_BUCKET_H_
#define MUSTER_BASE_TOKEN_BUCKET_H_

#include "absl/time/time.h"

namespace muster {

// A value with a little memory; not thread-safe. Times are of one clock of the caller's; one that
// steps back brings no token and is gone by from there.
class TokenBucket {
 public:
  // Full. `per_minute` is above 0, `capacity` at least 1.
  TokenBucket(double per_minute, double capacity, absl::Time now);

  // Takes one token; false when there is none (then NextToken says when).
  bool Take(absl::Time now);
  // When there will be a token; `now` or earlier when there is one.
  absl::Time NextToken(absl::Time now);
  bool IsFull(absl::Time now);

  // What is in the bucket stays, as far as it fits.
  void SetRate(double per_minute, double capacity, absl::Time now);
  void Empty(absl::Time now);
  double per_minute() const { return per_minute_; }

 private:
  void Refill(absl::Time now);

  double per_minute_;
  double capacity_;
  double tokens_;
  absl::Time filled_;
};

}  // namespace muster

#endif  // MUSTER_BASE_TOKEN_BUCKET_H_
