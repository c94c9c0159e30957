#include <CLI/CLI.hpp>

#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr Field<v1::Tenant> kTenantFields[] = {
    {"tenant", Show::kAlways, [](const v1::Tenant& t) { return t.tenant_id(); }},
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

}  // namespace

void AddTenantCommands(CommandTree& tree) {
  CLI::App& tenant = tree.Noun("tenant", "Tenants: the provider's customers");
  tree.Verb(tenant, "list", "List the tenants that you may see", "muster tenant list", ListTenants);
}

}  // namespace muster::cli
