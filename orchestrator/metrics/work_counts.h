// What the core tells of commands and targets, counted since the start.
#ifndef MUSTER_ORCHESTRATOR_METRICS_WORK_COUNTS_H_
#define MUSTER_ORCHESTRATOR_METRICS_WORK_COUNTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "orchestrator/core/interfaces/work_watch.h"
#include "orchestrator/metrics/families.h"

namespace muster::metrics {

// Upper bounds of the histogram, in seconds: from a single join to a rollout that waits for people.
inline constexpr std::array<double, 14> kTimeToVerifiedBuckets = {
    5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 259200, 604800};

// Thread-safe; does not block.
class WorkCounts final : public core::WorkWatch {
 public:
  void CommandSent(store::CommandKind kind) override;
  void AttemptEnded(store::CommandKind kind, store::AttemptState state) override;
  void TargetProven(const TenantId& tenant, absl::Duration after) override;

  // Zeros, too, of these tenants: what begins to be counted is no jump from nothing, which rates do
  // not see.
  void AddTo(Families& families, std::span<const TenantId> tenants = {}) const;

 private:
  struct Times {
    std::array<uint64_t, kTimeToVerifiedBuckets.size()> at_most = {};  // Each counts those below.
    uint64_t count = 0;
    double sum = 0;
  };
  mutable Mutex mu_;
  std::map<store::CommandKind, int64_t> sent_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<store::CommandKind, store::AttemptState>, int64_t> ended_ ABSL_GUARDED_BY(mu_);
  std::map<TenantId, Times> times_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_WORK_COUNTS_H_
