#include "orchestrator/rpc/admin/admin_values.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/crypto/trust_anchors.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/core/rollout/limits.h"
#include "orchestrator/rpc/facts.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

namespace admin = muster::admin::v1;
namespace types = muster::types::v1;

constexpr int kDefaultPage = 200;
constexpr int kLargestPage = 1000;
constexpr int kShownRefusals = 20;

// The enums run alike; the wire's begin with UNSPECIFIED.
static_assert(static_cast<int>(store::Admission::kRejected) + 1 == types::ADMISSION_REJECTED);
static_assert(static_cast<int>(store::Enrollment::kDegraded) + 1 == types::ENROLLMENT_DEGRADED);
static_assert(static_cast<int>(core::Connectivity::kStale) + 1 == types::CONNECTIVITY_STALE);
static_assert(static_cast<int>(store::CommandKind::kJoin) + 1 == admin::COMMAND_KIND_JOIN);
static_assert(static_cast<int>(store::RolloutState::kCompletedWithFailures) + 1 ==
              admin::ROLLOUT_STATE_COMPLETED_WITH_FAILURES);
static_assert(static_cast<int>(store::TargetState::kCanceled) + 1 == admin::TARGET_STATE_CANCELED);
static_assert(static_cast<int>(store::TokenState::kLocked) + 1 == admin::TOKEN_STATE_LOCKED);
static_assert(static_cast<int>(store::TokenMode::kPending) + 1 == admin::TOKEN_MODE_PENDING);
static_assert(static_cast<int>(store::VerifierKind::kLogin) + 1 == admin::VERIFIER_KIND_LOGIN);
static_assert(static_cast<int>(store::MatchKind::kMachineName) + 1 ==
              admin::MATCH_KIND_MACHINE_NAME);

template <typename To, typename From>
To OnTheWire(From value) {
  return static_cast<To>(static_cast<int>(value) + 1);
}

}  // namespace

absl::Status InvalidRequest(absl::string_view what) {
  return FailureStatus(FailureCode::kRequestInvalid, what);
}

absl::StatusOr<int> PageSize(int requested) {
  if (requested < 0 || requested > kLargestPage) {
    return InvalidRequest(
        absl::StrCat("page_size ", requested, " is not within 0 to ", kLargestPage));
  }
  return requested == 0 ? kDefaultPage : requested;
}

std::string MakePageToken(absl::string_view list, absl::string_view cursor) {
  return absl::WebSafeBase64Escape(absl::StrCat(list, "\n", cursor));
}

absl::StatusOr<std::string> ParsePageToken(absl::string_view list, absl::string_view token) {
  if (token.empty()) return "";
  std::string text;
  absl::string_view rest;
  if (!absl::WebSafeBase64Unescape(token, &text) ||
      !absl::ConsumePrefix(&(rest = text), absl::StrCat(list, "\n"))) {
    return InvalidRequest("page_token is not one that the list before gave");
  }
  return std::string(rest);
}

absl::StatusOr<store::Zone> FindZone(absl::string_view id, const Caller& caller,
                                     const store::Snapshot& snapshot) {
  ASSIGN_OR_RETURN(auto zone, snapshot.zones().Find(ZoneId(id)));
  if (zone.has_value() && caller.Sees(zone->tenant_id)) return *std::move(zone);
  return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("there is no zone '", id, "'"));
}

absl::StatusOr<store::Selection> CheckSelection(const admin::Selection& selection,
                                                const Caller& caller,
                                                const store::Snapshot& snapshot) {
  store::Selection out{.tenant_id = TenantId(selection.tenant_id()),
                       .zone_id = ZoneId(selection.zone_id()),
                       .labels = {selection.labels().begin(), selection.labels().end()},
                       .names = {selection.names().begin(), selection.names().end()}};
  if (!out.tenant_id.empty()) {
    ASSIGN_OR_RETURN(const auto tenant, snapshot.tenants().Find(out.tenant_id));
    if (!tenant.has_value() || !caller.Sees(out.tenant_id)) {
      return FailureStatus(FailureCode::kTenantUnknown,
                           absl::StrCat("there is no tenant '", out.tenant_id.value(), "'"));
    }
  }
  if (!out.zone_id.empty()) {
    ASSIGN_OR_RETURN(const store::Zone zone, FindZone(out.zone_id.value(), caller, snapshot));
    if (!out.tenant_id.empty() && zone.tenant_id != out.tenant_id) {
      return InvalidRequest(
          absl::StrCat("zone ", zone.id.value(), " is not of tenant ", out.tenant_id.value()));
    }
  }
  for (const std::string& name : out.names) {
    if (name.empty()) return InvalidRequest("a name in the selection is empty");
  }
  return out;
}

