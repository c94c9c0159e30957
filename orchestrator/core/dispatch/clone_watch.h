// Two machines with one identity. Each worker is handed a nonce in each session's Welcome, and brings
// it in its next Hello; whose nonce was handed to somebody else since is not alone.
//
//   Hello shows                                  is
//   a nonce that is expected                     the machine that it was handed to
//   none                                         an older worker: taken for the machine it looks like
//   one that we never handed out, or our own     we are older than it (moment_watch.h): it is believed
//     record was put back
//   an older one, machine id known               a restored backup, or a clone: said, not held up
//   an older one, another machine id             a clone
//   one of a machine whose place another took    it came back: it was not replaced, it is alive
//
// Both came back within a day: two machines live, a clone. What a lost Welcome handed out is expected
// as well as what was shown last. Machines of a clone are on record, with all that tells them apart;
// no command runs on their server (IsHeld) until an operator chooses one (Choose), and whoever was not
// chosen is refused (E-SESSION-PUT-OUT).
//
// Beside that, for workers that know no nonces: each one's session ends the other's, without end. One
// such ending is an ordinary reconnect that came before the loss of the old connection was noticed;
// several in a short time are observed (E-SESSION-REPLACED) until a time has passed without any.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "store/model/identity_machine.h"
#include "store/model/server.h"

namespace muster::core {

inline constexpr absl::Duration kCloneWindow = absl::Minutes(30);
inline constexpr size_t kCloneReplacements = 3;  // So many in the window.
// Two that came back within this time are alive at once.
inline constexpr absl::Duration kReturnWindow = absl::Hours(24);
// A machine that was replaced and not heard of for so long is forgotten.
inline constexpr absl::Duration kForgetMachine = absl::Hours(24 * 7);
inline constexpr size_t kMostMachines = 8;  // Kept of one identity: the newest.

// Who opens a session, by its nonce.
struct MachineVerdict {
  std::string nonce;    // For its Welcome.
  bool cloned = false;  // Found so just now.
};

// On the strand only.
class CloneWatch {
 public:
  CloneWatch(Agenda& agenda, OrderedIds& ids) : agenda_(agenda), ids_(ids) {}

  // Those who are held or put out, as of the store.
  absl::Status Recover(Turn& turn);
  // What memory has of the server is read anew.
  absl::Status Reload(Turn& turn, const ServerId& server);

  // Whether there is somebody to choose from, or somebody was chosen.
  bool IsContested(const ServerId& server) const {
    return held_.contains(server) || chosen_.contains(server);
  }
  // Of a session that begins: whether its machine was put out.
  absl::StatusOr<std::optional<Failure>> FindRefusal(Turn& turn, const SessionOpening& opening);
  // Of a session that its certificate lets in. `anew`: a token paid for it, so that whoever had the
  // identity before is out by his key. `older`: our own record was put back to before what it knows.
  absl::StatusOr<MachineVerdict> Weigh(Turn& turn, const SessionOpening& opening, bool anew,
                                       bool older);
  // No command is sent to it until an operator has chosen.
  bool IsHeld(const ServerId& server) const { return held_.contains(server); }
  // The machine goes on, the others of its server are put out. `machine`: its id, or its name where
  // that is of one alone. E-REQUEST-STATE where there are not several, or none is called so.
  absl::StatusOr<std::vector<store::IdentityMachine>> Choose(Turn& turn, const ServerId& server,
                                                             absl::string_view machine);

  // A session from `address` ended one that was open, from `old_address`.
  absl::Status Replaced(Turn& turn, const ServerId& server, absl::string_view old_address,
                        absl::string_view address);
  // A session began and ended none. Clears what an earlier process observed.
  absl::Status Opened(Turn& turn, const ServerId& server);

 private:
  void Note(const store::IdentityMachine& machine);
  absl::Status Calm(Turn& turn, const ServerId& server);
  // One more machine than is known: it shows a nonce that is expected of none, and older than the
  // last. Points into `all`.
  absl::StatusOr<store::IdentityMachine*> Newcomer(Turn& turn, const SessionOpening& opening,
                                                   std::vector<store::IdentityMachine>& all,
                                                   bool& cloned);
  absl::Status Hold(Turn& turn, const ServerId& server, std::vector<store::IdentityMachine>& all);
  absl::Status ForgetAll(Turn& turn, const ServerId& server,
                         std::vector<store::IdentityMachine>& all);
  absl::Status ForgetSilent(Turn& turn, const store::IdentityMachine& present,
                            const std::vector<store::IdentityMachine>& all);

  Agenda& agenda_;
  OrderedIds& ids_;
  absl::flat_hash_map<ServerId, std::vector<absl::Time>> replaced_;
  absl::flat_hash_set<ServerId> held_;    // Some of its machines are cloned,
  absl::flat_hash_set<ServerId> chosen_;  // or put out.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_
