// Delivers commands to workers and follows each attempt to its end.
//
//   Send        command + attempt in state sent, committed; then the bytes (invariant 1). An
//               attempt is born "sent": what is committed is the intent to send, and a crash before
//               the bytes left looks like a loss on the way.
//   answers     sent → acknowledged → running → succeeded · failed · rejected; accepted once and
//               from the server's present session only (invariant 2)
//   lost        sent, acknowledged, running → in_doubt; the next Hello's journal tells:
//                 has it, not finished ─► running again
//                 has it, finished     ─► its result follows
//                 never acknowledged, not in the journal ─► never arrived: settled, delivered again
//                     under the same command id, so that a late copy is not run twice
//                 acknowledged, not in the journal, or the worker was enrolled anew since:
//                     its journal need not be the one ─► the journal is lost: only the hub knows
//   one open attempt per server (invariant 11); the store's unique index holds it too
//
// A command that changes nothing (store::ChangesNothing) needs less: its worker answers with the
// result alone and forgets it, so it is "sent" until its result is committed, on record from then on
// only, and what was lost on either way is simply delivered again
// (docs/decisions/read-only-commands.md).
//
// Zone lock (invariant 6): the command's zone, the server's, the key's and the certificate's must
// be one.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_DISPATCHER_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_DISPATCHER_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/attempt_listener.h"
#include "orchestrator/core/dispatch/clone_watch.h"
#include "orchestrator/core/dispatch/session_table.h"
#include "orchestrator/core/dispatch/worker_looks.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/work_watch.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// Why an attempt is settled: store::Attempt::reason.
inline constexpr char kNeverArrivedReason[] = "never arrived";
inline constexpr char kSettledByProof[] = "the hub's list has it";
inline constexpr char kSettledAbsent[] = "an operator says that it is not joined";
inline constexpr char kSettledJoined[] = "an operator says that it is joined";
inline constexpr char kSettledTakenOut[] = "an operator took the server out of the inventory";

// One delivery to make.
struct Delivery {
  ServerId server_id;
  ZoneId zone_id;  // The server's.
  RolloutId rollout_id;
  store::CommandKind kind = store::CommandKind::kProbe;
  bool allow_takeover = false;
  int number = 1;
};

// On the strand only.
class Dispatcher {
 public:
  Dispatcher(const DispatchOptions& options, Agenda& agenda, OrderedIds& ids, KeyVault& vault,
             WorkerLink& workers, ZoneTable& zones, WorkWatch* work_watch = nullptr)
      : options_(options),
        agenda_(agenda),
        ids_(ids),
        vault_(vault),
        workers_(workers),
        zones_(zones),
        work_watch_(work_watch) {}
  void SetListener(AttemptListener* listener) { listener_ = listener; }

  // After a restart no worker is connected: what was under way is in doubt.
  absl::Status Recover(Turn& turn);

  SessionTable& sessions() { return sessions_; }
  WorkerLooks& looks() { return looks_; }
  CloneWatch& clones() { return clones_; }
  // To all who are connected, once zones have changed.
  absl::Status PushZonePins(Turn& turn);
  const OpenAttempt* FindOpen(const ServerId& server) const;
  // Nothing is sent to it now: a command, or a look, is under way, or it is held as a clone.
  bool IsBusy(const ServerId& server) const {
    return open_.contains(server) || looks_.IsUnderWay(server) || clones_.IsHeld(server);
  }

  // Takes the server's next delivery on its way. A failure says why it may not go (no key, zone
  // lock, an unsealable key). kDispatchInDoubt: the command that may still be on its way binds
  // another key; wait until it expires (`not_before`).
  struct NotSent {
    Failure failure;
    absl::Time not_before = absl::InfinitePast();
  };
  absl::StatusOr<std::optional<NotSent>> Send(Turn& turn, ServerChange& change,
                                              const Delivery& delivery);

  // An admitted session begins: ends the server's older one and reads the journal.
  absl::Status SessionOpened(Turn& turn, Session session,
                             const std::vector<SessionOpening::JournalEntry>& journal);
  absl::Status SessionEnded(Turn& turn, SessionId session);
  // Ends a server's session from our side.
  absl::Status EndSession(Turn& turn, const ServerId& server, const Failure& why,
                          bool may_reconnect);

