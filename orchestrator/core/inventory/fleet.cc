#include "orchestrator/core/inventory/fleet.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/hub_url.h"
#include "orchestrator/core/inventory/names.h"

namespace muster::core {
namespace {

using store::VerifierKind;

// Everything that is wrong with the input itself, in its order.
std::vector<std::string> ProblemsOf(const std::vector<TenantInput>& fleet) {
  std::vector<std::string> problems;
  std::set<TenantId> tenants;
  for (const TenantInput& tenant : fleet) {
    if (!IsSlug(tenant.id.value())) {
      problems.push_back(
          absl::StrCat("tenant \"", tenant.id.value(), "\" must be 1 to 63 of a-z, 0-9 and '-'"));
    }
    if (!tenants.insert(tenant.id).second) {
      problems.push_back(absl::StrCat("tenant ", tenant.id.value(), " is named twice"));
    }
    std::set<std::string> slugs;
    for (const ZoneInput& zone : tenant.zones) {
      const std::string name = absl::StrCat("zone ", tenant.id.value(), "/", zone.slug);
      if (!IsSlug(zone.slug)) {
        problems.push_back(absl::StrCat(name, ": the name must be 1 to 63 of a-z, 0-9 and '-'"));
      }
      if (!slugs.insert(zone.slug).second)
        problems.push_back(absl::StrCat(name, " is named twice"));
      if (const auto url = NormalizeHubUrl(zone.hub_url); !url.ok()) {
        problems.push_back(absl::StrCat(name, ": ", url.status().message()));
      }
      if (zone.max_concurrent_joins < 0) {
        problems.push_back(absl::StrCat(name, ": max_concurrent_joins must not be negative"));
      }
      if (zone.joining_key.has_value() &&
          (zone.joining_key->client_id.empty() || zone.joining_key->secret.empty())) {
        problems.push_back(absl::StrCat(name, ": the joining key needs a client id and a secret"));
      }
      if (zone.verifier.has_value() && zone.verifier->kind != VerifierKind::kNone &&
          (zone.verifier->principal.empty() || zone.verifier->secret.empty())) {
        problems.push_back(absl::StrCat(name, ": the verifier needs a name and a secret"));
      }
    }
  }
  return problems;
}

// Whether the sealed bytes hold this secret. One that does not open counts as different.
bool Holds(KeyVault& vault, const store::Sealed& sealed, absl::string_view binding,
           const Secret& secret) {
  if (sealed.empty()) return false;
  const absl::StatusOr<Secret> opened = vault.Open(sealed, binding);
  return opened.ok() && opened->Reveal() == secret.Reveal();
}

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
  ASSIGN_OR_RETURN(key.secret,
                   tools.vault.Seal(input.secret, JoiningKeyBinding(zone, key.version)));
  RETURN_IF_ERROR(turn.store().zones().ActivateKey(key));
  return key.version;
}

// One zone of the fleet against the store.
class ZoneStep {
 public:
  ZoneStep(Turn& turn, const InventoryTools& tools, const Actor& actor, bool dry_run,
           std::vector<std::string>& changes)
      : turn_(turn), tools_(tools), actor_(actor), dry_run_(dry_run), changes_(changes) {}

  absl::Status Apply(const TenantId& tenant, const ZoneInput& input) {
    const ZoneId id = MakeZoneId(tenant, input.slug);
    ASSIGN_OR_RETURN(const std::optional<store::Zone> before, turn_.store().zones().Find(id));
    store::Zone zone = before.value_or(store::Zone{});
    zone.id = id;
    zone.tenant_id = tenant;
    if (!before.has_value()) zone.create_time = turn_.now();
    std::vector<std::string> what;
    const auto set = [&what](auto& field, auto value, const char* name) {
      if (field == value) return;
      field = std::move(value);
      what.emplace_back(name);
    };
    ASSIGN_OR_RETURN(std::string url, NormalizeHubUrl(input.hub_url));
    set(zone.display_name, input.display_name, "display_name");
    set(zone.hub_url, std::move(url), "hub_url");
    set(zone.hub_ca_pem, input.hub_ca_pem, "hub_ca");
    set(zone.max_concurrent_joins,
        input.max_concurrent_joins == 0 ? tools_.default_max_concurrent_joins
                                        : input.max_concurrent_joins,
        "max_concurrent_joins");
    set(zone.allow_cli_join, input.allow_cli_join, "allow_cli_join");
    RETURN_IF_ERROR(ApplyVerifier(input, zone, what));
    if (!before.has_value() || !what.empty()) {
      const std::string change = before.has_value() ? absl::StrCat("update zone ", id.value(), ": ",
                                                                   absl::StrJoin(what, ", "))
                                                    : absl::StrCat("create zone ", id.value());
      changes_.push_back(change);
      if (!dry_run_) {
        RETURN_IF_ERROR(turn_.store().zones().Put(zone));
        RETURN_IF_ERROR(Audit(turn_, actor_.name,
                              before.has_value() ? "zone.update" : "zone.create", id.value(),
                              tenant, change));
      }
    }
    return ApplyKey(id, input, before.has_value());
  }

