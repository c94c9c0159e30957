#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/expiry.h"
#include "orchestrator/cli/secret_input.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

// "Acme Root until 2031-01-01T00:00:00Z", or that it is the system's.
std::string HubCaText(const v1::Zone& zone) {
  if (!zone.hub_tls_custom_ca()) return "the system's trust anchors";
  std::vector<std::string> anchors;
  for (const v1::TrustAnchor& anchor : zone.hub_ca()) {
    anchors.push_back(absl::StrCat(anchor.subject(), " until ", TextOf(anchor.not_after())));
  }
  return absl::StrJoin(anchors, ", ");
}

std::string SweepText(const v1::Zone& zone) {
  const v1::SweepPlan& sweep = zone.sweep();
  if (sweep.off()) return "off";
  const std::string when =
      sweep.has_every() ? absl::StrCat("every ", TextOf(sweep.every()))
      : sweep.schedule().empty()
          ? "default"
          : absl::StrCat(sweep.schedule(), " ",
                         sweep.time_zone().empty() ? "UTC" : sweep.time_zone());
  const bool asks = !sweep.has_ask_workers() || sweep.ask_workers();
  return asks ? when : absl::StrCat(when, ", workers are not asked");
}

constexpr Field<v1::Zone> kZoneFields[] = {
    {"zone", Show::kAlways, [](const v1::Zone& z) { return z.zone_id(); }, Unit::kName},
    {"display_name", Show::kDetails, [](const v1::Zone& z) { return z.display_name(); }},
    {"hub_url", Show::kAlways, [](const v1::Zone& z) { return z.hub_url(); }},
    {"servers", Show::kAlways, [](const v1::Zone& z) { return absl::StrCat(z.servers()); }},
    {"joining_key", Show::kAlways,
     [](const v1::Zone& z) {
       return z.joining_key_version() == 0
                  ? std::string("none")
                  : absl::StrCat(z.joining_client_id(), " v", z.joining_key_version());
     }},
    {"verifier", Show::kAlways, [](const v1::Zone& z) { return WordOf(z.verifier_kind()); }},
    {"max_concurrent_joins", Show::kDetails,
     [](const v1::Zone& z) { return absl::StrCat(z.max_concurrent_joins()); }},
    {"allow_cli_join", Show::kDetails,
     [](const v1::Zone& z) { return std::string(z.allow_cli_join() ? "true" : "false"); }},
    {"service_account", Show::kDetails, [](const v1::Zone& z) { return z.service_account(); }},
    {"verify_within", Show::kDetails, [](const v1::Zone& z) { return TextOf(z.verify_within()); }},
    {"disconnect_patience", Show::kDetails,
     [](const v1::Zone& z) { return TextOf(z.disconnect_patience()); }},
    {"sweep", Show::kDetails, SweepText},
    {"hub_ca", Show::kDetails, HubCaText},
    {"pin_version", Show::kDetails,
     [](const v1::Zone& z) { return absl::StrCat(z.pin_version()); }},
    {"joining_key_fingerprint", Show::kDetails,
     [](const v1::Zone& z) { return z.joining_key_fingerprint(); }},
    {"joining_key_ends", Show::kDetails,
     [](const v1::Zone& z) { return TextOf(z.joining_key_expire_time()); }, Unit::kTime},
    {"verifier_principal", Show::kDetails,
     [](const v1::Zone& z) { return z.verifier_principal(); }},
    {"hub_tls_custom_ca", Show::kDetails,
     [](const v1::Zone& z) { return std::string(z.hub_tls_custom_ca() ? "true" : "false"); }},
    {"created", Show::kDetails, [](const v1::Zone& z) { return TextOf(z.create_time()); },
     Unit::kTime},
};

absl::StatusOr<ExitCode> ListZones(Context& context, const std::string& tenant) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::ListZonesRequest request;
  request.set_tenant_id(tenant);
  ASSIGN_OR_RETURN(const v1::ListZonesResponse response, client->ListZones(request));
  context.output().Print(response, MakeTable(kZoneFields, response.zones()));
  if (response.zones().empty()) {
    context.output().Say("No trust zones: describe them in a file and run 'muster apply -f FILE'.");
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowZone(Context& context, const std::string& zone) {
  RETURN_IF_ERROR(CheckZoneId(zone));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::ListZonesRequest request;
  request.set_tenant_id(zone.substr(0, zone.find('/')));
  ASSIGN_OR_RETURN(const v1::ListZonesResponse response, client->ListZones(request));
  for (const v1::Zone& found : response.zones()) {
    if (found.zone_id() != zone) continue;
    context.output().PrintDetails(found, MakeRow(kZoneFields, found));
    return ExitCode::kOk;
  }
  return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("there is no zone '", zone, "'"));
}

struct DeleteZoneFlags {
  std::string zone;
  bool yes = false;
};

