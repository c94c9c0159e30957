#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "muster/admin/v1/finding.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

using v1::Sweep;

std::string DurationOf(const Sweep& sweep) {
  if (!sweep.has_finish_time()) return "";
  const absl::Duration took =
      rpc::FromProto(sweep.finish_time()) - rpc::FromProto(sweep.start_time());
  return absl::FormatDuration(absl::Trunc(took, absl::Milliseconds(1)));
}

constexpr Field<Sweep> kSweepFields[] = {
    {"sweep_id", Show::kAlways, [](const Sweep& s) { return s.sweep_id(); }, Unit::kName},
    {"zone", Show::kAlways, [](const Sweep& s) { return s.zone_id(); }, Unit::kName},
    {"state", Show::kAlways, [](const Sweep& s) { return WordOf(s.state()); }},
    {"trigger", Show::kDetails, [](const Sweep& s) { return WordOf(s.trigger()); }},
    {"by", Show::kDetails, [](const Sweep& s) { return s.actor(); }},
    {"started", Show::kAlways, [](const Sweep& s) { return TextOf(s.start_time()); }, Unit::kTime},
    {"took", Show::kDetails, DurationOf},
    {"instances", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.instances()); }},
    {"unmatched", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.unmatched()); }},
    {"servers", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.servers()); }},
    {"enrolled", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.enrolled()); }},
    {"confirmed", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.confirmed()); }},
    {"degraded", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.degraded()); }},
    {"healed", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.healed()); }},
    {"findings", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.findings()); }},
    {"asked", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.asked()); }},
    {"answered", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.answered()); }},
    {"disagreed", Show::kAlways, [](const Sweep& s) { return absl::StrCat(s.disagreed()); }},
    {"reason", Show::kAlways, [](const Sweep& s) { return s.reason(); }, Unit::kProse},
};

// A sweep that was skipped has another that does its work.
bool IsWell(const Sweep& sweep) {
  return sweep.state() == v1::SWEEP_STATE_COMPLETED || sweep.state() == v1::SWEEP_STATE_SKIPPED;
}

struct SweepRunFlags {
  SelectionFlags place;
  bool ask_workers = false;
  bool hub_only = false;
};

absl::StatusOr<ExitCode> RunSweep(Context& context, const SweepRunFlags& flags) {
  v1::RunSweepRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.place.ToProto());
  if (flags.ask_workers || flags.hub_only) request.set_ask_workers(flags.ask_workers);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::RunSweepResponse response, client->RunSweep(request));
  context.output().Print(response, MakeTable(kSweepFields, response.sweeps()));
  for (const Sweep& sweep : response.sweeps()) {
    for (const std::string& line : sweep.differences()) {
      context.output().Say(absl::StrCat(sweep.zone_id(), ": ", line));
    }
  }
  const bool well = std::all_of(response.sweeps().begin(), response.sweeps().end(), IsWell);
  return well ? ExitCode::kOk : ExitCode::kNotAllWell;
}

struct SweepListFlags {
  SelectionFlags place;
  int limit = 20;
};

absl::StatusOr<ExitCode> ListSweeps(Context& context, const SweepListFlags& flags) {
  v1::ListSweepsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.place.ToProto());
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListSweepsResponse response, client->ListSweeps(request, flags.limit));
  context.output().Print(response, MakeTable(kSweepFields, response.sweeps()));
  if (response.sweeps().empty())
    context.output().Say("No sweeps yet: 'muster sweep run' makes one.");
  return ExitCode::kOk;
}

absl::StatusOr<Sweep> GetSweep(Context& context, const std::string& id) {
  v1::GetSweepRequest request;
  request.set_sweep_id(id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  return client->GetSweep(request);
}

absl::StatusOr<ExitCode> ShowSweep(Context& context, const std::string& id) {
  ASSIGN_OR_RETURN(const Sweep sweep, GetSweep(context, id));
  context.output().PrintDetails(sweep, MakeTable(kSweepFields, std::vector<Sweep>{sweep}));
  if (!sweep.differences().empty()) context.output().Say("\nOtherwise since the sweep before:");
  for (const std::string& line : sweep.differences()) {
    context.output().Say(absl::StrCat("  ", line));
  }
  return ExitCode::kOk;
}

struct SweepDiffFlags {
  std::string from;
  std::string to;
};

absl::StatusOr<ExitCode> DiffSweeps(Context& context, const SweepDiffFlags& flags) {
  ASSIGN_OR_RETURN(const Sweep from, GetSweep(context, flags.from));
  ASSIGN_OR_RETURN(const Sweep to, GetSweep(context, flags.to));
  if (from.zone_id() != to.zone_id()) {
    return absl::InvalidArgumentError(
        absl::StrCat("these are sweeps of two zones: ", from.zone_id(), " and ", to.zone_id()));
  }
  Table table{{{"count"}, {"before"}, {"after"}, {"difference"}}, {}};
  const auto row = [&](const char* name, int before, int after) {
    table.rows.push_back(
        {name, absl::StrCat(before), absl::StrCat(after),
         before == after ? "" : absl::StrCat(after > before ? "+" : "", after - before)});
  };
  row("instances", from.instances(), to.instances());
  row("unmatched", from.unmatched(), to.unmatched());
  row("servers", from.servers(), to.servers());
  row("enrolled", from.enrolled(), to.enrolled());
  row("confirmed", from.confirmed(), to.confirmed());
  row("findings", from.findings(), to.findings());
  row("asked", from.asked(), to.asked());
  row("answered", from.answered(), to.answered());
  row("disagreed", from.disagreed(), to.disagreed());
  context.output().Print(table);
  for (const std::string& line : to.differences()) context.output().Say(line);
  return ExitCode::kOk;
}

}  // namespace

void AddSweepCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("sweep", "Comparisons of the hubs' lists with the inventory");

  auto now = std::make_shared<SweepRunFlags>();
  CLI::App& run = tree.Verb(noun, "run", "Compare now, whatever the schedule says",
                            "muster sweep run --zone acme/prod",
                            [now](Context& context) { return RunSweep(context, *now); });
  AddPlaceFlags(run, now->place);
  CLI::Option* ask = run.add_flag("--ask-workers", now->ask_workers,
                                  "Ask the workers, too, also where the zone's plan says no");
  run.add_flag("--hub-only", now->hub_only, "Read the hub and ask no worker")->excludes(ask);

  auto list = std::make_shared<SweepListFlags>();
  CLI::App& all =
      tree.Verb(noun, "list", "List sweeps, newest first", "muster sweep list --zone acme/prod",
                [list](Context& context) { return ListSweeps(context, *list); });
  AddPlaceFlags(all, list->place);
  all.add_option("--limit", list->limit, "At most so many (default: 20; 0: all)");

  auto id = std::make_shared<std::string>();
  CLI::App& show = tree.Verb(noun, "show", "Show one sweep, and what was otherwise since the last",
                             "muster sweep show swp-2aq7ytboi2224mrtgq2t",
                             [id](Context& context) { return ShowSweep(context, *id); });
  show.add_option("sweep", *id, "Sweep id (swp-…)")->required();

  auto two = std::make_shared<SweepDiffFlags>();
  CLI::App& diff = tree.Verb(noun, "diff", "Show what differs between two sweeps of a zone",
                             "muster sweep diff swp-2aq7ytboi2224mrtgq2t swp-2aq7ytcoi2224mrtgq2t",
                             [two](Context& context) { return DiffSweeps(context, *two); });
  diff.add_option("from", two->from, "The earlier sweep (swp-…)")->required();
  diff.add_option("to", two->to, "The later sweep (swp-…)")->required();
}

}  // namespace muster::cli
