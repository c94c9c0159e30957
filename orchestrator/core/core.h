// The decision core of the orchestrator, put together: everything that changes state goes through
// here.
//
//   rpc (admin, bootstrap) ─► operations()     ─┐
//   rpc (sessions)         ─► worker_events()  ─┼─► control strand: one turn = one transaction
//   timers, hub readings   ─────────────────────┘        │ after the commit
//                                                        ▼ WorkerLink, RolloutWatch, answers
//
//   admission   who may come in              dispatch     sessions, attempts, journals
//   inventory   tenants, zones, servers      pacing       joins a minute per (hub, address)
//   rollout     which server when            enrollment   what becomes of one: claim, doubt, proof
//   hubs        one reading for all who wait
//   sweep       what hub, workers and inventory say differently, by plan
//   notify      who is told what happened, when, and what becomes of it
//   report      answers computed from a store snapshot (free functions; no core needed)
#ifndef MUSTER_ORCHESTRATOR_CORE_CORE_H_
#define MUSTER_ORCHESTRATOR_CORE_CORE_H_

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/strand.h"
#include "base/timers.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/notification_sender.h"
#include "orchestrator/core/interfaces/operations.h"
#include "orchestrator/core/interfaces/operator_watch.h"
#include "orchestrator/core/interfaces/rollout_watch.h"
#include "orchestrator/core/interfaces/system_condition.h"
#include "orchestrator/core/interfaces/work_watch.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/core/options.h"
#include "store/interface/store.h"

namespace muster::core {

// All are borrowed and outlive the core.
struct CoreDependencies {
  store::Store& store;
  Strand& strand;
  Executor* disk;  // Waits for the disk beside the strand; null: the strand waits itself.
  const Clock& clock;
  Timers& timers;
  Random& random;
  KeyVault& vault;
  HubReader& hub_reader;
  WorkerLink& workers;
  RolloutWatch& watch;
  CoreOptions options;
  // Null: the audit log has no signed heads, and none of its events is ever forgotten.
  AuditKey* audit_key = nullptr;
  HeadBook* head_book = nullptr;
  OperatorWatch* operator_watch = nullptr;  // Null: nothing is open for operators.
  WorkWatch* work_watch = nullptr;          // Null: nobody counts.
  NotificationSender* sender = nullptr;     // Null: nobody is told of anything.
};

// Lifetime: destroy it only after strand, timers and hub reader have stopped calling back.
class Core {
 public:
  explicit Core(CoreDependencies dependencies);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Takes up the work where the store says that it stopped (invariant 10): open attempts are in
  // doubt until their workers are back, unfinished rollouts go on, unproven servers are polled
  // again. Call once, before anything is posted; blocks on the store. On an error nothing runs.
  absl::Status Start();
  // Tells the refusals that were only counted, and signs the audit log as it is then: before a Stop
  // that is not that of a failed start, for whoever comes to the files later. `done` runs on the strand once that is durable. Thread-safe.
  void SignAudit(absl::AnyInvocable<void(absl::Status)> done);
  // All that the program finds of itself now that somebody may have to be told of. Thread-safe.
  void TakeSystemConditions(std::vector<SystemCondition> found);
  // From here on nothing new is decided: operations are refused with Unavailable, timers are
  // dropped. What is committed stays; answers of operations queued before still come. Thread-safe.
  void Stop();

  const Operations& operations() const;
  WorkerEvents& worker_events();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CORE_H_