absl::StatusOr<ExitCode> DeleteZone(Context& context, const DeleteZoneFlags& flags) {
  RETURN_IF_ERROR(CheckZoneId(flags.zone));
  RETURN_IF_ERROR(Confirm(
      context, flags.yes,
      absl::StrCat("Zone ", flags.zone, " goes with its joining keys and tokens, for good.")));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::DeleteZoneRequest request;
  request.set_zone_id(flags.zone);
  RETURN_IF_ERROR(client->DeleteZone(request).status());
  context.output().Say(absl::StrCat("Zone ", flags.zone, " is deleted."));
  return ExitCode::kOk;
}

struct KeyFlags {
  std::string zone;
  std::string client_id;
  std::string secret_file;
  std::string expires = "never";
};

absl::StatusOr<ExitCode> SetKey(Context& context, const KeyFlags& flags) {
  RETURN_IF_ERROR(CheckZoneId(flags.zone));
  v1::SetJoiningKeyRequest request;
  request.set_zone_id(flags.zone);
  request.set_client_id(flags.client_id);
  const auto end = ParseExpiry(flags.expires);
  if (!end.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--expires: ", end.status().message()));
  }
  if (*end != absl::InfiniteFuture()) *request.mutable_expire_time() = rpc::ToProto(*end);
  ASSIGN_OR_RETURN(*request.mutable_secret(), ReadSecret(context.environment(), flags.secret_file));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::SetJoiningKeyResponse response, client->SetJoiningKey(request));
  context.output().PrintDetails(response, MakeRow(kZoneFields, response.zone()));
  context.output().Say(
      "The key is active now; running rollouts use it from their next attempt on.");
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RemoveKey(Context& context, const std::string& zone) {
  RETURN_IF_ERROR(CheckZoneId(zone));
  v1::RemoveJoiningKeyRequest request;
  request.set_zone_id(zone);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::RemoveJoiningKeyResponse response, client->RemoveJoiningKey(request));
  context.output().PrintDetails(response, MakeRow(kZoneFields, response.zone()));
  context.output().Say(absl::StrCat(
      "No join begins in the zone, and rollouts hold its servers, until 'muster key set ", zone,
      "'. The hub still takes the key: delete it there, too, if it leaked."));
  return ExitCode::kOk;
}

}  // namespace

void AddZoneCommands(CommandTree& tree) {
  CLI::App& zone = tree.Noun("zone", "Trust zones: one hub and one joining key inside a tenant");
  auto tenant = std::make_shared<std::string>();
  CLI::App& list = tree.Verb(zone, "list", "List trust zones, their hubs and keys",
                             "muster zone list --tenant acme",
                             [tenant](Context& context) { return ListZones(context, *tenant); });
  list.add_option("--tenant", *tenant, "Only zones of this tenant");

  auto shown = std::make_shared<std::string>();
  CLI::App& show = tree.Verb(zone, "show", "Show all that is set of a trust zone, but its secrets",
                             "muster zone show acme/prod",
                             [shown](Context& context) { return ShowZone(context, *shown); });
  show.add_option("zone", *shown, "The zone, as tenant/zone")->required();

  auto deleted = std::make_shared<DeleteZoneFlags>();
  CLI::App& remove =
      tree.Verb(zone, "delete", "Take an empty trust zone out", "muster zone delete acme/old",
                [deleted](Context& context) { return DeleteZone(context, *deleted); });
  remove.add_option("zone", deleted->zone, "The zone, as tenant/zone")->required();
  AddYesFlag(remove, deleted->yes);

  CLI::App& key = tree.Noun("key", "Joining keys: what servers join their zone's hub with");
  auto flags = std::make_shared<KeyFlags>();
  CLI::App& set = tree.Verb(
      key, "set", "Store a new version of a zone's joining key and make it active",
      "muster key set acme/prod --client-id managedinstance_sp_01 --secret-file new.secret\n"
      "  pass show acme/hub | muster key set acme/prod --client-id managedinstance_sp_01 "
      "--secret-file -",
      [flags](Context& context) { return SetKey(context, *flags); });
  set.add_option("zone", flags->zone, "The zone, as tenant/zone")->required();
  set.add_option("--client-id", flags->client_id, "Client id of the hub's joining key")->required();
  set.add_option("--secret-file", flags->secret_file,
                 "File that holds the secret, - is standard input; never the secret itself")
      ->required();
  set.add_option(
      "--expires", flags->expires,
      "When the hub stops taking it, to be told in time: a day, a time, or never (default)");

  auto removed = std::make_shared<std::string>();
  CLI::App& remove_key =
      tree.Verb(key, "remove", "Take a zone's joining key away: no further joins until one is set",
                "muster key remove acme/prod",
                [removed](Context& context) { return RemoveKey(context, *removed); });
  remove_key.add_option("zone", *removed, "The zone, as tenant/zone")->required();
}

}  // namespace muster::cli
