#include "orchestrator/core/inventory/zone_step.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/url.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/admission/zone_pins.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/enrollment_reset.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::VerifierKind;

constexpr char kNeedsHubFlag[] = " (needs --replace-hub)";
constexpr char kNeedsKeyFlag[] = " (needs --replace-keys)";

// "client id a → b", or that only the secret differs.
std::string NameChange(absl::string_view what, absl::string_view from, absl::string_view to) {
  if (from == to) return absl::StrCat(what, " ", to, ", another secret");
  return absl::StrCat(what, " ", from, " → ", to);
}

std::string VerifierText(VerifierKind kind, absl::string_view principal) {
  switch (kind) {
    case VerifierKind::kNone:
      return "none";
    case VerifierKind::kApiToken:
      return absl::StrCat("API token ", principal);
    case VerifierKind::kLogin:
      return absl::StrCat("login ", principal);
  }
  return "";
}

}  // namespace

absl::StatusOr<int> ActivateNextKey(Turn& turn, const InventoryTools& tools, const ZoneId& zone,
                                    const JoiningKeyInput& input) {
  ASSIGN_OR_RETURN(const int highest, turn.store().zones().HighestKeyVersion(zone));
  store::JoiningKeyVersion key;
  key.id = NewId<KeyVersionId>(tools.random);
  key.zone_id = zone;
  key.version = highest + 1;
  key.state = store::KeyVersionState::kActive;
  key.client_id = input.client_id;
  key.create_time = turn.now();
  key.expire_time = input.expire_time;
  ASSIGN_OR_RETURN(key.secret,
                   tools.vault.Seal(input.secret, JoiningKeyBinding(zone, key.version)));
  key.fingerprint = tools.vault.Fingerprint(input.secret, JoiningKeyPurpose(zone));
  RETURN_IF_ERROR(turn.store().zones().ActivateKey(key));
  return key.version;
}

// Whether what is known of the hub by readings of the one holds for the other.
bool IsReadAlike(const store::Zone& before, const store::Zone& after) {
  return before.hub_url == after.hub_url && before.hub_ca_pem == after.hub_ca_pem &&
         before.verifier.kind == after.verifier.kind &&
         before.verifier.principal == after.verifier.principal &&
         before.verifier.secret == after.verifier.secret;
}

absl::Status TaintKey(Turn& turn, const Actor& actor, const store::JoiningKeyVersion& key) {
  RETURN_IF_ERROR(turn.store().zones().TaintActiveKey(key.zone_id));
  return Audit(turn, actor.name, "zone.key", key.zone_id.value(), TenantOf(key.zone_id),
               absl::StrCat("version ", key.version, ": active → tainted; none takes its place"));
}

// Secrets are compared by their fingerprints; what was sealed before there were any is opened. One
// that does not open counts as different.
bool ZoneStep::Holds(const store::Sealed& sealed, const std::string& fingerprint,
                     absl::string_view binding, const std::string& wanted, const Secret& secret) {
  if (sealed.empty()) return false;
  if (!fingerprint.empty()) return fingerprint == wanted;
  const absl::StatusOr<Secret> opened = tools_.vault.Open(sealed, binding);
  return opened.ok() && opened->Reveal() == secret.Reveal();
}

