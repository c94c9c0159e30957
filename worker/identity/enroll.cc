#include "worker/identity/enroll.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "worker/service/service_files.h"

namespace muster::worker {

absl::StatusOr<Identity> RequestIdentity(BootstrapClient& client, const crypto::PrivateKey& key,
                                         const EnrollOptions& options) {
  v1::EnrollRequest request;
  request.set_token(options.token.secret());
  // The orchestrator names the worker; the name in the request is only a wish.
  ASSIGN_OR_RETURN(*request.mutable_certificate_request_pem(),
                   crypto::CertificateRequest::Create(key, "muster-worker"));
  *request.mutable_machine() = options.machine;
  request.set_server_name(options.server_name);
  absl::StatusOr<v1::EnrollResponse> response = client.Enroll(request);
  Wipe(*request.mutable_token());
  RETURN_IF_ERROR(response.status());

  Identity identity;
  identity.server_id = ServerId(response->server_id());
  identity.zone_pin = std::move(*response->mutable_zone_pin());
  identity.zone_pin.set_hub_url(NormalizeHubUrl(identity.zone_pin.hub_url()));
  identity.session_address = response->session_address();
  identity.admitted = response->admitted();
  identity.certificate_pem = std::move(*response->mutable_certificate_pem());
  identity.ca_bundle_pem = std::move(*response->mutable_ca_bundle_pem());
  ASSIGN_OR_RETURN(identity.private_key_pem, key.ToPem());
  if (identity.server_id.empty() || identity.zone_pin.hub_url().empty() ||
      identity.session_address.empty()) {
    return FailureStatus(FailureCode::kCertForeign, "the orchestrator's answer lacks a field");
  }
  if (!options.token.zone_id().empty() && options.token.zone_id() != identity.zone_pin.zone_id()) {
    return FailureStatus(FailureCode::kCertForeign,
                         absl::StrCat("the token is of zone ", options.token.zone_id(),
                                      " and the answer of zone ", identity.zone_pin.zone_id()));
  }
  RETURN_IF_ERROR(CheckCertificate(identity.certificate_pem, identity.ca_bundle_pem,
                                   key.public_key(), identity.zone_pin.zone_id(),
                                   identity.server_id, options.now));
  return identity;
}

absl::StatusOr<Identity> Enroll(BootstrapClient& client, const StateDirectory& directory,
                                const EnrollOptions& options) {
  const std::string token_hash = crypto::Sha256Hex(options.token.secret());
  if (directory.HasIdentity()) {
    if (directory.LoadTokenHash() == token_hash) return directory.LoadIdentity();
    const absl::StatusOr<Identity> known = directory.LoadIdentity();
    return FailureStatus(
        FailureCode::kSystemAlreadyInitialized,
        known.ok() ? absl::StrCat(directory.path(), " is server ", known->server_id.value(),
                                  " of zone ", known->zone_pin.zone_id())
                   : absl::StrCat(directory.path(), " holds an identity"));
  }
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, directory.LoadOrMakeKey());
  ASSIGN_OR_RETURN(Identity identity, RequestIdentity(client, key, options));
  RETURN_IF_ERROR(directory.SaveTokenHash(token_hash));
  RETURN_IF_ERROR(directory.SaveIdentity(identity));
  return identity;
}

}  // namespace muster::worker
