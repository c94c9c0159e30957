// TLS for every Muster connection, in one place: TLS 1.2 or newer, only the given trust anchors,
// never the system's.
//
//   listener            server shows        client shows
//   bootstrap           server certificate  nothing (a token inside the call)
//   session, admin      server certificate  certificate of the same CA, required and verified
//   admin Unix socket   nothing             nothing: the socket's file mode is the lock
//
// What TLS verifies: chain, dates and extended key usage of the peer's certificate, and the
// server's name. Who the client is (URI SAN) and whether its certificate was revoked is the
// services' matter.
#ifndef MUSTER_PROTO_RPC_CREDENTIALS_H_
#define MUSTER_PROTO_RPC_CREDENTIALS_H_

#include <memory>
#include <string>

#include "base/secret.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace muster::rpc {

// The DNS name in every orchestrator certificate. Clients verify this name and not the address that
// they dialed, so that addresses may change without new certificates.
inline constexpr char kOrchestratorName[] = "muster-orchestrator";

// Everything in PEM. Malformed PEM is not noticed here: every connection then fails with
// Unavailable.
struct TlsClientIdentity {
  std::string ca_bundle_pem;    // The only trust anchors.
  std::string certificate_pem;  // Leaf first, then intermediates.
  Secret private_key_pem;
};
std::shared_ptr<grpc::ChannelCredentials> MutualTlsChannelCredentials(
    const TlsClientIdentity& identity);
// Server-authenticated only: the bootstrap call.
std::shared_ptr<grpc::ChannelCredentials> TlsChannelCredentials(const std::string& ca_bundle_pem);
// For "unix:PATH" addresses only.
std::shared_ptr<grpc::ChannelCredentials> LocalChannelCredentials();

struct TlsServerIdentity {
  std::string certificate_chain_pem;
  Secret private_key_pem;
};
// A client without a certificate that descends from `client_ca_bundle_pem` does not get past the
// handshake.
std::shared_ptr<grpc::ServerCredentials> MutualTlsServerCredentials(
    const TlsServerIdentity& identity, const std::string& client_ca_bundle_pem);
std::shared_ptr<grpc::ServerCredentials> TlsServerCredentials(const TlsServerIdentity& identity);
// The same from PEM files, which are read again every few seconds: a file that is replaced is what
// the next connection meets. A file that cannot be read leaves what was there before.
struct TlsServerFiles {
  std::string certificate_chain;
  std::string private_key;
  std::string client_ca_bundle;  // Empty: clients show nothing.
};
std::shared_ptr<grpc::ServerCredentials> TlsServerCredentialsOf(const TlsServerFiles& files);
// For "unix:PATH" addresses only.
std::shared_ptr<grpc::ServerCredentials> LocalServerCredentials();

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_CREDENTIALS_H_
