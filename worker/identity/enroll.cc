#include "worker/identity/enroll.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "worker/service/service_files.h"

namespace muster::worker {
namespace {

// In date, and of the orchestrator that the token is of.
bool IsGood(const Identity& identity, const EnrollOptions& options) {
  const auto leaf = crypto::Certificate::FromPem(identity.certificate_pem);
  if (!leaf.ok() || options.now >= leaf->not_after()) return false;
  const auto ours = crypto::Certificate::BundleFromPem(identity.ca_bundle_pem);
  const auto tokens = crypto::Certificate::BundleFromPem(options.token.ca_bundle_pem());
  if (!ours.ok()) return false;
  if (!tokens.ok()) return true;  // The token says nothing of it.
  return std::any_of(ours->begin(), ours->end(), [&tokens](const crypto::Certificate& anchor) {
    return std::any_of(tokens->begin(), tokens->end(), [&anchor](const crypto::Certificate& other) {
      return anchor.public_key() == other.public_key();
    });
  });
}

// A clock that is wrong is no reason for another identity.
bool IsRefused(const StateDirectory& directory) {
  const std::string refusal = directory.LoadRefusal();
  return !refusal.empty() && !absl::StartsWith(refusal, TextOf(FailureCode::kClockSkew));
}

}  // namespace

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

absl::StatusOr<Enrolled> Enroll(BootstrapClient& client, const StateDirectory& directory,
                                const EnrollOptions& options) {
  const bool again = directory.HasIdentity();
  if (again) {
    absl::StatusOr<Identity> known = directory.LoadIdentity();
    const std::string& zone = options.token.zone_id();
    if (known.ok() && !zone.empty() && zone != known->zone_pin.zone_id()) {
      return FailureStatus(
          FailureCode::kWorkerOtherZone,
          absl::StrCat(directory.path(), " is server ", known->server_id.value(), " of zone ",
                       known->zone_pin.zone_id(), "; the token is of zone ", zone));
    }
    if (known.ok() && IsGood(*known, options) && !IsRefused(directory)) {
      return Enrolled{*std::move(known), true};
    }
  }
  // A key that was refused once, or is lost with its certificate, is not shown again.
  ASSIGN_OR_RETURN(const crypto::PrivateKey key,
                   again ? directory.LoadOrMakeNextKey() : directory.LoadOrMakeKey());
  ASSIGN_OR_RETURN(Identity identity, RequestIdentity(client, key, options));
  RETURN_IF_ERROR(directory.SaveTokenHash(crypto::Sha256Hex(options.token.secret())));
  RETURN_IF_ERROR(directory.SaveIdentity(identity));
  if (again) RETURN_IF_ERROR(directory.PromoteNextKey());
  RETURN_IF_ERROR(directory.ClearRefusal());
  return Enrolled{std::move(identity), false};
}

}  // namespace muster::worker
