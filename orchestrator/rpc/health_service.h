// grpc.health.v1.Health of one listener. gRPC's own one knows no end of a Watch: each that somebody
// holds open keeps a stop waiting for its whole deadline.
//
//   HealthBoard::Set ─► every open Watch is told
//               End  ─► every open Watch is told NOT_SERVING and ends with UNAVAILABLE; later ones too
#ifndef MUSTER_ORCHESTRATOR_RPC_HEALTH_SERVICE_H_
#define MUSTER_ORCHESTRATOR_RPC_HEALTH_SERVICE_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "orchestrator/rpc/stream_budget.h"

namespace grpc {
class CallbackServerContext;
class Service;
}  // namespace grpc

namespace muster::rpc {

// One open Watch. Thread-safe; its calls return at once.
class HealthWatcher {
 public:
  virtual ~HealthWatcher() = default;
  virtual void Show(bool serving) = 0;
  virtual void End() = 0;
};

// What a listener says about itself: not serving at first. Thread-safe.
class HealthBoard {
 public:
  void Set(bool serving);  // Nothing after End.
  void End();              // Not serving for ever. Idempotent.
  bool serving() const;

  // Shows the watcher the state of now, and each change until Remove.
  void Add(const std::shared_ptr<HealthWatcher>& watcher);
  void Remove(const HealthWatcher* watcher);

 private:
  mutable Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::shared_ptr<HealthWatcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

// Whether a caller may ask. `done` is called once, on any thread, or dropped because the process
// stops; `context` is there until then. Does not block.
using HealthAccess = std::function<void(const grpc::CallbackServerContext& context,
                                        absl::AnyInvocable<void(const absl::Status&)> done)>;

// `services`: the full names that may be asked for besides "", which is the listener as a whole.
// Board and budget, of which each open Watch takes a share, outlive the server that the service is
// registered with. `access` null: everybody may ask.
std::unique_ptr<grpc::Service> MakeHealthService(HealthBoard& board, StreamBudget& budget,
                                                 std::set<std::string> services,
                                                 HealthAccess access);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_HEALTH_SERVICE_H_