  absl::Status Acknowledged(Turn& turn, SessionId session, const CommandId& command);
  absl::Status Started(Turn& turn, SessionId session, const CommandId& command);
  absl::Status Finished(Turn& turn, SessionId session, const CommandReport& report);

  // Memory may differ from the store about this server: ends its session, which makes the worker
  // tell again what it has, and takes its open attempt as after a restart.
  absl::Status Reload(Turn& turn, const ServerId& server);
  // Not even that can be read: nothing is done with it until the next start, and its sessions are
  // refused. Its present one ends.
  void Bar(Turn& turn, const ServerId& server);
  bool IsBarred(const ServerId& server) const { return barred_.contains(server); }

  // The hub's list, or an operator, decided about a server whose attempt is in doubt: the attempt's
  // move is added to the change. Nothing to do when it has none. A command whose worker has not
  // answered may still arrive: until it expires no other is sent.
  absl::Status Settle(Turn& turn, ServerChange& change, const ServerId& server,
                      absl::string_view reason);

 private:
  using OpenTable = std::map<ServerId, OpenAttempt>;

  // Ends its session and forgets its attempt, in memory.
  void Drop(Turn& turn, const ServerId& server, const Failure& why, bool may_reconnect);
  // Takes up an attempt that the store has as open.
  absl::Status TakeUp(Turn& turn, const store::Attempt& attempt);
  absl::StatusOr<std::optional<store::Command>> FindRedelivery(Turn& turn,
                                                               const Delivery& delivery);
  absl::Status Reconcile(Turn& turn, Session& session,
                         const std::vector<SessionOpening::JournalEntry>& journal);
  absl::Status Doubt(Turn& turn, OpenAttempt& open, const CommandReport* report);
  absl::Status Resume(Turn& turn, OpenAttempt& open, SessionId session);
  absl::Status NeverArrived(Turn& turn, OpenTable::iterator it);
  absl::Status Close(Turn& turn, OpenTable::iterator it, const CommandReport& report,
                     store::AttemptState to);
  // Moves an attempt inside memory and store; its reason and failure are those in `open`.
  absl::Status Move(Turn& turn, ServerChange& change, OpenAttempt& open, store::AttemptState to);
  void SetDeadline(OpenAttempt& open, absl::Time deadline);
  void ArmDeadlines();
  absl::Status CheckDeadlines(Turn& turn);
  absl::Status TimeOut(Turn& turn, const ServerId& server);
  OpenAttempt* FindAnswering(SessionId session, const CommandId& command);

  const DispatchOptions options_;
  Agenda& agenda_;
  OrderedIds& ids_;
  KeyVault& vault_;
  WorkerLink& workers_;
  ZoneTable& zones_;
  WorkWatch* const work_watch_;  // Null: nobody counts.
  AttemptListener* listener_ = nullptr;

  SessionTable sessions_;
  CloneWatch clones_{agenda_, ids_};
  OpenTable open_;
  // Commands that never arrived, until they expire: only they themselves may be sent meanwhile. What
  // an earlier process knew of them is looked up once, so long as one may be unexpired.
  absl::StatusOr<absl::Time> LateCopyUntil(Turn& turn, const ServerId& server);
  std::map<ServerId, absl::Time> late_copies_;
  absl::Time begun_ = absl::InfinitePast();  // This process.
  absl::Time look_for_late_copies_until_ = absl::InfinitePast();
  absl::flat_hash_set<ServerId> looked_for_late_copies_;  // In vain.
  std::set<std::pair<absl::Time, ServerId>> deadlines_;
  std::set<ServerId> barred_;
  absl::Time armed_ = absl::InfiniteFuture();
  WorkerLooks looks_{
      options_, agenda_, ids_, workers_, sessions_, work_watch_, [this](const ServerId& server) {
        return open_.contains(server) || IsBarred(server) || clones_.IsHeld(server);
      }};
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_DISPATCHER_H_
