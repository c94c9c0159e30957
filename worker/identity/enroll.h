// How a machine with a bootstrap token becomes a worker: a key, a certificate request, one call.
#ifndef MUSTER_WORKER_IDENTITY_ENROLL_H_
#define MUSTER_WORKER_IDENTITY_ENROLL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/types/v1/facts.pb.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "worker/identity/identity.h"
#include "worker/identity/state_directory.h"

namespace muster::worker {

// The bootstrap call. The real one is GrpcBootstrapClient (worker/rpc).
class BootstrapClient {
 public:
  virtual ~BootstrapClient() = default;
  // Blocks up to its deadline. Errors carry the orchestrator's E-TOKEN-… or E-BOOTSTRAP-… code.
  virtual absl::StatusOr<v1::EnrollResponse> Enroll(const v1::EnrollRequest& request) = 0;
};

struct EnrollOptions {
  v1::TokenFile token;
  types::v1::MachineFacts machine;
  std::string server_name;  // Empty: the machine's name.
  absl::Time now;
};

// Asks for an identity for `key` and checks it (CheckCertificate) before believing it. Touches no
// file: what load generators use.
absl::StatusOr<Identity> RequestIdentity(BootstrapClient& client, const crypto::PrivateKey& key,
                                         const EnrollOptions& options);

struct Enrolled {
  Identity identity;
  // It was enrolled before, in the token's zone, and nothing is wrong with that: nothing was done.
  bool already = false;
};

// RequestIdentity, with a key of the directory and for the directory. Call it as often as you like,
// also after a lost answer or a crash, and while a worker runs on the directory, which then takes
// the new identity over by itself:
//
//   the directory's identity is              what happens
//   none                                     enrolls
//   of the token's zone                      nothing
//   expired, refused by the orchestrator,    enrolls again, with a new key; the server keeps its
//     damaged, or of another orchestrator      record when the token allows it
//   of another zone                          E-WORKER-OTHER-ZONE
absl::StatusOr<Enrolled> Enroll(BootstrapClient& client, const StateDirectory& directory,
                                const EnrollOptions& options);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_ENROLL_H_
