// What a revocation ends at once: streams are looked at anew (their rights are checked at every
// reading), calls that wait for a hub are refused, and an answer that is under way is withheld.
#ifndef MUSTER_ORCHESTRATOR_API_REVOCATIONS_H_
#define MUSTER_ORCHESTRATOR_API_REVOCATIONS_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "orchestrator/api/long_calls.h"
#include "orchestrator/api/rollout_watchers.h"
#include "orchestrator/core/interfaces/operator_watch.h"

namespace muster::api {

// Thread-safe.
class Revocations final : public core::OperatorWatch {
 public:
  Revocations(RolloutWatchers& watchers, LongCalls& long_calls)
      : watchers_(watchers), long_calls_(long_calls) {}

  void OperatorRevoked(const OperatorId& id) override;
  // E-AUTH-REVOKED for an actor ("operator:opr-…") who was revoked since this process began; who was
  // revoked before is not let in to begin with.
  absl::Status Check(absl::string_view actor) const;

 private:
  RolloutWatchers& watchers_;
  LongCalls& long_calls_;
  mutable Mutex mu_;
  absl::flat_hash_set<std::string> revoked_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_REVOCATIONS_H_
