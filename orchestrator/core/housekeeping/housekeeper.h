// Forgets what is out of its retention, and makes events findable by subject, in small steps between
// the turns that matter.
//
//   every 10 min ─► step ─► a bounded number of rows of each kind ─► more left? ─► step, soon
//                   └─ the strand is busy: later, but within the hour
//
// Never what invariant 2 needs: commands stay until their expiry plus DispatchOptions'
// command_memory. The audit log is cut at a signed checkpoint only.
#ifndef MUSTER_ORCHESTRATOR_CORE_HOUSEKEEPING_HOUSEKEEPER_H_
#define MUSTER_ORCHESTRATOR_CORE_HOUSEKEEPING_HOUSEKEEPER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/core/audit/head_keeper.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// On the strand only.
class Housekeeper {
 public:
  Housekeeper(const RetentionOptions& options, absl::Duration command_memory, TurnControl& control,
              Agenda& agenda, HeadKeeper& heads)
      : options_(options),
        command_memory_(command_memory),
        control_(control),
        agenda_(agenda),
        heads_(heads) {}

  // From now on. Once.
  void Start(absl::Time now);

 private:
  absl::Status Step(Turn& turn);
  // How many rows went; as many as a step may take means that there are more.
  absl::StatusOr<int> PruneAudit(Turn& turn);

  const RetentionOptions options_;
  const absl::Duration command_memory_;
  TurnControl& control_;
  Agenda& agenda_;
  HeadKeeper& heads_;
  absl::Time busy_since_ = absl::InfiniteFuture();
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HOUSEKEEPING_HOUSEKEEPER_H_
