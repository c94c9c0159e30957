// `muster-orchestrator selftest secrets`: does a secret ever stand where it must not (invariant 7)?
//
//   plant    a joining key, a verifier's token and a bootstrap token of its own making
//   run      init, serve, enroll, a worker and one join of it, with the installed programs as child
//            processes in a folder of its own; hub and Certify service are stood in for, and repeat
//            the secrets in what they refuse (stand_in.h)
//   look     for the planted ones, in every spelling (secret_search.h), everywhere (places.h)
//   tell     place, looked at, found
//
// It touches no orchestrator, worker or service of the machine.
#ifndef MUSTER_ORCHESTRATOR_SELFTEST_SECRETS_SELFTEST_H_
#define MUSTER_ORCHESTRATOR_SELFTEST_SECRETS_SELFTEST_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::selftest {

// Where a leak can be planted, to see that it is found.
const std::vector<std::string>& LeakPlaces();

struct SecretsSelftestOptions {
  // Where `muster` and `muster-worker` are. Empty: beside this program, else on the PATH.
  std::string programs;
  std::vector<std::string> leaks;  // Of LeakPlaces.
  bool keep = false;  // Leave the folder behind. It is left behind after a failure, too.
};

// Writes the table. True: nothing was found. An error says what could not be done, and where the
// logs are. Blocks for about a minute.
absl::StatusOr<bool> RunSecretsSelftest(const SecretsSelftestOptions& options, std::ostream& out);

}  // namespace muster::selftest

#endif  // MUSTER_ORCHESTRATOR_SELFTEST_SECRETS_SELFTEST_H_
