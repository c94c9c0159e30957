#include "orchestrator/core/pacing/pacing_table.h"

namespace muster::core {

PacingTable::Bucket& PacingTable::BucketOf(const std::string& hub_url, const std::string& address,
                                           absl::Time now) {
  std::unique_ptr<Bucket>& bucket = buckets_[Key(hub_url, address)];
  if (bucket == nullptr) {
    bucket = std::make_unique<Bucket>(Bucket{TokenBucket(options_, now), {}, false});
  }
  return *bucket;
}

bool PacingTable::Take(const std::string& hub_url, const std::string& address,
                       const ServerId& server, absl::Time now) {
  Bucket& bucket = BucketOf(hub_url, address, now);
  if (bucket.tokens.Take(now)) return true;
  bucket.waiting.push_back(server);
  Arm(bucket, now);
  return false;
}

// Buckets live as long as the table, so the task may hold on to one.
void PacingTable::Arm(Bucket& bucket, absl::Time now) {
  if (bucket.armed || bucket.waiting.empty()) return;
  bucket.armed = true;
  agenda_.At(bucket.tokens.NextToken(now), [this, &bucket](Turn& turn) {
    bucket.armed = false;
    Release(bucket, turn.now());
    return absl::OkStatus();
  });
}

// As many as there are tokens: they take them when their turn comes.
void PacingTable::Release(Bucket& bucket, absl::Time now) {
  TokenBucket probe = bucket.tokens;
  while (!bucket.waiting.empty() && probe.Take(now)) {
    const ServerId server = std::move(bucket.waiting.front());
    bucket.waiting.pop_front();
    released_(server);
  }
  Arm(bucket, now);
}

void PacingTable::OnSuccess(const std::string& hub_url, const std::string& address,
                            absl::Time now) {
  BucketOf(hub_url, address, now).tokens.OnSuccess(now);
}

void PacingTable::OnRefused(const std::string& hub_url, const std::string& address,
                            absl::Time now) {
  BucketOf(hub_url, address, now).tokens.OnRefused(now);
}

}  // namespace muster::core
