// A machine that uses a worker's identity. A server has one; a second one means that the identity was
// restored from a backup, or that two machines have it (orchestrator/core/dispatch/clone_watch.h).
#ifndef MUSTER_STORE_MODEL_IDENTITY_MACHINE_H_
#define MUSTER_STORE_MODEL_IDENTITY_MACHINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/foreign_text.h"
#include "base/ids.h"

namespace muster::store {

enum class MachineStanding {
  kKnown,   // The one, or one that has fallen silent.
  kCloned,  // One of several: nothing is done on its server until an operator has chosen.
  kPutOut,  // An operator chose another: it is refused.
};
absl::string_view ToString(MachineStanding standing);
std::optional<MachineStanding> ParseMachineStanding(absl::string_view text);

struct IdentityMachine {
  MachineId id;
  ServerId server_id;
  MachineStanding standing = MachineStanding::kKnown;
  // Of its sessions: the nonce that it showed last, and those that it was handed since, of which it
  // may have kept any. "" and none: of a worker that knows no nonces.
  std::string shown;
  std::vector<std::string> issued;
  // As it said itself, and where it came from, last.
  ForeignText machine_name;
  ForeignText machine_id_hash;
  ForeignText boot;  // Hash of what the system calls its present run; empty: not known.
  std::string address;
  absl::Time first_seen;
  absl::Time last_seen;  // When its last session began.
  // When it came back last after another one had taken its place.
  std::optional<absl::Time> returned_time;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_IDENTITY_MACHINE_H_
