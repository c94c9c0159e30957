#include "orchestrator/api/rollout_watchers.h"

#include <algorithm>

namespace muster::api {

void RolloutWatchers::RolloutChanged(const RolloutId& rollout) {
  Watchers told;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(rollout);
    if (it == watchers_.end()) return;
    told = it->second;
  }
  for (const auto& watcher : told) watcher->Changed();
}

absl::Status RolloutWatchers::Add(const RolloutId& rollout,
                                  const std::shared_ptr<RolloutWatcher>& watcher) {
  MutexLock lock(&mu_);
  if (!refusal_.ok()) return refusal_;
  watchers_[rollout].push_back(watcher);
  return absl::OkStatus();
}

void RolloutWatchers::Remove(const RolloutId& rollout, const RolloutWatcher* watcher) {
  MutexLock lock(&mu_);
  const auto it = watchers_.find(rollout);
  if (it == watchers_.end()) return;
  auto& list = it->second;
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const auto& entry) { return entry.get() == watcher; }),
             list.end());
  if (list.empty()) watchers_.erase(it);
}

void RolloutWatchers::LookAgain() {
  Watchers told;
  {
    MutexLock lock(&mu_);
    for (const auto& [rollout, watchers] : watchers_) {
      told.insert(told.end(), watchers.begin(), watchers.end());
    }
  }
  for (const auto& watcher : told) watcher->Changed();
}

void RolloutWatchers::EndAll(const absl::Status& why) {
  absl::flat_hash_map<RolloutId, Watchers> all;
  {
    MutexLock lock(&mu_);
    refusal_ = why;
    all.swap(watchers_);
  }
  for (const auto& [rollout, watchers] : all) {
    for (const auto& watcher : watchers) watcher->End(why);
  }
}

}  // namespace muster::api
