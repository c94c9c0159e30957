// One WatchRollout stream: the rollout as it is, then again when it changed, at most four times a
// second, until its final state.
//
//   Changed() ─► dirty ─► not sooner than 250 ms after the last message ─► pool: read ─► write ─┐
//                  ▲                                                                            │
//                  └───────────────────────── dirty again meanwhile ◄───────────────────────────┘
#ifndef MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCH_STREAM_H_
#define MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCH_STREAM_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "muster/admin/v1/rollout.pb.h"
#include "orchestrator/api/rollout_watchers.h"
#include "orchestrator/api/stream.h"

namespace muster::api {

inline constexpr absl::Duration kWatchInterval = absl::Milliseconds(250);

struct WatchedRollout {
  muster::admin::v1::Rollout message;
  bool final = false;
};

// Thread-safe. The carrier holds it by shared_ptr, as the registry and work under way do. It calls
// its sink under its lock.
class RolloutWatchStream final : public ServerStream,
                                 public RolloutWatcher,
                                 public std::enable_shared_from_this<RolloutWatchStream> {
 public:
  // Authorizes and reads, on the pool; an error ends the stream with it.
  using Reader = std::function<absl::StatusOr<WatchedRollout>()>;

  RolloutWatchStream(RolloutId rollout, RolloutWatchers& watchers, Executor& pool, Reader reader);

  // ServerStream.
  void Begin(StreamSink& sink) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // RolloutWatcher.
  void Changed() override;
  void End(const absl::Status& why) override;

 private:
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReadOnPool();
  void Arrived(absl::StatusOr<WatchedRollout> rollout);

  const RolloutId rollout_;
  RolloutWatchers& watchers_;
  Executor& pool_;
  const Reader reader_;

  Mutex mu_;
  StreamSink* sink_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool dirty_ ABSL_GUARDED_BY(mu_) = true;
  bool busy_ ABSL_GUARDED_BY(mu_) = false;   // Reading or writing.
  bool armed_ ABSL_GUARDED_BY(mu_) = false;  // A timer will pump.
  bool final_ ABSL_GUARDED_BY(mu_) = false;  // The final state is being written.
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration next_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();  // Steady time.
  std::optional<absl::Status> finish_with_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_ROLLOUT_WATCH_STREAM_H_
