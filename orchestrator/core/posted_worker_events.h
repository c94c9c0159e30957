// WorkerEvents, as the session reactors call them: each call becomes one operation on the control
// strand.
#ifndef MUSTER_ORCHESTRATOR_CORE_POSTED_WORKER_EVENTS_H_
#define MUSTER_ORCHESTRATOR_CORE_POSTED_WORKER_EVENTS_H_

#include <string>
#include <vector>

#include "base/log_throttle.h"
#include "orchestrator/core/admission/moment_watch.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/enrollment/enrollments.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/sweep/finding_keeper.h"

namespace muster::core {

class PostedWorkerEvents final : public WorkerEvents {
 public:
  PostedWorkerEvents(TurnControl& control, Dispatcher& dispatcher, Enrollments& enrollments,
                     RolloutEngine& engine, ZoneTable& zones, MomentWatch& moments,
                     Refusals& refusals, FindingKeeper& findings, WorkerLink& workers,
                     const Clock& clock)
      : control_(control),
        dispatcher_(dispatcher),
        enrollments_(enrollments),
        engine_(engine),
        zones_(zones),
        moments_(moments),
        refusals_(refusals),
        findings_(findings),
        workers_(workers),
        clock_(clock) {}

  void OpenSession(SessionOpening opening,
                   absl::AnyInvocable<void(absl::StatusOr<SessionGrant>)> done) override;
  void SessionReady(SessionId session) override;
  void SessionEnded(SessionId session) override;
  void Acknowledged(SessionId session, CommandId command, AttemptId attempt) override;
  void Started(SessionId session, CommandId command, AttemptId attempt) override;
  void Finished(SessionId session, CommandReport report) override;
  void PinHeld(SessionId session, ZonePin held, std::string problem) override;
  void ClockSeen(SessionId session, absl::Duration offset) override;
  void Facts(SessionId session, store::ServiceFacts service,
             std::vector<Failure> problems) override;

 private:
  // Whether the server's identity is this machine's alone; for the session that is let in.
  absl::StatusOr<MachineVerdict> WeighMachine(Turn& turn, const SessionOpening& opening,
                                              const store::Server& server, bool anew);

  TurnControl& control_;
  Dispatcher& dispatcher_;
  Enrollments& enrollments_;
  RolloutEngine& engine_;
  ZoneTable& zones_;
  MomentWatch& moments_;
  Refusals& refusals_;
  FindingKeeper& findings_;
  log::Throttle refusals_told_;  // On the strand.
  WorkerLink& workers_;
  const Clock& clock_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_POSTED_WORKER_EVENTS_H_
