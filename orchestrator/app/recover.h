// `muster-orchestrator operator recover`: the way back in for root on the orchestrator's machine, when
// no operator is left who can come in.
//
//   the orchestrator runs       over its admin socket, as any operator is made
//   it does not                 in the data directory itself, as the user whom that belongs to
//
// The provider_admin of the given name gets a new key and certificate, and all older ones end; where
// there is none of that name one is made. Either way it is on record in the audit log.
#ifndef MUSTER_ORCHESTRATOR_APP_RECOVER_H_
#define MUSTER_ORCHESTRATOR_APP_RECOVER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"

namespace muster::app {

struct RecoverOptions {
  std::string data_dir;
  std::string admin_socket;  // Empty: admin.sock in the data directory.
  std::string name = "admin";
  std::string out;  // The operator directory to make; must hold no operator's files.
  absl::Duration valid_for = absl::Hours(24 * 90);
};

struct RecoverReport {
  OperatorId operator_id;
  bool made = false;     // There was no such operator before.
  bool running = false;  // The orchestrator did it.
  absl::Time not_after;
  std::string address;  // As written; empty when it is not known.
};

// E-OPERATOR-NAME-TAKEN (by an operator of another role), E-REQUEST-INVALID, E-SYSTEM-DATA-DIR-BUSY
// (it runs, and its socket is elsewhere), other E-SYSTEM-… and E-STORE-…; InvalidArgument for `out`.
// Blocks on the disk and the orchestrator.
absl::StatusOr<RecoverReport> RecoverOperator(const RecoverOptions& options, const Clock& clock,
                                              Random& random);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_RECOVER_H_
