// The buckets: one per (hub, egress address), shared by all rollouts, and who waits at them.
#ifndef MUSTER_ORCHESTRATOR_CORE_PACING_PACING_TABLE_H_
#define MUSTER_ORCHESTRATOR_CORE_PACING_PACING_TABLE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/pacing/token_bucket.h"

namespace muster::core {

// On the strand only.
class PacingTable {
 public:
  using Released = std::function<void(const ServerId&)>;

  PacingTable(const PacingOptions& options, Agenda& agenda) : options_(options), agenda_(agenda) {}
  // Called with each server that waited, when its bucket has a token again; it asks Take anew.
  void SetReleased(Released released) { released_ = std::move(released); }

  // Takes a token. False: the server is parked until the bucket has one.
  bool Take(const std::string& hub_url, const std::string& address, const ServerId& server,
            absl::Time now);
  void OnSuccess(const std::string& hub_url, const std::string& address, absl::Time now);
  void OnRefused(const std::string& hub_url, const std::string& address, absl::Time now);

 private:
  struct Bucket {
    TokenBucket tokens;
    std::deque<ServerId> waiting;
    bool armed = false;
  };
  using Key = std::pair<std::string, std::string>;

  Bucket& BucketOf(const std::string& hub_url, const std::string& address, absl::Time now);
  void Arm(Bucket& bucket, absl::Time now);
  void Release(Bucket& bucket, absl::Time now);

  const PacingOptions options_;
  Agenda& agenda_;
  Released released_;
  std::map<Key, std::unique_ptr<Bucket>> buckets_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_PACING_PACING_TABLE_H_
