#include "proto/rpc/credentials.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace muster::rpc {
namespace {

constexpr unsigned kReadFilesEverySeconds = 5;

grpc::SslServerCredentialsOptions ServerOptions(const TlsServerIdentity& identity,
                                                grpc_ssl_client_certificate_request_type request) {
  grpc::SslServerCredentialsOptions options(request);
  options.pem_key_cert_pairs.push_back(
      {std::string(identity.private_key_pem.Reveal()), identity.certificate_chain_pem});
  return options;
}

void WipeKeys(grpc::SslServerCredentialsOptions& options) {
  for (auto& pair : options.pem_key_cert_pairs) Wipe(pair.private_key);
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> MutualTlsChannelCredentials(
    const TlsClientIdentity& identity) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = identity.ca_bundle_pem;
  options.pem_cert_chain = identity.certificate_pem;
  options.pem_private_key = std::string(identity.private_key_pem.Reveal());
  auto credentials = grpc::SslCredentials(options);
  Wipe(options.pem_private_key);
  return credentials;
}

std::shared_ptr<grpc::ChannelCredentials> TlsChannelCredentials(const std::string& ca_bundle_pem) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_bundle_pem;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> LocalChannelCredentials() {
  return grpc::InsecureChannelCredentials();
}

std::shared_ptr<grpc::ServerCredentials> MutualTlsServerCredentials(
    const TlsServerIdentity& identity, const std::string& client_ca_bundle_pem) {
  auto options =
      ServerOptions(identity, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = client_ca_bundle_pem;
  auto credentials = grpc::SslServerCredentials(options);
  WipeKeys(options);
  return credentials;
}

std::shared_ptr<grpc::ServerCredentials> TlsServerCredentials(const TlsServerIdentity& identity) {
  auto options = ServerOptions(identity, GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  auto credentials = grpc::SslServerCredentials(options);
  WipeKeys(options);
  return credentials;
}

std::shared_ptr<grpc::ServerCredentials> TlsServerCredentialsOf(const TlsServerFiles& files) {
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.private_key, files.certificate_chain, files.client_ca_bundle, kReadFilesEverySeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (files.client_ca_bundle.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> LocalServerCredentials() {
  return grpc::InsecureServerCredentials();
}

}  // namespace muster::rpc
