#include "orchestrator/rpc/admin/caller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/rpc/peer.h"

namespace muster::rpc {
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

absl::Status Required(absl::string_view why) {
  return FailureStatus(FailureCode::kAuthRequired, why);
}

}  // namespace

bool Caller::Sees(const TenantId& tenant) const {
  const auto& visible = actor.visible_tenants;
  return visible.empty() || std::find(visible.begin(), visible.end(), tenant) != visible.end();
}

absl::StatusOr<Caller> Identify(Door door, const std::string& certificate_pem,
                                const store::Snapshot& snapshot, absl::Time now) {
  if (door == Door::kLocalSocket) {
    return Caller{.actor = {.name = "operator:local"}, .role = store::OperatorRole::kProviderAdmin};
  }
  ASSIGN_OR_RETURN(const PeerOperator peer, OperatorIn(certificate_pem));
  ASSIGN_OR_RETURN(const auto known, snapshot.operators().Find(peer.id));
  if (!known.has_value()) return Required("the operator is not on record here");
  RETURN_IF_ERROR(core::CheckCredential(*known, peer.public_key_hash, now));
  Caller caller{.actor = {.name = absl::StrCat("operator:", known->id.value()),
                          .visible_tenants = known->tenants},
                .role = known->role};
  // No wall means all tenants; only a provider_admin may have none.
  if (known->tenants.empty() && known->role != store::OperatorRole::kProviderAdmin) {
    return FailureStatus(FailureCode::kAuthForbidden, "the operator is bound to no tenant");
  }
  return caller;
}

absl::Status CheckRole(const Caller& caller, Role required) {
  const bool admin_role = required >= muster::authz::v1::ROLE_VIEWER &&
                          required <= muster::authz::v1::ROLE_PROVIDER_ADMIN;
  if (admin_role && RoleOf(caller.role) >= required) return absl::OkStatus();
  return FailureStatus(
      FailureCode::kAuthForbidden,
      absl::StrCat("the method asks for ", muster::authz::v1::Role_Name(required),
                   ", the caller has ", muster::authz::v1::Role_Name(RoleOf(caller.role))));
}

}  // namespace muster::rpc
