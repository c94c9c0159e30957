#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr Field<v1::Tenant> kTenantFields[] = {
    {"tenant", Show::kAlways, [](const v1::Tenant& t) { return t.tenant_id(); }, Unit::kName},
    {"display_name", Show::kAlways, [](const v1::Tenant& t) { return t.display_name(); }},
    {"created", Show::kAlways, [](const v1::Tenant& t) { return TextOf(t.create_time()); },
     Unit::kTime},
};

absl::StatusOr<ExitCode> ListTenants(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListTenantsResponse response, client->ListTenants({}));
  context.output().Print(response, MakeTable(kTenantFields, response.tenants()));
  if (response.tenants().empty()) {
    context.output().Say("No tenants yet: describe them in a file and run 'muster apply -f FILE'.");
  }
  return ExitCode::kOk;
}

struct DeleteTenantFlags {
  std::string tenant;
  bool yes = false;
};

absl::StatusOr<ExitCode> DeleteTenant(Context& context, const DeleteTenantFlags& flags) {
  RETURN_IF_ERROR(Confirm(
      context, flags.yes,
      absl::StrCat("Tenant ", flags.tenant, " goes with its finished rollouts, for good.")));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::DeleteTenantRequest request;
  request.set_tenant_id(flags.tenant);
  RETURN_IF_ERROR(client->DeleteTenant(request).status());
  context.output().Say(absl::StrCat("Tenant ", flags.tenant, " is deleted."));
  return ExitCode::kOk;
}

}  // namespace

void AddTenantCommands(CommandTree& tree) {
  CLI::App& tenant = tree.Noun("tenant", "Tenants: the provider's customers");
  tree.Verb(tenant, "list", "List the tenants that you may see", "muster tenant list", ListTenants);

  auto deleted = std::make_shared<DeleteTenantFlags>();
  CLI::App& remove =
      tree.Verb(tenant, "delete", "Take a tenant without zones out", "muster tenant delete acme",
                [deleted](Context& context) { return DeleteTenant(context, *deleted); });
  remove.add_option("tenant", deleted->tenant, "The tenant's id")->required();
  AddYesFlag(remove, deleted->yes);
}

}  // namespace muster::cli