absl::Status ZoneStep::Apply(const TenantId& tenant, const ZoneInput& input) {
  const ZoneId id = MakeZoneId(tenant, input.slug);
  ASSIGN_OR_RETURN(const std::optional<store::Zone> before, turn_.store().zones().Find(id));
  store::Zone zone = before.value_or(store::Zone{});
  zone.id = id;
  zone.tenant_id = tenant;
  if (!before.has_value()) {
    zone.create_time = turn_.now();
    zone.max_concurrent_joins = tools_.default_max_concurrent_joins;
  }
  std::vector<std::string> what;
  const auto set = [&what](auto& field, const auto& value, const char* name) {
    if (!value.has_value() || field == *value) return;
    field = *value;
    what.emplace_back(name);
  };
  set(zone.display_name, input.display_name, "display_name");
  set(zone.hub_ca_pem, input.hub_ca_pem, "hub_ca");
  std::optional<int> joins = input.max_concurrent_joins;
  if (joins == 0) joins = tools_.default_max_concurrent_joins;
  set(zone.max_concurrent_joins, joins, "max_concurrent_joins");
  const auto set_age = [&set](absl::Duration& age, std::optional<absl::Duration> wanted,
                              absl::Duration usual, const char* name) {
    if (wanted == absl::ZeroDuration()) wanted = usual;
    set(age, wanted, name);
  };
  set_age(zone.verify_within, input.verify_within, store::kDefaultVerifyWithin, "verify_within");
  set_age(zone.disconnect_patience, input.disconnect_patience, store::kDefaultDisconnectPatience,
          "disconnect_patience");
  set(zone.sweep, input.sweep, "sweep");
  const bool pinned_otherwise =
      zone.allow_cli_join != input.allow_cli_join.value_or(zone.allow_cli_join) ||
      zone.service_account != input.service_account.value_or(zone.service_account);
  set(zone.allow_cli_join, input.allow_cli_join, "allow_cli_join");
  if (input.service_account.has_value() && *input.service_account != zone.service_account) {
    const auto shown = [](const std::string& account) {
      return account.empty() ? "none" : account;
    };
    what.push_back(absl::StrCat("service_account ", shown(zone.service_account), " → ",
                                shown(*input.service_account)));
    zone.service_account = *input.service_account;
  }
  if (pinned_otherwise || !before.has_value()) RaisePinVersion(zone, turn_.now());
  ASSIGN_OR_RETURN(const std::string url, http::CanonicalAddress(input.hub_url));
  if (!before.has_value()) {
    zone.hub_url = url;
  } else if (zone.hub_url != url) {
    // A zone of before there was one spelling: nothing changes but the spelling.
    const auto stored = http::CanonicalAddress(zone.hub_url);
    if (stored.ok() && *stored == url) {
      zone.hub_url = url;
      what.emplace_back("spelling of hub_url");
    } else {
      RETURN_IF_ERROR(ChangeHub(zone, url));
      what.emplace_back("hub_url");
    }
  }
  RETURN_IF_ERROR(ApplyVerifier(input, zone, what));
  if (!before.has_value() || !what.empty()) {
    const std::string change = before.has_value() ? absl::StrCat("update zone ", id.value(), ": ",
                                                                 absl::StrJoin(what, ", "))
                                                  : absl::StrCat("create zone ", id.value());
    changes_.push_back(change);
    if (!choices_.dry_run) {
      RETURN_IF_ERROR(turn_.store().zones().Put(zone));
      if (before.has_value() && !IsReadAlike(*before, zone)) {
        RETURN_IF_ERROR(turn_.store().zones().DropContact(id));
      }
      RETURN_IF_ERROR(Audit(turn_, actor_.name, before.has_value() ? "zone.update" : "zone.create",
                            id.value(), tenant, change));
    }
  }
  return ApplyKey(id, input);
}

absl::StatusOr<ZoneStep::HubChange> ZoneStep::CountHubChange(const ZoneId& zone) {
  HubChange out;
  store::ServerQuery query;
  query.selection.zone_id = zone;
  query.wall = store::TenantWall::Everything();
  query.limit = 0;
  ASSIGN_OR_RETURN(std::vector<store::Server> servers, turn_.store().servers().List(query));
  for (store::Server& server : servers) {
    out.workers += server.admission == store::Admission::kAdmitted;
    switch (server.enrollment) {
      case Enrollment::kJoining:
      case Enrollment::kJoinedUnverified:
      case Enrollment::kInDoubt:
        ++out.joining;
        break;
      case Enrollment::kEnrolled:
      case Enrollment::kDegraded:
        out.proven.push_back(std::move(server));
        break;
      default:
        if (server.proof.has_value() || server.claim.has_value()) {
          out.proven.push_back(std::move(server));
        }
        break;
    }
  }
  return out;
}

absl::Status ZoneStep::ChangeHub(store::Zone& zone, const std::string& url) {
  ASSIGN_OR_RETURN(const HubChange change, CountHubChange(zone.id));
  int rejoins = 0;
  for (const store::Server& server : change.proven) {
    rejoins +=
        server.enrollment == Enrollment::kEnrolled || server.enrollment == Enrollment::kDegraded;
  }
  const std::string line = absl::StrCat(
      "hub of zone ", zone.id.value(), ": ", zone.hub_url, " → ", url, "; ", change.workers,
      " workers get another zone pin, ", rejoins, " enrolled servers must join again");
  changes_.push_back(absl::StrCat(line, choices_.replace_hub ? "" : kNeedsHubFlag));
  if (!choices_.replace_hub) unasked_hubs_.push_back(line);
  if (choices_.dry_run || !choices_.replace_hub) return absl::OkStatus();
  if (change.joining > 0) {
    return FailureStatus(
        FailureCode::kRolloutTargetBusy,
        absl::StrCat(change.joining, " servers of zone ", zone.id.value(),
                     " are joining the old hub, or it is not settled whether they did"));
  }
  std::set<ServerId>& moved = moved_[zone.id];
  for (const store::Server& server : change.proven) {
    moved.insert(server.id);
    RETURN_IF_ERROR(ResetEnrollment(
        turn_, actor_, server,
        Failure{FailureCode::kVerifyHubChanged, absl::StrCat(zone.hub_url, " → ", url)}));
  }
  RETURN_IF_ERROR(turn_.store().zones().DropReading(zone.id));
  zone.hub_url = url;
  RaisePinVersion(zone, turn_.now());  // The workers of the zone shall know.
  return absl::OkStatus();
}

