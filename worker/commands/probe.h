// The command `probe`: facts of the machine and of the local service. Changes nothing.
#ifndef MUSTER_WORKER_COMMANDS_PROBE_H_
#define MUSTER_WORKER_COMMANDS_PROBE_H_

#include "muster/types/v1/facts.pb.h"
#include "worker/commands/command_handler.h"
#include "worker/service/driver.h"

namespace muster::worker {

// Succeeds also when the service is missing or does not answer: that is a fact (presence), and the
// failure beside it says why.
class ProbeHandler final : public CommandHandler {
 public:
  // `driver` outlives the handler.
  ProbeHandler(ServiceDriver& driver, types::v1::MachineFacts machine)
      : driver_(driver), machine_(std::move(machine)) {}

  v1::Command::KindCase kind() const override { return v1::Command::kProbe; }
  v1::CommandResult Run(const v1::Command& command) override;
  v1::CommandResult Recover() override;  // Looks again: of journals written by older workers.
  bool changes_nothing() const override { return true; }

 private:
  v1::CommandResult Look();

  ServiceDriver& driver_;
  const types::v1::MachineFacts machine_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_PROBE_H_
