// Where machines that want in are heard, whatever way they come: over gRPC in this process, or
// through the door, which is another one (docs/security.md). It takes nothing on trust.
//
//   Ask: form, rate ─► pool: the request's own signature ─► core: is the token good?
//        ─► pool: sign ─► core: put on record ─► answer; or the answer that it gave before
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_BOOTSTRAP_DESK_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_BOOTSTRAP_DESK_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "store/model/server.h"

namespace muster::rpc {

struct BootstrapAsk {
  std::string token_hash;  // Lower-case hex SHA-256.
  std::string server_name;
  std::string address;  // An IP address.
  std::string certificate_request_pem;
  store::MachineFacts machine;
  // Of the request, by whoever checked it and the caller's rate in this process. None: another
  // process says that it did, and the desk does so again.
  std::optional<crypto::PublicKey> checked_key;
};

// Thread-safe.
class BootstrapDesk {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<muster::worker::v1::EnrollResponse>)>;
  virtual ~BootstrapDesk() = default;
  // `done` is called once, on any thread, or destroyed because the process stops. Does not block.
  virtual void Ask(BootstrapAsk ask, Done done) = 0;
};

// The one that answers.
std::unique_ptr<BootstrapDesk> MakeBootstrapDesk(const WorkerServiceDependencies& dependencies,
                                                 BootstrapOptions options);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_BOOTSTRAP_DESK_H_
