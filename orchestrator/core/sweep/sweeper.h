// Sweeps each zone when its plan says so, and when an operator asks: a reading of its hub, compared
// with the inventory, on record.
//
//   plan, operator ─► running ─► workers ─► Verifier ─ walk ─► Comparison ─► FindingKeeper
//                        │         asked first, so that what they    └─ every other reading's walk, too
//                        │         say is as new as the list
//                        └─► completed · partial · failed        still running when the next is due: skipped
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_SWEEPER_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_SWEEPER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/enrollment/reading_watch.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/interfaces/sweep_operations.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/sweep/comparison.h"
#include "orchestrator/core/sweep/finding_keeper.h"

namespace muster::core {

// Takes how many workers of a zone were asked, and which servers' answered.
using TakeAnswers = std::function<absl::Status(Turn&, int, absl::flat_hash_set<ServerId>)>;
// Asks all workers of a zone that are connected; false: there are none, and nothing is told.
using AskWorkers = std::function<bool(Turn&, const ZoneId&, TakeAnswers)>;

struct SweeperParts {
  TurnControl& control;
  Agenda& agenda;
  OrderedIds& ids;
  ZoneTable& zones;
  Verifier& verifier;
  FindingKeeper& findings;
  IsConnected connected;
  AskWorkers ask;
};

// On the strand only.
class Sweeper final : public SweepOperations, public ReadingWatch {
 public:
  Sweeper(const SweepOptions& options, SweeperParts parts)
      : options_(options), p_(std::move(parts)) {
    p_.verifier.SetWatch(this);
  }

  // Sweeps that ran when the process before ended have failed; from now on plans are kept.
  absl::Status Recover(Turn& turn);
  // Zones or their plans have changed.
  absl::Status Replan(Turn& turn);

  // SweepOperations.
  absl::Status Run(Turn& turn, Answer<std::vector<store::Sweep>> done, const Actor& actor,
                   const std::vector<ZoneId>& zones,
                   const std::optional<bool>& ask_workers) override;
  // ReadingWatch.
  std::unique_ptr<WalkNotes> Begin(const HubReading& reading, const HubIndex& index,
                                   HolderOfRecord holder) override;

 private:
  struct Job;  // One Run.
  struct Running {
    SweepId id;
    int asked = 0;
    absl::flat_hash_set<ServerId> answered;
    int disagreed = 0;
  };
  using TakeLines = std::function<void(std::vector<ZoneVerification>)>;

  void Plan(const store::Zone& zone, absl::Time now);
  absl::Status Due(Turn& turn, const ZoneId& zone, absl::Time when);
  // A sweep of the zone, or the record of one that was skipped.
  absl::StatusOr<store::Sweep> BeginSweep(Turn& turn, const ZoneId& zone,
                                          store::SweepTrigger trigger, const std::string& actor);
  // Asks the workers of the zones in `ask`, then reads the hubs of all.
  absl::Status AskThenRead(Turn& turn, const std::vector<ZoneId>& zones,
                           const std::vector<ZoneId>& ask, bool insist, TakeLines done);
  absl::Status Finish(Turn& turn, store::Sweep& sweep, const ZoneVerification& read);
  absl::StatusOr<std::vector<std::string>> DifferencesOf(Turn& turn, const store::Sweep& sweep);

  const SweepOptions options_;
  const SweeperParts p_;
  std::map<ZoneId, absl::Time> planned_;
  std::map<ZoneId, Running> running_;
  // When the zone's last sweep that completed did.
  std::map<ZoneId, absl::Time> last_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_SWEEPER_H_
