#include "orchestrator/core/operators/rights.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

using store::OperatorRole;

constexpr size_t kLongestName = 64;

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

absl::Status BadOperator(absl::string_view why) {
  return FailureStatus(FailureCode::kRequestInvalid, why);
}

bool All(const Actor& actor, const std::vector<TenantId>& tenants) {
  return std::all_of(tenants.begin(), tenants.end(),
                     [&](const TenantId& tenant) { return actor.wall.Admits(tenant); });
}

}  // namespace

absl::Status CheckOperatorLife(absl::Duration life) {
  if (life >= kShortestOperatorLife && life <= kLongestOperatorLife) return absl::OkStatus();
  return BadOperator("a certificate is valid for 10 minutes to 366 days");
}

std::string ProblemOfOperatorName(absl::string_view name) {
  if (name.empty()) return "an operator needs a name";
  if (name.size() > kLongestName) return "the name is longer than 64 bytes";
  if (const std::string problem = ProblemOfVisibleText(name); !problem.empty()) {
    return absl::StrCat("the name cannot be read: ", problem);
  }
  if (absl::StripAsciiWhitespace(name) != name) return "the name has blanks at an end";
  if (absl::StartsWith(name, "-")) return "the name looks like a flag";
  if (absl::StartsWithIgnoreCase(name, IdPrefix<OperatorId>::kText)) {
    return "the name looks like an operator's id";
  }
  return "";
}

absl::Status CheckCredential(const store::Operator& op, absl::string_view public_key_hash,
                             absl::Time now) {
  if (op.revoke_time.has_value()) {
    return FailureStatus(FailureCode::kAuthRevoked,
                         absl::StrCat(op.name, " was revoked on ", DayOf(*op.revoke_time)));
  }
  for (const store::OperatorCertificate& certificate : op.certificates) {
    if (certificate.public_key_hash != public_key_hash) continue;
    if (now < certificate.not_after) return absl::OkStatus();
    return FailureStatus(FailureCode::kAuthExpired,
                         absl::StrCat("this certificate of ", op.name,
                                      " is accepted no longer since ", DayOf(certificate.not_after),
                                      EndOf(op) > now ? "; a newer one was made" : ""));
  }
  return FailureStatus(
      FailureCode::kAuthRequired,
      absl::StrCat("the certificate's key is not on record for ", op.name,
                   ": a newer one took its place, or it was made after the backup that was "
                   "restored here"));
}

absl::Time EndOf(const store::Operator& op) {
  absl::Time end = absl::InfinitePast();
  for (const store::OperatorCertificate& certificate : op.certificates) {
    end = std::max(end, certificate.not_after);
  }
  return end;
}

absl::Duration LifeOf(const store::Operator& op) {
  if (op.certificates.empty()) return absl::ZeroDuration();
  const store::OperatorCertificate& newest = op.certificates.front();
  return absl::Ceil(newest.not_after - newest.create_time, absl::Minutes(1));
}

absl::Status CheckOwnRenewal(const store::Operator& op, absl::Time not_after, absl::Time now) {
  if (op.role >= OperatorRole::kTenantAdmin || not_after - now <= LifeOf(op)) {
    return absl::OkStatus();
  }
  return FailureStatus(
      FailureCode::kAuthForbidden,
      absl::StrCat("you were given a certificate for ", absl::FormatDuration(LifeOf(op)),
                   "; without --valid-for, or with less, you may renew it"));
}

bool IsUsable(const store::Operator& op, absl::Time now) {
  return !op.revoke_time.has_value() && now < EndOf(op);
}

absl::Status CheckGrant(const Actor& actor, OperatorRole own_role, OperatorRole role,
                        const std::vector<TenantId>& tenants) {
  if (own_role < OperatorRole::kTenantAdmin || role > own_role) {
    return FailureStatus(FailureCode::kAuthForbidden,
                         absl::StrCat("the role ", ToString(own_role),
                                      " makes no operator of role ", ToString(role)));
  }
  if (role == OperatorRole::kProviderAdmin) {
    if (!tenants.empty()) {
      return BadOperator(
          "a provider_admin has all tenants; name none, or take the role tenant_admin");
    }
    if (actor.wall.admits_everything()) return absl::OkStatus();
    return FailureStatus(FailureCode::kAuthForbidden,
                         "who is bound to tenants makes nobody who has all of them");
  }
  if (tenants.empty()) {
    return BadOperator(absl::StrCat("the role ", ToString(role),
                                    " is bound to tenants; name at least one with --tenant"));
  }
  for (const TenantId& tenant : tenants) {
    if (actor.wall.Admits(tenant)) continue;
    return FailureStatus(FailureCode::kTenantUnknown,
                         absl::StrCat("there is no tenant '", tenant.value(), "'"));
  }
  return absl::OkStatus();
}

OperatorId SelfOf(const Actor& actor) {
  absl::string_view id = actor.name;
  return absl::ConsumePrefix(&id, "operator:") ? OperatorId(id) : OperatorId();
}

bool IsSelf(const Actor& actor, const OperatorId& id) { return !id.empty() && SelfOf(actor) == id; }

absl::Status CheckManage(const Actor& actor, OperatorRole own_role, const store::Operator& op) {
  if (own_role == OperatorRole::kProviderAdmin && actor.wall.admits_everything()) {
    return absl::OkStatus();
  }
  // An empty list is nothing here, never all.
  const bool within = !op.tenants.empty() && All(actor, op.tenants);
  if (own_role >= OperatorRole::kTenantAdmin && op.role <= own_role && within) {
    return absl::OkStatus();
  }
  return FailureStatus(
      FailureCode::kAuthForbidden,
      absl::StrCat("operator ", op.name,
                   within ? " has a higher role than yours" : " has rights beyond your tenants"));
}

absl::StatusOr<store::Operator> FindOperator(const store::OperatorStore& operators,
                                             const Actor& actor, const OperatorId& id) {
  ASSIGN_OR_RETURN(std::optional<store::Operator> found,
                   operators.Find(actor.wall, SelfOf(actor), id));
  if (found.has_value()) return *std::move(found);
  return FailureStatus(FailureCode::kOperatorUnknown,
                       absl::StrCat("there is no operator '", id.value(), "'"));
}

bool IsWholeAdmin(const store::Operator& op) {
  return op.role == OperatorRole::kProviderAdmin && op.tenants.empty();
}

AdminOutlook LookAtAdmins(const std::vector<store::Operator>& operators, absl::Time now) {
  AdminOutlook outlook;
  for (const store::Operator& op : operators) {
    if (!IsWholeAdmin(op) || !IsUsable(op, now)) continue;
    ++outlook.usable;
    outlook.last_end = std::max(outlook.last_end, EndOf(op));
  }
  return outlook;
}

}  // namespace muster::core
