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

// RequestIdentity, with the directory's key and for the directory. With an identity there already:
// the same token again is OK and changes nothing, another is E-SYSTEM-ALREADY-INITIALIZED. After a
// lost answer or a crash, call it again.
absl::StatusOr<Identity> Enroll(BootstrapClient& client, const StateDirectory& directory,
                                const EnrollOptions& options);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_ENROLL_H_