absl::StatusOr<store::Server> FindServer(absl::string_view text, const Caller& caller,
                                         const store::Snapshot& snapshot) {
  std::optional<store::Server> server;
  const size_t slash = text.rfind('/');
  if (slash == absl::string_view::npos) {
    ASSIGN_OR_RETURN(server, snapshot.servers().Find(ServerId(text)));
  } else {
    ASSIGN_OR_RETURN(server, snapshot.servers().FindByName(ZoneId(text.substr(0, slash)),
                                                           text.substr(slash + 1)));
  }
  if (server.has_value() && caller.Sees(server->tenant_id)) return *std::move(server);
  return FailureStatus(FailureCode::kServerUnknown,
                       absl::StrCat("there is no server '", text,
                                    "' (a server is named by its id or as tenant/zone/name)"));
}

absl::StatusOr<store::Rollout> FindRollout(absl::string_view id, const Caller& caller,
                                           const store::Snapshot& snapshot) {
  ASSIGN_OR_RETURN(auto rollout, snapshot.rollouts().Find(RolloutId(id)));
  if (rollout.has_value() && caller.Sees(rollout->tenant_id)) return *std::move(rollout);
  return FailureStatus(FailureCode::kRolloutUnknown,
                       absl::StrCat("there is no rollout '", id, "'"));
}

types::Admission ToProto(store::Admission admission) {
  return OnTheWire<types::Admission>(admission);
}
types::Enrollment ToProto(store::Enrollment enrollment) {
  return OnTheWire<types::Enrollment>(enrollment);
}
admin::CommandKind ToProto(store::CommandKind kind) { return OnTheWire<admin::CommandKind>(kind); }
admin::RolloutState ToProto(store::RolloutState state) {
  return OnTheWire<admin::RolloutState>(state);
}
admin::TargetState ToProto(store::TargetState state) {
  return OnTheWire<admin::TargetState>(state);
}
admin::TokenState ToProto(store::TokenState state) { return OnTheWire<admin::TokenState>(state); }
admin::MatchKind ToProto(store::MatchKind kind) { return OnTheWire<admin::MatchKind>(kind); }

store::Enrollment FromProto(types::Enrollment enrollment) {
  return static_cast<store::Enrollment>(static_cast<int>(enrollment) - 1);
}

admin::Selection ToProto(const store::Selection& selection) {
  admin::Selection out;
  out.set_tenant_id(selection.tenant_id.value());
  out.set_zone_id(selection.zone_id.value());
  out.mutable_labels()->insert(selection.labels.begin(), selection.labels.end());
  for (const std::string& name : selection.names) out.add_names(name);
  return out;
}

admin::Server ToProto(const store::Server& server, bool connected, absl::Time now) {
  admin::Server out;
  out.set_server_id(server.id.value());
  out.set_tenant_id(server.tenant_id.value());
  out.set_zone_id(server.zone_id.value());
  out.set_name(server.name);
  out.mutable_labels()->insert(server.labels.begin(), server.labels.end());
  out.set_admission(ToProto(server.admission));
  out.set_connectivity(
      OnTheWire<types::Connectivity>(core::ConnectivityOf(server, connected, now)));
  out.set_enrollment(ToProto(server.enrollment));
  if (server.failure.has_value()) *out.mutable_failure() = ToProto(*server.failure);
  *out.mutable_machine() = ToProto(server.machine);
  *out.mutable_service() = ToProto(server.service);
  if (server.proof.has_value()) {
    out.set_hub_instance_id(server.proof->hub_instance_id.value());
    out.set_match_kind(ToProto(server.proof->match));
    *out.mutable_verified_time() = ToProto(server.proof->verified_time);
  }
  if (server.last_contact_time.has_value()) {
    *out.mutable_last_contact_time() = ToProto(*server.last_contact_time);
  }
  *out.mutable_create_time() = ToProto(server.create_time);
  return out;
}

admin::Observation ToProto(const store::Observation& observation) {
  admin::Observation out;
  *out.mutable_failure() = ToProto(Failure{observation.code, observation.detail});
  *out.mutable_first_seen_time() = ToProto(observation.first_seen);
  *out.mutable_last_seen_time() = ToProto(observation.last_seen);
  out.set_times(observation.times);
  return out;
}

