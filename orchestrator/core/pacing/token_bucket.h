// How fast joins may follow each other behind one address (certify.md 6.1): additive growth while
// they succeed, halved when the hub refuses.
#ifndef MUSTER_ORCHESTRATOR_CORE_PACING_TOKEN_BUCKET_H_
#define MUSTER_ORCHESTRATOR_CORE_PACING_TOKEN_BUCKET_H_

#include "absl/time/time.h"
#include "base/token_bucket.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// A policy with a little memory. The bucket holds at most what ten seconds bring, and at least one.
class TokenBucket {
 public:
  TokenBucket(const PacingOptions& options, absl::Time now);

  // Takes one token; false when there is none (then NextToken says when).
  bool Take(absl::Time now) { return bucket_.Take(now); }
  // When there will be a token; `now` or earlier when there is one.
  absl::Time NextToken(absl::Time now) { return bucket_.NextToken(now); }

  void OnSuccess(absl::Time now);
  // A burst of refusals is one event: the rate is halved at most once in halve_at_most_every.
  void OnRefused(absl::Time now);
  double joins_per_minute() const { return bucket_.per_minute(); }

 private:
  const PacingOptions options_;
  muster::TokenBucket bucket_;
  absl::Time halved_ = absl::InfinitePast();
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_PACING_TOKEN_BUCKET_H_
