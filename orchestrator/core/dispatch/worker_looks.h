// Asks connected workers what their services say, for sweeps: a command that only reads, sent
// without an attempt of its own (docs/decisions/looks.md).
//
//   Ask(zone) ─► queue of its open sessions ─► so many a second, so many under way ─► answered, or not
//                                                                      all over ─► done(round)
//
// A look is never beside a command: a server that is at one is passed over, and whoever wants to send
// one to a server that is being asked waits until that is over (IsUnderWay, `freed`). Nothing is
// written: the intent is on record with whoever asks, before the first look is sent (invariant 1),
// and an answer that is lost is asked for again by the next round. What a restart interrupts is over.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_WORKER_LOOKS_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_WORKER_LOOKS_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/dispatch/session_table.h"
#include "orchestrator/core/interfaces/work_watch.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// What came of asking the workers of a zone.
struct LookRound {
  int asked = 0;  // Those with an open session and no command under way.
  absl::flat_hash_set<ServerId> answered;
};

// On the strand only.
class WorkerLooks {
 public:
  using Done = std::function<absl::Status(Turn&, LookRound)>;
  using IsAtWork = std::function<bool(const ServerId&)>;
  using Freed = std::function<void(const ServerId&)>;

  // `at_work`: whether a command of the server is under way.
  WorkerLooks(const DispatchOptions& options, Agenda& agenda, OrderedIds& ids, WorkerLink& workers,
              SessionTable& sessions, WorkWatch* work_watch, IsAtWork at_work)
      : options_(options),
        agenda_(agenda),
        ids_(ids),
        workers_(workers),
        sessions_(sessions),
        work_watch_(work_watch),
        at_work_(std::move(at_work)) {}
  // Called when a server may be sent commands again.
  void SetFreed(Freed freed) { freed_ = std::move(freed); }

  // Asks all workers of the zone that are connected now; false: there are none. `done` is called
  // later, as an operation of its own.
  bool Ask(Turn& turn, const ZoneId& zone, Done done);
  bool IsUnderWay(const ServerId& server) const { return under_way_.contains(server); }
  // Whether the report answers a look of this session, and holds what was asked for: the caller
  // keeps the facts.
  bool Answered(Turn& turn, SessionId session, const CommandReport& report);

 private:
  struct Round {
    LookRound result;
    size_t open = 0;  // In the queue or under way.
    Done done;
  };
  struct Look {
    std::shared_ptr<Round> round;
    SessionId session = 0;
    CommandId command;
    absl::Time deadline;
  };

  absl::Status Tick(Turn& turn);
  void SendNext(Turn& turn);
  void Send(Turn& turn, const Session& session, std::shared_ptr<Round> round);
  void End(Turn& turn, std::map<ServerId, Look>::iterator it, store::AttemptState how);
  void Leave(Turn& turn, const std::shared_ptr<Round>& round);
  void Arm(Turn& turn);

  const DispatchOptions options_;
  Agenda& agenda_;
  OrderedIds& ids_;
  WorkerLink& workers_;
  SessionTable& sessions_;
  WorkWatch* const work_watch_;  // Null: nobody counts.
  const IsAtWork at_work_;
  Freed freed_;

  std::deque<std::pair<SessionId, std::shared_ptr<Round>>> queue_;
  std::map<ServerId, Look> under_way_;
  bool armed_ = false;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_WORKER_LOOKS_H_
