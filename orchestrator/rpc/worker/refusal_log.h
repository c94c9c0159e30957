// What the log says of machines that are turned away: anybody may knock as often as he likes, so a
// flood is a few lines a minute and a number.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_REFUSAL_LOG_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_REFUSAL_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/log_throttle.h"

namespace muster::rpc {

// Thread-safe. One for each way in.
class RefusalLog {
 public:
  explicit RefusalLog(const Clock& clock) : clock_(clock) {}
  // `name` and `address` as the machine said them.
  void Say(const std::string& name, const std::string& address, const absl::Status& why);

 private:
  const Clock& clock_;
  log::Throttle told_;
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_REFUSAL_LOG_H_
