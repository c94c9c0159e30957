// The command `probe`: facts of the machine and of the local service. Changes nothing.
#ifndef MUSTER_WORKER_COMMANDS_PROBE_H_
#define MUSTER_WORKER_COMMANDS_PROBE_H_

#include <functional>
#include <optional>
#include <utility>

#include "muster/types/v1/facts.pb.h"
#include "worker/commands/command_handler.h"
#include "worker/service/driver.h"

namespace muster::worker {

// Succeeds also when the service is missing or does not answer: that is a fact (presence), and the
// failure beside it, which is also among the facts' problems, says why.
class ProbeHandler final : public CommandHandler {
 public:
  // What is due on this server although the service answers; none: nothing.
  using Due = std::function<std::optional<Failure>(const types::v1::ServiceFacts&)>;
  // `driver` outlives the handler. `due` may be null.
  ProbeHandler(ServiceDriver& driver, types::v1::MachineFacts machine, Due due = nullptr)
      : driver_(driver), machine_(std::move(machine)), due_(std::move(due)) {}

  v1::Command::KindCase kind() const override { return v1::Command::kProbe; }
  v1::CommandResult Run(const v1::Command& command) override;
  v1::CommandResult Recover() override;  // Looks again: of journals written by older workers.
  bool changes_nothing() const override { return true; }

 private:
  v1::CommandResult Look();

  ServiceDriver& driver_;
  const types::v1::MachineFacts machine_;
  const Due due_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_PROBE_H_
