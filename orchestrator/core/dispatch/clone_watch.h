// Two machines with one identity: each one's session ends the other's, without end. One such ending
// is an ordinary reconnect that came before the loss of the old connection was noticed; several in
// a short time are observed at the server (E-SESSION-REPLACED) until a time has passed without any.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

inline constexpr absl::Duration kCloneWindow = absl::Minutes(30);
inline constexpr size_t kCloneReplacements = 3;  // So many in the window.

// On the strand only.
class CloneWatch {
 public:
  explicit CloneWatch(Agenda& agenda) : agenda_(agenda) {}

  // A session from `address` ended one that was open, from `old_address`.
  absl::Status Replaced(Turn& turn, const ServerId& server, absl::string_view old_address,
                        absl::string_view address);
  // A session began and ended none. Clears what an earlier process observed.
  absl::Status Opened(Turn& turn, const ServerId& server);

 private:
  absl::Status Calm(Turn& turn, const ServerId& server);

  Agenda& agenda_;
  absl::flat_hash_map<ServerId, std::vector<absl::Time>> replaced_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_CLONE_WATCH_H_
