#include "worker/rpc/grpc_bootstrap_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/crypto/tls_look.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/worker/v1/bootstrap.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"
#include "worker/identity/peer_judgment.h"

namespace muster::worker {
namespace {

// gRPC tells a handshake that failed from an address that is silent only by its text.
bool IsHandshakeFailure(const grpc::Status& status) {
  const std::string& text = status.error_message();
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         (absl::StrContains(text, "andshake") || absl::StrContains(text, "SSL") ||
          absl::StrContains(text, "TSI") || absl::StrContains(text, "ertificate"));
}

}  // namespace

absl::StatusOr<v1::EnrollResponse> GrpcBootstrapClient::Enroll(const v1::EnrollRequest& request) {
  const auto channel = rpc::MakeChannel(address_, rpc::TlsChannelCredentials(ca_bundle_pem_),
                                        {.own_connection = true});
  const auto stub = v1::Bootstrap::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  v1::EnrollResponse response;
  const grpc::Status status = stub->Enroll(&context, request, &response);
  if (status.ok()) return response;
  if (IsHandshakeFailure(status)) {
    const auto look =
        crypto::LookAtTlsPeer({.address = address_, .server_name = rpc::kOrchestratorName});
    const auto seen = look.ok() ? JudgePeer(*look, {.address = address_,
                                                    .ca_bundle_pem = ca_bundle_pem_,
                                                    .now = absl::Now(),
                                                    .foreign = FailureCode::kBootstrapPinMismatch})
                                : std::nullopt;
    if (seen.has_value()) return FailureStatus(seen->code, seen->detail);
    if (look.ok() && look->chain.empty()) {
      return absl::UnavailableError(
          absl::StrCat("what answers at ", address_, " does not speak TLS; check the address"));
    }
    return FailureStatus(FailureCode::kBootstrapPinMismatch,
                         absl::StrCat("the TLS handshake with ", address_, " failed"));
  }
  return Annotate(rpc::FromGrpcStatus(status), absl::StrCat("orchestrator at ", address_));
}

}  // namespace muster::worker
