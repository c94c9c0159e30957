// Looking at a hub step by step, for an operator who wants to know what is wrong. Implemented by
// orchestrator/hub over HTTP. Nothing is stored and nothing of the core moves.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_CHECKER_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_CHECKER_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "orchestrator/core/interfaces/hub_reader.h"

namespace muster::core {

// One thing that was looked at.
struct HubCheckStep {
  enum class Result {
    kOk,
    kWarning,  // It works, and should be otherwise.
    kProblem,
    kSkipped,  // It could not be looked at, for what went wrong before.
  };
  std::string name;  // "dns", "tcp", "tls", …
  Result result = Result::kOk;
  std::string seen;  // In words, without secrets.
  std::string next;  // What to do; empty when there is nothing.
};

class HubChecker {
 public:
  virtual ~HubChecker() = default;
  // Looks at the hub and calls `done` once, with all steps in their order; `done` must not block.
  // Never blocks the caller. The request's `insist` is not looked at: an operator asks.
  virtual void Check(HubReadRequest request,
                     absl::AnyInvocable<void(std::vector<HubCheckStep>)> done) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_CHECKER_H_
