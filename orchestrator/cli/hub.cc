#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/hub.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

// What is known of lists of this kind, for who does not know the words.
std::string ListText(const v1::Hub& hub) {
  switch (hub.list_kind()) {
    case v1::HUB_LIST_KIND_WITHOUT_PENDING:
      return "all records; it does not say which of them never connected";
    case v1::HUB_LIST_KIND_CONNECTED_ONLY:
      return "nothing shows that it lists what is not connected, as hubs of 2025 do not: it proves "
             "who is connected, and no absence";
    case v1::HUB_LIST_KIND_SUMMARY:
      return "the public summary: it does not say who is connected";
    case v1::HUB_LIST_KIND_LEGACY:
      return "connected instances only, with little of each (2024): it proves no absence";
    case v1::HUB_LIST_KIND_FULL:
      return "all records";
    default:
      return "";
  }
}

constexpr Field<v1::Hub> kHubFields[] = {
    {"zone", Show::kAlways, [](const v1::Hub& h) { return h.zone_id(); }, Unit::kName},
    {"hub_url", Show::kAlways, [](const v1::Hub& h) { return h.hub_url(); }},
    {"standing", Show::kAlways, [](const v1::Hub& h) { return WordOf(h.standing()); }},
    {"last_read", Show::kAlways,
     [](const v1::Hub& h) {
       return h.has_read_time() ? TextOf(h.read_time()) : std::string("never");
     },
     Unit::kTime},
    {"failing_since", Show::kAlways, [](const v1::Hub& h) { return TextOf(h.failing_time()); },
     Unit::kTime},
    {"left_alone_since", Show::kDetails,
     [](const v1::Hub& h) { return TextOf(h.left_alone_since()); }, Unit::kTime},
    {"left_alone_until", Show::kAlways,
     [](const v1::Hub& h) { return TextOf(h.left_alone_until()); }, Unit::kTime},
    {"failure", Show::kAlways, [](const v1::Hub& h) { return TextOf(h.failure()); }, Unit::kProse},
    {"failures", Show::kDetails, [](const v1::Hub& h) { return absl::StrCat(h.failures()); }},
    {"remedy", Show::kDetails, [](const v1::Hub& h) { return h.failure().remedy(); }},
    {"last_try", Show::kDetails, [](const v1::Hub& h) { return TextOf(h.try_time()); },
     Unit::kTime},
    {"version", Show::kDetails, [](const v1::Hub& h) { return h.hub_version(); }},
    {"list", Show::kDetails, [](const v1::Hub& h) { return WordOf(h.list_kind()); }},
    {"list_shows", Show::kDetails, ListText},
    {"instances", Show::kDetails,
     [](const v1::Hub& h) {
       return h.has_read_time() ? absl::StrCat(h.instances()) : std::string();
     }},
    {"clock_offset", Show::kDetails,
     [](const v1::Hub& h) {
       return h.has_clock_offset() ? absl::FormatDuration(rpc::FromProto(h.clock_offset()))
                                   : std::string();
     }},
    {"short_readings", Show::kDetails,
     [](const v1::Hub& h) { return absl::StrCat(h.short_readings()); }},
    {"short_instances", Show::kDetails,
     [](const v1::Hub& h) {
       return h.short_readings() > 0 ? absl::StrCat(h.short_instances()) : std::string();
     }},
    {"accepted_instances", Show::kDetails,
     [](const v1::Hub& h) {
       return h.has_accepted_instances() ? absl::StrCat(h.accepted_instances()) : std::string();
     }},
};

absl::StatusOr<ExitCode> ListHubs(Context& context, const std::string& tenant) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::ListHubsRequest request;
  request.set_tenant_id(tenant);
  ASSIGN_OR_RETURN(const v1::ListHubsResponse response, client->ListHubs(request));
  context.output().Print(response, MakeTable(kHubFields, response.hubs()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowHub(Context& context, const std::string& zone) {
  RETURN_IF_ERROR(CheckZoneId(zone));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::ListHubsRequest request;
  request.set_zone_id(zone);
  ASSIGN_OR_RETURN(const v1::ListHubsResponse response, client->ListHubs(request));
  if (response.hubs().empty()) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("there is no zone '", zone, "'"));
  }
  const v1::Hub& hub = response.hubs(0);
  context.output().PrintDetails(hub, MakeRow(kHubFields, hub));
  if (hub.short_readings() > 0) {
    context.output().Hint(absl::StrCat(
        "The hub lists ", Counted(hub.short_instances(), "record"),
        ", far fewer than before, so nothing is concluded from what is missing. It is believed "
        "when three readings ten minutes apart show the same, or at once by 'muster hub "
        "accept-shrink ",
        zone, "'."));
  }
  return ExitCode::kOk;
}

