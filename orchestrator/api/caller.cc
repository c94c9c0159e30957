#include "orchestrator/api/caller.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/core/operators/wall.h"
#include "orchestrator/identity/identity_uri.h"

namespace muster::api {
namespace {

using muster::authz::v1::Role;

Role RoleOf(store::OperatorRole role) {
  switch (role) {
    case store::OperatorRole::kViewer:
      return muster::authz::v1::ROLE_VIEWER;
    case store::OperatorRole::kOperator:
      return muster::authz::v1::ROLE_OPERATOR;
    case store::OperatorRole::kTenantAdmin:
      return muster::authz::v1::ROLE_TENANT_ADMIN;
    case store::OperatorRole::kProviderAdmin:
      return muster::authz::v1::ROLE_PROVIDER_ADMIN;
  }
  return muster::authz::v1::ROLE_UNSPECIFIED;
}

// As operators write it: tenant_admin.
std::string WordOf(Role role) {
  return absl::AsciiStrToLower(absl::StripPrefix(muster::authz::v1::Role_Name(role), "ROLE_"));
}

absl::Status Required(absl::string_view why) {
  return FailureStatus(FailureCode::kAuthRequired, why);
}

}  // namespace

absl::StatusOr<Caller> Identify(const Credentials& credentials, const store::Snapshot& snapshot,
                                absl::Time now) {
  if (credentials.door == Door::kLocalSocket) {
    return Caller{core::LocalOperator(), store::OperatorRole::kProviderAdmin, credentials, {}};
  }
  const auto certificate = crypto::Certificate::FromPem(credentials.certificate_pem);
  std::optional<OperatorId> id;
  if (certificate.ok() && certificate->uri_sans().size() == 1) {
    id = identity::ParseOperatorUri(certificate->uri_sans().front());
  }
  if (!id.has_value()) return Required("the call came without an operator's certificate");
  ASSIGN_OR_RETURN(const auto known, snapshot.operators().Find(*id));
  if (!known.has_value()) return Required("the operator is not on record here");
  RETURN_IF_ERROR(core::CheckCredential(*known, certificate->public_key().Fingerprint(), now));
  ASSIGN_OR_RETURN(core::Actor actor, core::ActorOf(*known));
  return Caller{std::move(actor), known->role, credentials, known->id};
}

absl::Status CheckRole(const Caller& caller, Role required) {
  const bool admin_role = required >= muster::authz::v1::ROLE_VIEWER &&
                          required <= muster::authz::v1::ROLE_PROVIDER_ADMIN;
  if (admin_role && RoleOf(caller.role) >= required) {
    if (required < muster::authz::v1::ROLE_PROVIDER_ADMIN ||
        caller.actor.wall.admits_everything()) {
      return absl::OkStatus();
    }
    return FailureStatus(FailureCode::kAuthForbidden,
                         "the method is about all tenants, the caller is bound to some");
  }
  return FailureStatus(FailureCode::kAuthForbidden,
                       absl::StrCat("the method asks for ", WordOf(required), ", the caller is ",
                                    WordOf(RoleOf(caller.role))));
}

}  // namespace muster::api
