#include "orchestrator/core/operators/operators.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/standing.h"
#include "orchestrator/core/operators/request_ids.h"
#include "orchestrator/core/operators/rights.h"

namespace muster::core {
namespace {

using store::OperatorRole;

constexpr size_t kLongestReason = 500;

// Its events are of the tenant if it has one: a tenant's admin sees what was done in it.
TenantId TenantOfEvents(const store::Operator& op) {
  return op.tenants.size() == 1 ? op.tenants.front() : TenantId();
}

std::string UntilText(const store::OperatorCertificate& certificate) {
  return absl::StrCat(
      "certificate ", certificate.id.value(), " until ",
      absl::FormatTime(absl::RFC3339_sec, certificate.not_after, absl::UTCTimeZone()));
}

std::string RightsText(const store::Operator& op) {
  return absl::StrCat(
      store::ToString(op.role), " of ",
      IsWholeAdmin(op) ? "all tenants"
                       : absl::StrJoin(op.tenants, ", ", [](std::string* out, const TenantId& t) {
                           absl::StrAppend(out, t.value());
                         }));
}

// The operator's certificate with that key, "" without one.
std::string PemOf(const store::Operator& op, absl::string_view public_key_hash) {
  for (const store::OperatorCertificate& certificate : op.certificates) {
    if (certificate.public_key_hash == public_key_hash) return certificate.pem;
  }
  return "";
}

// Of those whom the actor sees: who is behind the wall may have the same name, and nobody learns it.
absl::Status CheckNameIsFree(Turn& turn, const Actor& actor, absl::string_view name) {
  ASSIGN_OR_RETURN(const auto visible, turn.store().operators().List(actor.wall, SelfOf(actor)));
  for (const store::Operator& op : visible) {
    if (op.revoke_time.has_value() || !absl::EqualsIgnoreCase(op.name, name)) continue;
    return FailureStatus(FailureCode::kOperatorNameTaken,
                         absl::StrCat("there is an operator '", name, "'"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStanding(Turn& turn, const Actor& actor) {
  const OperatorId self = SelfOf(actor);
  if (self.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool revoked, turn.store().operators().IsRevoked(self));
  if (!revoked) return absl::OkStatus();
  return FailureStatus(FailureCode::kAuthRevoked, "it happened while the request waited");
}

absl::StatusOr<CreatedOperator> Operators::Create(Turn& turn, const Actor& actor, OperatorRole role,
                                                  const OperatorInput& input) {
  RETURN_IF_ERROR(CheckGrant(actor, role, input.role, input.tenants));
  if (const std::string problem = ProblemOfOperatorName(input.name); !problem.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid, problem);
  }
  RETURN_IF_ERROR(CheckOperatorLife(input.valid_for));
  for (const TenantId& tenant : input.tenants) {
    ASSIGN_OR_RETURN(const auto found, turn.store().tenants().Find(tenant));
    if (found.has_value()) continue;
    return FailureStatus(FailureCode::kTenantUnknown,
                         absl::StrCat("there is no tenant '", tenant.value(), "'"));
  }
  const IdentifiedRequest request = RequestOf(actor, input);
  ASSIGN_OR_RETURN(const std::optional<std::string> made, FindMade(turn, request));
  if (made.has_value()) {
    ASSIGN_OR_RETURN(auto op, turn.store().operators().Find(OperatorId(*made)));
    if (op.has_value()) {
      if (op->revoke_time.has_value()) {
        return FailureStatus(
            FailureCode::kRequestIdReused,
            absl::StrCat("operator ", op->name, ", whom this request made, was revoked since"));
      }
      std::string pem = PemOf(*op, input.certificate.public_key_hash);
      return CreatedOperator{*std::move(op), std::move(pem)};
    }
  }
  RETURN_IF_ERROR(CheckNameIsFree(turn, actor, input.name));
  store::Operator op{.id = input.id,
                     .name = input.name,
                     .role = input.role,
                     .tenants = input.tenants,
                     .certificates = {input.certificate},
                     .created_by = actor.name,
                     .create_time = turn.now()};
  std::sort(op.tenants.begin(), op.tenants.end());
  op.tenants.erase(std::unique(op.tenants.begin(), op.tenants.end()), op.tenants.end());
  op.certificates.front().create_time = turn.now();
  RETURN_IF_ERROR(turn.store().operators().Insert(op));
  RETURN_IF_ERROR(NoteMade(turn, request, op.id.value()));
  RETURN_IF_ERROR(
      Audit(turn, actor.name, "operator.create", op.id.value(), TenantOfEvents(op),
            absl::StrCat(op.name, ", ", RightsText(op), "; ", UntilText(input.certificate))));
  return CreatedOperator{std::move(op), input.certificate.pem};
}

absl::StatusOr<store::Operator> Operators::Renew(Turn& turn, const Actor& actor, OperatorRole role,
                                                 const RenewalInput& input) {
  ASSIGN_OR_RETURN(store::Operator op, FindOperator(turn.store().operators(), actor, input.id));
  if (op.revoke_time.has_value()) {
    return FailureStatus(FailureCode::kAuthRevoked, absl::StrCat("operator ", op.name));
  }
  store::OperatorCertificate certificate = input.certificate;
  RETURN_IF_ERROR(IsSelf(actor, op.id) ? CheckOwnRenewal(op, certificate.not_after, turn.now())
                                       : CheckManage(actor, role, op));
  certificate.create_time = turn.now();
  const absl::Time others_until =
      input.end_others ? turn.now() : turn.now() + kReplacedCertificateGrace;
  RETURN_IF_ERROR(turn.store().operators().PutCertificate(op.id, certificate, others_until));
  RETURN_IF_ERROR(Audit(turn, actor.name, "operator.renew", op.id.value(), TenantOfEvents(op),
                        absl::StrCat(op.name, "; ", UntilText(certificate),
                                     input.end_others ? "; all others ended" : "")));
  ASSIGN_OR_RETURN(const auto renewed, turn.store().operators().Find(op.id));
  return *renewed;
}

absl::StatusOr<store::Operator> Operators::Revoke(Turn& turn, const Actor& actor, OperatorRole role,
                                                  const OperatorId& id, const std::string& reason,
                                                  bool even_last) {
  ASSIGN_OR_RETURN(store::Operator op, FindOperator(turn.store().operators(), actor, id));
  RETURN_IF_ERROR(CheckManage(actor, role, op));
  if (op.revoke_time.has_value()) return op;
  if (reason.size() > kLongestReason || !ProblemOfVisibleText(reason).empty()) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         "the reason is longer than 500 bytes, or cannot be read");
  }
  if (IsWholeAdmin(op) && IsUsable(op, turn.now()) && !even_last) {
    ASSIGN_OR_RETURN(const auto all, turn.store().operators().List());
    if (LookAtAdmins(all, turn.now()).usable == 1) {
      return FailureStatus(
          FailureCode::kOperatorLast,
          absl::StrCat("operator ", op.name, " is the last provider_admin who can come in"));
    }
  }
  op.revoke_time = turn.now();
  op.revoked_by = actor.name;
  op.revoke_reason = reason;
  RETURN_IF_ERROR(turn.store().operators().Revoke(op.id, turn.now(), actor.name, reason));
  RETURN_IF_ERROR(Audit(turn, actor.name, "operator.revoke", op.id.value(), TenantOfEvents(op),
                        absl::StrCat(op.name, reason.empty() ? "" : "; ", reason)));
  turn.AfterCommit([watch = watch_, revoked = op.id] {
    if (watch != nullptr) watch->OperatorRevoked(revoked);
  });
  return op;
}

absl::StatusOr<bool> Operators::NoteRefused(Turn& turn, const OperatorRefusal& refused) {
  RETURN_IF_ERROR(refusals_.Note(turn, {.actor = refused.actor,
                                        .action = "auth.refused",
                                        .subject = refused.method,
                                        .tenant_id = {},
                                        .code = refused.code,
                                        .address = refused.actor,
                                        .detail = absl::StrCat("to ", refused.actor),
                                        .token_id = {},
                                        .server_name = {}}));
  return true;
}

}  // namespace muster::core
