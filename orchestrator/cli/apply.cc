#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/fleet_export.h"
#include "orchestrator/cli/fleet_file.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxFleetBytes = 8 << 20;

struct ApplyFlags {
  std::string file;
  bool dry_run = false;
  bool replace_keys = false;
  bool replace_hub = false;
};

absl::StatusOr<ExitCode> Apply(Context& context, const ApplyFlags& flags) {
  CliEnvironment& environment = context.environment();
  const bool from_stdin = flags.file == "-";
  std::string text;
  if (from_stdin) {
    ASSIGN_OR_RETURN(text, ReadStream(environment.in, kMaxFleetBytes));
  } else {
    ASSIGN_OR_RETURN(text, ReadFile(flags.file, kMaxFleetBytes));
  }
  FleetFile fleet = ParseFleetFile(text, from_stdin ? "standard input" : flags.file,
                                   std::filesystem::path(flags.file).parent_path().string(),
                                   {environment.variable, from_stdin ? nullptr : &environment.in});
  if (!fleet.problems.empty()) {
    for (const std::string& problem : fleet.problems) context.output().Hint(problem);
    return FailureStatus(
        FailureCode::kConfigInvalid,
        absl::StrCat(Counted(static_cast<int64_t>(fleet.problems.size()), "problem"), " in ",
                     from_stdin ? "standard input" : flags.file));
  }
  fleet.request.set_dry_run(flags.dry_run);
  fleet.request.set_replace_keys(flags.replace_keys);
  fleet.request.set_replace_hub(flags.replace_hub);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ApplyFleetResponse response, client->ApplyFleet(fleet.request));
  Table table{{{"change"}}, {}};
  for (const std::string& change : response.changes()) table.rows.push_back({change});
  if (!table.rows.empty() || !context.output().for_people()) {
    context.output().Print(response, table);
  }
  if (table.rows.empty()) {
    context.output().Say("Nothing to change: the fleet is as the file says.");
  } else if (flags.dry_run) {
    context.output().Say("Nothing was changed: this was a dry run.");
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Export(Context& context, const std::string& tenant) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(v1::ListTenantsResponse tenants, client->ListTenants({}));
  if (!tenant.empty()) {
    v1::ListTenantsResponse one;
    for (const v1::Tenant& found : tenants.tenants()) {
      if (found.tenant_id() == tenant) *one.add_tenants() = found;
    }
    tenants = std::move(one);
  }
  if (tenants.tenants().empty()) {
    return tenant.empty() ? FailureStatus(FailureCode::kTenantUnknown, "there is no tenant yet")
                          : FailureStatus(FailureCode::kTenantUnknown,
                                          absl::StrCat("there is no tenant '", tenant, "'"));
  }
  v1::ListZonesRequest request;
  request.set_tenant_id(tenant);
  ASSIGN_OR_RETURN(const v1::ListZonesResponse zones, client->ListZones(request));
  context.environment().out << FleetFileText(tenants, zones);
  context.output().Hint(
      "Joining keys, verifier credentials and CA files are not in it: 'muster apply' keeps those "
      "of "
      "the zones that have them.");
  return ExitCode::kOk;
}

}  // namespace

void AddApplyCommand(CommandTree& tree) {
  auto flags = std::make_shared<ApplyFlags>();
  CLI::App& apply =
      tree.Verb(tree.root(), "apply", "Bring tenants and trust zones to what a fleet file says",
                "muster apply -f fleet.yaml --dry-run",
                [flags](Context& context) { return Apply(context, *flags); });
  apply
      .add_option("-f,--file", flags->file, "The fleet file, see docs/configuration.md; - is stdin")
      ->required();
  apply.add_flag("--dry-run", flags->dry_run, "Say what would change and change nothing");
  apply.add_flag("--replace-keys", flags->replace_keys,
                 "Let joining keys and verifier credentials of the file take the place of others");
  apply.add_flag("--replace-hub", flags->replace_hub,
                 "Let zones move to other hubs: their enrolled servers must join again");

  auto tenant = std::make_shared<std::string>();
  CLI::App& exported =
      tree.Verb(tree.root(), "export", "Write tenants and trust zones as a file for 'muster apply'",
                "muster export > fleet.yaml",
                [tenant](Context& context) { return Export(context, *tenant); });
  exported.add_option("--tenant", *tenant, "Only this tenant");
}

}  // namespace muster::cli
