#include "orchestrator/app/listener_probe.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/key.h"
#include "base/ids.h"
#include "base/status_macros.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"

namespace muster::app {
namespace {

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsFor(
    ProbeDoor door, const identity::CertificateAuthority& authority) {
  if (door == ProbeDoor::kLocalSocket) return rpc::LocalChannelCredentials();
  if (door == ProbeDoor::kTls) return rpc::TlsChannelCredentials(authority.bundle_pem());
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const auto certificate,
                   authority.IssueOperator(OperatorId(kProbeOperator), key.public_key()));
  ASSIGN_OR_RETURN(Secret pem, key.ToPem());
  return rpc::MutualTlsChannelCredentials(
      {authority.bundle_pem(), certificate.ToPem(), std::move(pem)});
}

}  // namespace

std::string AddressToProbe(absl::string_view listen, int port) {
  if (absl::StartsWith(listen, "unix:")) return std::string(listen);
  const absl::string_view host = listen.substr(0, listen.rfind(':'));
  if (host == "0.0.0.0") return absl::StrCat("127.0.0.1:", port);
  if (host == "[::]" || host == "::" || host == "[::0]") return absl::StrCat("[::1]:", port);
  return absl::StrCat(host, ":", port);
}

absl::Status ProbeListener(const std::string& address, ProbeDoor door,
                           const identity::CertificateAuthority& authority,
                           absl::Duration timeout) {
  ASSIGN_OR_RETURN(const auto credentials, CredentialsFor(door, authority));
  const auto stub = grpc::health::v1::Health::NewStub(
      rpc::MakeChannel(address, credentials, {.own_connection = true}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  grpc::health::v1::HealthCheckResponse response;
  return rpc::FromGrpcStatus(stub->Check(&context, {}, &response));
}

}  // namespace muster::app