 private:
  absl::Status ApplyVerifier(const ZoneInput& input, store::Zone& zone,
                             std::vector<std::string>& what) {
    if (!input.verifier.has_value()) return absl::OkStatus();
    const VerifierInput& verifier = *input.verifier;
    const std::string binding = VerifierBinding(zone.id);
    const bool same = zone.verifier.kind == verifier.kind &&
                      zone.verifier.principal == verifier.principal &&
                      (verifier.kind == VerifierKind::kNone ||
                       Holds(tools_.vault, zone.verifier.secret, binding, verifier.secret));
    if (same) return absl::OkStatus();
    what.emplace_back("verifier");
    zone.verifier = {verifier.kind, verifier.principal, {}};
    if (verifier.kind == VerifierKind::kNone) return absl::OkStatus();
    ASSIGN_OR_RETURN(zone.verifier.secret, tools_.vault.Seal(verifier.secret, binding));
    return absl::OkStatus();
  }

  absl::Status ApplyKey(const ZoneId& id, const ZoneInput& input, bool known) {
    if (!input.joining_key.has_value()) return absl::OkStatus();
    if (known) {
      ASSIGN_OR_RETURN(const std::optional<store::JoiningKeyVersion> active,
                       turn_.store().zones().FindActiveKey(id));
      if (active.has_value() && active->client_id == input.joining_key->client_id &&
          Holds(tools_.vault, active->secret, JoiningKeyBinding(id, active->version),
                input.joining_key->secret)) {
        return absl::OkStatus();
      }
    }
    changes_.push_back(absl::StrCat("set joining key of zone ", id.value()));
    if (dry_run_) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int version, ActivateNextKey(turn_, tools_, id, *input.joining_key));
    return Audit(turn_, actor_.name, "zone.key", id.value(), TenantOf(id),
                 absl::StrCat("version ", version, ": new → active"));
  }

  Turn& turn_;
  const InventoryTools& tools_;
  const Actor& actor_;
  const bool dry_run_;
  std::vector<std::string>& changes_;
};

// A hub belongs to one tenant: a shared one would let one tenant's key reach the other's servers.
absl::Status CheckHubsAreNotShared(Turn& turn, const std::vector<TenantInput>& fleet) {
  std::map<ZoneId, std::string> urls;
  ASSIGN_OR_RETURN(const std::vector<store::Zone> zones, turn.store().zones().List(TenantId()));
  for (const store::Zone& zone : zones) urls[zone.id] = zone.hub_url;
  for (const TenantInput& tenant : fleet) {
    for (const ZoneInput& zone : tenant.zones) {
      ASSIGN_OR_RETURN(urls[MakeZoneId(tenant.id, zone.slug)], NormalizeHubUrl(zone.hub_url));
    }
  }
  std::map<std::string, ZoneId> owner;
  for (const auto& [zone, url] : urls) {
    const auto [it, fresh] = owner.emplace(url, zone);
    if (!fresh && TenantOf(it->second) != TenantOf(zone)) {
      return FailureStatus(FailureCode::kInventoryConflict,
                           absl::StrCat("zones ", it->second.value(), " and ", zone.value(),
                                        " of different tenants name the same hub ", url));
    }
  }
  return absl::OkStatus();
}

}  // namespace

// Cached zones are dropped with the change, before anybody looks again: what is read next, after it
// was committed or undone, is true.
absl::StatusOr<std::vector<std::string>> Fleet::Apply(Turn& turn, const Actor& actor,
                                                      const std::vector<TenantInput>& fleet,
                                                      bool dry_run) {
  zones_.Clear();
  const std::vector<std::string> problems = ProblemsOf(fleet);
  if (!problems.empty()) {
    return FailureStatus(FailureCode::kConfigInvalid, absl::StrJoin(problems, "; "));
  }
  for (const TenantInput& tenant : fleet) {
    if (!MaySee(actor, tenant.id)) {
      return FailureStatus(FailureCode::kAuthForbidden, absl::StrCat("tenant ", tenant.id.value()));
    }
  }
  RETURN_IF_ERROR(CheckHubsAreNotShared(turn, fleet));
  std::vector<std::string> changes;
  ZoneStep step(turn, tools_, actor, dry_run, changes);
  for (const TenantInput& input : fleet) {
    ASSIGN_OR_RETURN(const std::optional<store::Tenant> before,
                     turn.store().tenants().Find(input.id));
    if (!before.has_value() || before->display_name != input.display_name) {
      const std::string change =
          absl::StrCat(before.has_value() ? "update" : "create", " tenant ", input.id.value());
      changes.push_back(change);
      if (!dry_run) {
        RETURN_IF_ERROR(turn.store().tenants().Put(
            {input.id, input.display_name, before.has_value() ? before->create_time : turn.now()}));
        RETURN_IF_ERROR(Audit(turn, actor.name,
                              before.has_value() ? "tenant.update" : "tenant.create",
                              input.id.value(), input.id, change));
      }
    }
    for (const ZoneInput& zone : input.zones) RETURN_IF_ERROR(step.Apply(input.id, zone));
  }
  return changes;
}

absl::StatusOr<store::Zone> Fleet::SetJoiningKey(Turn& turn, const Actor& actor, const ZoneId& zone,
                                                 const JoiningKeyInput& key) {
  zones_.Clear();
  ASSIGN_OR_RETURN(std::optional<store::Zone> found, turn.store().zones().Find(zone));
  if (!found.has_value() || !MaySee(actor, found->tenant_id)) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
  }
  if (key.client_id.empty() || key.secret.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         "a joining key needs a client id and a secret");
  }
  ASSIGN_OR_RETURN(const int version, ActivateNextKey(turn, tools_, zone, key));
  RETURN_IF_ERROR(Audit(turn, actor.name, "zone.key", zone.value(), found->tenant_id,
                        absl::StrCat("version ", version, ": new → active")));
  return *std::move(found);
}

}  // namespace muster::core