admin::Rollout ToProto(const store::Rollout& rollout, const store::TargetCounts& counts) {
  admin::Rollout out;
  out.set_rollout_id(rollout.id.value());
  out.set_kind(ToProto(rollout.kind));
  out.set_state(ToProto(rollout.state));
  out.set_reason(rollout.reason);
  *out.mutable_selection() = ToProto(rollout.selection);
  out.set_max_concurrency(rollout.max_concurrency);
  out.set_max_failures(rollout.max_failures);
  out.set_max_in_doubt(rollout.max_in_doubt);
  const int concurrency = core::ResolveMaxConcurrency(rollout.max_concurrency, counts.total);
  out.set_effective_max_concurrency(concurrency);
  out.set_effective_max_failures(core::ResolveMaxFailures(rollout.max_failures, counts.total));
  out.set_effective_max_in_doubt(
      core::ResolveMaxInDoubt(rollout.max_in_doubt, counts.total, concurrency));
  out.set_note(rollout.note);
  *out.mutable_create_time() = ToProto(rollout.create_time);
  if (rollout.finish_time.has_value()) *out.mutable_finish_time() = ToProto(*rollout.finish_time);
  *out.mutable_deadline() = ToProto(rollout.deadline);
  out.set_created_by(rollout.created_by);
  auto& c = *out.mutable_counts();
  c.set_total(counts.total);
  c.set_waiting(counts.waiting);
  c.set_in_flight(counts.in_flight);
  c.set_verifying(counts.verifying);
  c.set_succeeded(counts.succeeded);
  c.set_failed(counts.failed);
  c.set_in_doubt(counts.in_doubt);
  c.set_stragglers(counts.stragglers);
  c.set_canceled(counts.canceled);
  return out;
}

absl::StatusOr<admin::Zone> ToProto(const store::Zone& zone, const store::Snapshot& snapshot) {
  admin::Zone out;
  out.set_zone_id(zone.id.value());
  out.set_tenant_id(zone.tenant_id.value());
  out.set_display_name(zone.display_name);
  out.set_hub_url(zone.hub_url);
  out.set_max_concurrent_joins(zone.max_concurrent_joins);
  out.set_allow_cli_join(zone.allow_cli_join);
  out.set_verifier_kind(OnTheWire<admin::VerifierKind>(zone.verifier.kind));
  out.set_hub_tls_custom_ca(!zone.hub_ca_pem.empty());
  // What was stored before it was checked may not be one.
  if (const auto anchors = crypto::TrustAnchorsFromPem(zone.hub_ca_pem); anchors.ok()) {
    for (const crypto::Certificate& anchor : *anchors) {
      admin::TrustAnchor& shown = *out.add_hub_ca();
      shown.set_subject(anchor.subject_common_name());
      *shown.mutable_not_after() = ToProto(anchor.not_after());
    }
  }
  out.set_pin_version(zone.pin_version);
  out.set_verifier_principal(zone.verifier.principal);
  *out.mutable_create_time() = ToProto(zone.create_time);
  ASSIGN_OR_RETURN(const auto key, snapshot.zones().FindActiveKey(zone.id));
  if (key.has_value()) {
    out.set_joining_client_id(key->client_id);
    out.set_joining_key_version(key->version);
    out.set_joining_key_fingerprint(key->fingerprint);
  }
  ASSIGN_OR_RETURN(const auto counts, snapshot.servers().CountByEnrollment(
                                          {.selection = {.zone_id = zone.id}, .limit = 0}));
  int servers = 0;
  for (const auto& count : counts) servers += count.servers;
  out.set_servers(servers);
  return out;
}

absl::StatusOr<admin::Token> ToProto(const store::BootstrapToken& token,
                                     const store::Snapshot& snapshot, absl::Time now) {
  admin::Token out;
  out.set_token_id(token.id.value());
  out.set_zone_id(token.zone_id.value());
  // Time passes without a turn of the strand: the record may still say active.
  const bool over = token.state == store::TokenState::kActive && now >= token.expire_time;
  out.set_state(ToProto(over ? store::TokenState::kExpired : token.state));
  out.set_max_uses(token.max_uses);
  out.set_uses(token.uses);
  *out.mutable_create_time() = ToProto(token.create_time);
  *out.mutable_expire_time() = ToProto(token.expire_time);
  for (const std::string& name : token.server_names) out.add_server_names(name);
  out.set_any_name(token.any_name);
  out.set_mode(OnTheWire<admin::TokenMode>(token.mode));
  ASSIGN_OR_RETURN(const auto refusals, snapshot.tokens().ListRefusals(token.id, kShownRefusals));
  for (const auto& refusal : refusals) {
    out.add_refusals(
        absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", refusal.time, absl::UTCTimeZone()), " ",
                     refusal.address, " ", refusal.server_name, " ", TextOf(refusal.code)));
  }
  return out;
}

}  // namespace muster::rpc
