#include "orchestrator/metrics/work_counts.h"

#include <algorithm>
#include <limits>
#include <string>

namespace muster::metrics {
namespace {

using store::AttemptState;
using store::CommandKind;

constexpr CommandKind kKinds[] = {CommandKind::kProbe, CommandKind::kJoin};
constexpr AttemptState kEnds[] = {AttemptState::kSucceeded, AttemptState::kFailed,
                                  AttemptState::kRejected, AttemptState::kTimedOut,
                                  AttemptState::kSettled};

template <typename Map, typename Key>
double CountIn(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? 0 : static_cast<double>(it->second);
}

}  // namespace

void WorkCounts::CommandSent(CommandKind kind) {
  MutexLock lock(&mu_);
  ++sent_[kind];
}

void WorkCounts::AttemptEnded(CommandKind kind, AttemptState state) {
  MutexLock lock(&mu_);
  ++ended_[{kind, state}];
}

void WorkCounts::TargetProven(const TenantId& tenant, absl::Duration after) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(after));
  MutexLock lock(&mu_);
  Times& times = times_[tenant];
  for (size_t i = 0; i < kTimeToVerifiedBuckets.size(); ++i) {
    times.at_most[i] += seconds <= kTimeToVerifiedBuckets[i];
  }
  ++times.count;
  times.sum += seconds;
}

void WorkCounts::AddTo(Families& families, std::span<const TenantId> tenants) const {
  MutexLock lock(&mu_);
  for (const CommandKind kind : kKinds) {
    const std::string word(ToString(kind));
    families.Add(Metric::kCommandsSent, {word}, CountIn(sent_, kind));
    for (const AttemptState state : kEnds) {
      families.Add(Metric::kAttemptsEnded, {word, std::string(ToString(state))},
                   CountIn(ended_, std::pair(kind, state)));
    }
  }
  std::map<TenantId, Times> all = times_;
  for (const TenantId& tenant : tenants) all.try_emplace(tenant);
  for (const auto& [tenant, times] : all) {
    prometheus::ClientMetric::Histogram histogram;
    histogram.sample_count = times.count;
    histogram.sample_sum = times.sum;
    for (size_t i = 0; i < kTimeToVerifiedBuckets.size(); ++i) {
      histogram.bucket.push_back({times.at_most[i], kTimeToVerifiedBuckets[i]});
    }
    histogram.bucket.push_back({times.count, std::numeric_limits<double>::infinity()});
    families.Add(Metric::kTimeToVerified, {tenant.value()}, std::move(histogram));
  }
}

}  // namespace muster::metrics
