// An operator lets in a key, not a name: whoever holds that key comes in, and nobody else who comes
// under the name. The fingerprint is shown on both sides, so that people can compare it.
//
//   muster-worker enroll, run, status ── fingerprint ── compared by people ── muster server show
//                                                                             muster server admit
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_KEY_ADMISSION_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_KEY_ADMISSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/interface/walled_snapshot.h"
#include "store/model/server.h"

namespace muster::core {

// The key that a person is shown for a server.
struct ShownKey {
  std::string fingerprint;  // Hex SHA-256 of the public key; empty: no key is known.
  bool waits = false;       // For an operator, or for its first session. Else it is in use.
};
// The one that waits, for an operator rather than for its first session; else the one of the newest
// certificate in force. Blocks on the store.
absl::StatusOr<ShownKey> KeyOf(const store::WalledSnapshot& snapshot, const store::Server& server,
                               absl::Time now);

// Notes that the server's key with this fingerprint (empty: the one that waits) is let in; other
// keys that waited under its name are superseded. The caller moves the server. E-INVENTORY-KEY;
// E-REQUEST-STATE for an admitted server under whose name no key waits.
absl::Status AdmitKey(Turn& turn, ServerChange& change, const store::Server& server,
                      const std::string& fingerprint);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_KEY_ADMISSION_H_
