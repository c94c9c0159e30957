// The bootstrap call over server-authenticated TLS: the only trust anchors are those that the token
// carries.
#ifndef MUSTER_WORKER_RPC_GRPC_BOOTSTRAP_CLIENT_H_
#define MUSTER_WORKER_RPC_GRPC_BOOTSTRAP_CLIENT_H_

#include <string>

#include "worker/identity/enroll.h"

namespace muster::worker {

class GrpcBootstrapClient final : public BootstrapClient {
 public:
  // `address` is "host:port" of the bootstrap listener.
  GrpcBootstrapClient(std::string address, std::string ca_bundle_pem)
      : address_(std::move(address)), ca_bundle_pem_(std::move(ca_bundle_pem)) {}

  // Up to 40 s. E-BOOTSTRAP-PIN when the server is not the one that the token pins, E-CLOCK-SKEW
  // when it is and its certificate is out of date by this machine's clock.
  absl::StatusOr<v1::EnrollResponse> Enroll(const v1::EnrollRequest& request) override;

 private:
  const std::string address_;
  const std::string ca_bundle_pem_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_RPC_GRPC_BOOTSTRAP_CLIENT_H_