absl::Status ZoneStep::ApplyVerifier(const ZoneInput& input, store::Zone& zone,
                                     std::vector<std::string>& what) {
  if (!input.verifier.has_value()) return absl::OkStatus();
  const VerifierInput& verifier = *input.verifier;
  const bool none = verifier.kind == VerifierKind::kNone;
  const std::string binding = VerifierBinding(zone.id);
  const std::string fingerprint = none ? "" : tools_.vault.Fingerprint(verifier.secret, binding);
  const bool same = zone.verifier.kind == verifier.kind &&
                    zone.verifier.principal == verifier.principal &&
                    (none || Holds(zone.verifier.secret, zone.verifier.fingerprint, binding,
                                   fingerprint, verifier.secret));
  if (same) return absl::OkStatus();
  const std::string to = VerifierText(verifier.kind, verifier.principal);
  if (zone.verifier.kind == VerifierKind::kNone) {
    what.push_back(absl::StrCat("verifier: ", to));
  } else {
    const std::string line =
        NameChange("verifier", VerifierText(zone.verifier.kind, zone.verifier.principal), to);
    what.push_back(absl::StrCat(line, choices_.replace_keys ? "" : kNeedsKeyFlag));
    if (!choices_.replace_keys) unasked_keys_.push_back(absl::StrCat(zone.id.value(), ": ", line));
  }
  zone.verifier = {verifier.kind, verifier.principal, {}, fingerprint};
  if (none) return absl::OkStatus();
  ASSIGN_OR_RETURN(zone.verifier.secret, tools_.vault.Seal(verifier.secret, binding));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ZoneStep::OlderVersion(const ZoneId& id,
                                                   const std::string& fingerprint) {
  ASSIGN_OR_RETURN(const std::vector<store::JoiningKeyVersion> keys,
                   turn_.store().zones().ListKeys(id));
  for (const store::JoiningKeyVersion& key : keys) {
    if (key.state != store::KeyVersionState::kActive && key.fingerprint == fingerprint) {
      return absl::StrCat(key.version);
    }
  }
  return std::string();
}

absl::Status ZoneStep::ApplyKey(const ZoneId& id, const ZoneInput& input) {
  ASSIGN_OR_RETURN(const std::optional<store::JoiningKeyVersion> active,
                   turn_.store().zones().FindActiveKey(id));
  if (input.no_joining_key && active.has_value()) {
    const std::string line = absl::StrCat("take joining key of zone ", id.value(),
                                          " away: client id ", active->client_id);
    if (MayReplaceKey(line)) RETURN_IF_ERROR(TaintKey(turn_, actor_, *active));
    return absl::OkStatus();
  }
  if (!input.joining_key.has_value()) return absl::OkStatus();
  const JoiningKeyInput& wanted = *input.joining_key;
  const std::string fingerprint = tools_.vault.Fingerprint(wanted.secret, JoiningKeyPurpose(id));
  if (active.has_value() && active->client_id == wanted.client_id &&
      Holds(active->secret, active->fingerprint, JoiningKeyBinding(id, active->version),
            fingerprint, wanted.secret)) {
    return ApplyExpiry(*active, wanted);
  }
  ASSIGN_OR_RETURN(const std::string older, OlderVersion(id, fingerprint));
  const std::string line = absl::StrCat(
      active.has_value() ? "replace" : "set", " joining key of zone ", id.value(), ": ",
      active.has_value() ? NameChange("client id", active->client_id, wanted.client_id)
                         : absl::StrCat("client id ", wanted.client_id),
      older.empty() ? "" : "; this is version ", older,
      older.empty()        ? ""
      : active.has_value() ? absl::StrCat(", replaced since by version ", active->version)
                           : ", taken away since");
  const bool asks = active.has_value() || !older.empty();
  if (!asks) changes_.push_back(line);
  if (asks ? !MayReplaceKey(line) : choices_.dry_run) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int version, ActivateNextKey(turn_, tools_, id, wanted));
  return Audit(turn_, actor_.name, "zone.key", id.value(), TenantOf(id),
               absl::StrCat("version ", version, ": new → active"));
}

absl::Status ZoneStep::ApplyExpiry(const store::JoiningKeyVersion& active,
                                   const JoiningKeyInput& wanted) {
  if (wanted.keeps_expiry || active.expire_time == wanted.expire_time) return absl::OkStatus();
  const std::string line = absl::StrCat(
      "joining key of zone ", active.zone_id.value(),
      wanted.expire_time.has_value() ? absl::StrCat(" ends at ", UtcText(*wanted.expire_time))
                                     : std::string(" never ends"));
  changes_.push_back(line);
  if (choices_.dry_run) return absl::OkStatus();
  RETURN_IF_ERROR(turn_.store().zones().SetKeyExpiry(active.id, wanted.expire_time));
  return Audit(turn_, actor_.name, "zone.key_expiry", active.zone_id.value(),
               TenantOf(active.zone_id),
               absl::StrCat("version ", active.version, ": ",
                            wanted.expire_time.has_value() ? UtcText(*wanted.expire_time)
                                                           : std::string("never")));
}

bool ZoneStep::MayReplaceKey(const std::string& line) {
  changes_.push_back(absl::StrCat(line, choices_.replace_keys ? "" : kNeedsKeyFlag));
  if (!choices_.replace_keys) unasked_keys_.push_back(line);
  return choices_.replace_keys && !choices_.dry_run;
}

}  // namespace muster::core