constexpr Field<v1::HubCheckStep> kStepFields[] = {
    {"step", Show::kAlways, [](const v1::HubCheckStep& s) { return s.name(); }, Unit::kName},
    {"result", Show::kAlways, [](const v1::HubCheckStep& s) { return WordOf(s.result()); }},
    {"seen", Show::kAlways, [](const v1::HubCheckStep& s) { return s.seen(); }, Unit::kProse},
    {"next", Show::kAlways, [](const v1::HubCheckStep& s) { return s.next(); }, Unit::kProse},
};

absl::StatusOr<ExitCode> CheckHub(Context& context, const std::string& zone) {
  RETURN_IF_ERROR(CheckZoneId(zone));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::CheckHubRequest request;
  request.set_zone_id(zone);
  ASSIGN_OR_RETURN(const v1::CheckHubResponse response, client->CheckHub(request));
  context.output().Print(response, MakeTable(kStepFields, response.steps()));
  int problems = 0;
  for (const v1::HubCheckStep& step : response.steps()) {
    problems += step.result() == v1::HubCheckStep::RESULT_PROBLEM;
  }
  context.output().Say(
      problems == 0 ? absl::StrCat("The hub of ", zone, ", ", response.hub_url(), ", can be read.")
                    : absl::StrCat("The hub of ", zone, ", ", response.hub_url(),
                                   ", cannot be read: ", Counted(problems, "problem"), "."));
  return problems == 0 ? ExitCode::kOk : ExitCode::kNotAllWell;
}

struct ShrinkFlags {
  std::string zone;
  bool yes = false;
};

absl::StatusOr<ExitCode> AcceptShrink(Context& context, const ShrinkFlags& flags) {
  RETURN_IF_ERROR(CheckZoneId(flags.zone));
  RETURN_IF_ERROR(Confirm(
      context, flags.yes,
      absl::StrCat(
          "What the hub of ", flags.zone,
          " does not list any more is believed to be gone: doubts about joins end by it.")));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::AcceptShrinkRequest request;
  request.set_zone_id(flags.zone);
  ASSIGN_OR_RETURN(const v1::AcceptShrinkResponse response, client->AcceptShrink(request));
  context.output().Say(absl::StrCat("The hub of ", flags.zone, " is believed with ",
                                    Counted(response.instances(), "record"),
                                    "; it is being read again."));
  return ExitCode::kOk;
}

}  // namespace

void AddHubCommands(CommandTree& tree) {
  CLI::App& hub = tree.Noun("hub", "Hubs: whether they can be read, and what is wrong");
  auto tenant = std::make_shared<std::string>();
  CLI::App& list = tree.Verb(hub, "list", "List the zones' hubs and how they stand",
                             "muster hub list --tenant acme",
                             [tenant](Context& context) { return ListHubs(context, *tenant); });
  list.add_option("--tenant", *tenant, "Only zones of this tenant");

  auto shown = std::make_shared<std::string>();
  CLI::App& show =
      tree.Verb(hub, "show", "Show all that is known of a zone's hub", "muster hub show acme/prod",
                [shown](Context& context) { return ShowHub(context, *shown); });
  show.add_option("zone", *shown, "The zone, as tenant/zone")->required();

  auto checked = std::make_shared<std::string>();
  CLI::App& check = tree.Verb(
      hub, "check",
      "Look at a zone's hub step by step: DNS, TCP, TLS, clock, path, credentials, role, scope",
      "muster hub check acme/prod",
      [checked](Context& context) { return CheckHub(context, *checked); });
  check.add_option("zone", *checked, "The zone, as tenant/zone")->required();

  auto accepted = std::make_shared<ShrinkFlags>();
  CLI::App& accept = tree.Verb(
      hub, "accept-shrink", "Believe that a hub has really lost the records that it lists no more",
      "muster hub accept-shrink acme/prod",
      [accepted](Context& context) { return AcceptShrink(context, *accepted); });
  accept.add_option("zone", accepted->zone, "The zone, as tenant/zone")->required();
  AddYesFlag(accept, accepted->yes);
}

}  // namespace muster::cli
