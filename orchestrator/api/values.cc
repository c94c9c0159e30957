#include "orchestrator/api/values.h"

#include "absl/strings/str_cat.h"
#include "base/crypto/trust_anchors.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/report/held.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/core/rollout/limits.h"

namespace muster::api {

namespace admin = muster::admin::v1;
namespace types = muster::types::v1;

namespace {

constexpr int kShownRefusals = 20;

}  // namespace

types::Failure ToProto(const Failure& failure) {
  const FailureInfo& info = InfoOf(failure.code);
  types::Failure out;
  out.set_code(info.text);
  out.set_detail(failure.detail);
  out.set_remedy(info.remedy);
  return out;
}

types::MachineFacts ToProto(const store::MachineFacts& facts) {
  types::MachineFacts out;
  out.set_machine_name(facts.machine_name.str());
  out.set_os(facts.os.str());
  out.set_os_version(facts.os_version.str());
  out.set_architecture(facts.architecture.str());
  out.set_worker_version(facts.worker_version.str());
  out.set_machine_id_hash(facts.machine_id_hash.str());
  return out;
}

types::ServiceFacts ToProto(const store::ServiceFacts& facts) {
  types::ServiceFacts out;
  out.set_presence(PresenceToProto(facts.presence));
  out.set_endpoint(facts.endpoint.str());
  out.set_version(facts.version.str());
  out.set_hub_instance_id(facts.hub_instance_id.value());
  out.set_hub_url(facts.hub_url.str());
  out.set_hub_connected(facts.hub_connected);
  out.set_internal_instance_id(facts.internal_instance_id.str());
  return out;
}

admin::Tenant ToProto(const store::Tenant& tenant) {
  admin::Tenant out;
  out.set_tenant_id(tenant.id.value());
  out.set_display_name(tenant.display_name);
  *out.mutable_create_time() = ToProto(tenant.create_time);
  return out;
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
  out.set_connectivity(ToProto(core::ConnectivityOf(server, connected, now)));
  out.set_enrollment(ToProto(server.enrollment));
  SetIf(server.failure, [&] { return out.mutable_failure(); });
  *out.mutable_machine() = ToProto(server.machine);
  *out.mutable_service() = ToProto(server.service);
  if (server.proof.has_value()) {
    out.set_hub_instance_id(server.proof->hub_instance_id.value());
    out.set_match_kind(ToProto(server.proof->match));
    *out.mutable_verified_time() = ToProto(server.proof->verified_time);
    SetIf(server.proof->questioned_time, [&] { return out.mutable_questioned_time(); });
  }
  SetIf(server.last_contact_time, [&] { return out.mutable_last_contact_time(); });
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
  SetIf(rollout.finish_time, [&] { return out.mutable_finish_time(); });
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

absl::StatusOr<admin::Rollout> ToProto(const store::Rollout& rollout,
                                       const store::WalledSnapshot& snapshot, absl::Time now) {
  ASSIGN_OR_RETURN(const auto counts, snapshot.CountTargets(rollout.id));
  admin::Rollout out = ToProto(rollout, counts);
  if (rollout.reason.empty()) {
    ASSIGN_OR_RETURN(const auto held, core::HeldZones(snapshot, rollout, counts, now));
    out.set_reason(core::HeldText(held));
  }
  return out;
}

absl::StatusOr<admin::Target> ToProto(const store::Target& target, store::CommandKind kind,
                                      const std::vector<core::HeldZone>& held,
                                      const store::WalledSnapshot& snapshot) {
  admin::Target out;
  out.set_server_id(target.server_id.value());
  out.set_zone_id(target.zone_id.value());
  out.set_name(target.name);
  out.set_state(ToProto(target.state));
  SetIf(target.failure, [&] { return out.mutable_failure(); });
  out.set_attempts(target.attempts);
  SetIf(target.finish_time, [&] { return out.mutable_finish_time(); });
  ASSIGN_OR_RETURN(const auto server, snapshot.FindServer(target.server_id));
  const bool waits =
      target.state == store::TargetState::kWaiting && kind == store::CommandKind::kJoin;
  if (server.has_value() && waits && !target.failure.has_value()) {
    SetIf(core::HeldFailure(*server, held), [&] { return out.mutable_failure(); });
  }
  if (server.has_value() && server->proof.has_value()) {
    out.set_hub_instance_id(server->proof->hub_instance_id.value());
  }
  return out;
}

absl::StatusOr<admin::Zone> ToProto(const store::Zone& zone,
                                    const store::WalledSnapshot& snapshot) {
  admin::Zone out;
  out.set_zone_id(zone.id.value());
  out.set_tenant_id(zone.tenant_id.value());
  out.set_display_name(zone.display_name);
  out.set_hub_url(zone.hub_url);
  out.set_max_concurrent_joins(zone.max_concurrent_joins);
  out.set_allow_cli_join(zone.allow_cli_join);
  out.set_service_account(zone.service_account);
  *out.mutable_verify_within() = rpc::ToProto(zone.verify_within);
  *out.mutable_disconnect_patience() = rpc::ToProto(zone.disconnect_patience);
  admin::SweepPlan& sweep = *out.mutable_sweep();
  sweep.set_schedule(zone.sweep.schedule);
  sweep.set_time_zone(zone.sweep.time_zone);
  if (zone.sweep.every != absl::ZeroDuration()) {
    *sweep.mutable_every() = rpc::ToProto(zone.sweep.every);
  }
  sweep.set_off(zone.sweep.off);
  if (!zone.sweep.ask_workers) sweep.set_ask_workers(false);
  out.set_verifier_kind(ToProto(zone.verifier.kind));
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
  ASSIGN_OR_RETURN(const auto key, snapshot.FindActiveKey(zone.id));
  if (key.has_value()) {
    out.set_joining_client_id(key->client_id);
    out.set_joining_key_version(key->version);
    out.set_joining_key_fingerprint(key->fingerprint);
    if (key->expire_time.has_value()) {
      *out.mutable_joining_key_expire_time() = ToProto(*key->expire_time);
    }
  }
  ASSIGN_OR_RETURN(const auto counts,
                   snapshot.CountByEnrollment({.selection = {.zone_id = zone.id}, .limit = 0}));
  int servers = 0;
  for (const auto& count : counts) servers += count.servers;
  out.set_servers(servers);
  return out;
}

absl::StatusOr<admin::Token> ToProto(const store::BootstrapToken& token,
                                     const store::WalledSnapshot& snapshot, absl::Time now) {
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
  out.set_mode(ToProto(token.mode));
  ASSIGN_OR_RETURN(const auto refusals, snapshot.ListRefusals(token.id, kShownRefusals));
  for (const auto& refusal : refusals) {
    out.add_refusals(
        absl::StrCat(UtcText(refusal.time), " ", refusal.address, " ", refusal.server_name, " ",
                     TextOf(refusal.code),
                     refusal.times > 1 ? absl::StrCat(" (and ", refusal.times - 1, " more)") : ""));
  }
  return out;
}

}  // namespace muster::api
