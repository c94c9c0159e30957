// Who watches which rollout. The core says on the strand that a rollout changed; every watch stream
// of it is told, and reads and sends at its own pace (rollout_watch_stream.h).
#ifndef MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCHERS_H_
#define MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCHERS_H_

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/timers.h"
#include "orchestrator/core/interfaces/rollout_watch.h"

namespace muster::api {

// One watch stream. Thread-safe; its calls return at once.
class RolloutWatcher {
 public:
  virtual ~RolloutWatcher() = default;
  virtual void Changed() = 0;
  virtual void End(const absl::Status& why) = 0;
};

// Thread-safe. It outlives the servers; its timers have ended when it is destroyed.
class RolloutWatchers final : public core::RolloutWatch {
 public:
  RolloutWatchers(const Clock& clock, Timers& timers) : clock_(clock), timers_(timers) {}

  void RolloutChanged(const RolloutId& rollout) override;

  // Unavailable after EndAll.
  absl::Status Add(const RolloutId& rollout, const std::shared_ptr<RolloutWatcher>& watcher);
  void Remove(const RolloutId& rollout, const RolloutWatcher* watcher);
  // All streams read again what they show, and whether they still may.
  void LookAgain();
  // Ends all streams; later ones are refused.
  void EndAll(const absl::Status& why);

  const Clock& clock() const { return clock_; }
  Timers& timers() { return timers_; }

 private:
  using Watchers = std::vector<std::shared_ptr<RolloutWatcher>>;

  const Clock& clock_;
  Timers& timers_;
  Mutex mu_;
  absl::flat_hash_map<RolloutId, Watchers> watchers_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCHERS_H_
