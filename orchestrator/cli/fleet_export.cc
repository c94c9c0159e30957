#include "orchestrator/cli/fleet_export.h"

#include <nlohmann/json.hpp>

#include "orchestrator/cli/structured_text.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ZoneOf(const admin::v1::Zone& zone) {
  Json out;
  out["zone"] = zone.zone_id().substr(zone.zone_id().find('/') + 1);
  out["display_name"] = zone.display_name();
  out["hub_url"] = zone.hub_url();
  out["max_concurrent_joins"] = zone.max_concurrent_joins();
  out["allow_cli_join"] = zone.allow_cli_join();
  if (!zone.service_account().empty()) out["service_account"] = zone.service_account();
  out["verify_within"] = TextOf(zone.verify_within());
  out["disconnect_patience"] = TextOf(zone.disconnect_patience());
  const admin::v1::SweepPlan& sweep = zone.sweep();
  if (!sweep.schedule().empty()) out["sweep"]["schedule"] = sweep.schedule();
  if (!sweep.time_zone().empty()) out["sweep"]["time_zone"] = sweep.time_zone();
  if (sweep.has_every()) out["sweep"]["every"] = TextOf(sweep.every());
  if (sweep.off()) out["sweep"]["off"] = true;
  if (sweep.has_ask_workers()) out["sweep"]["ask_workers"] = sweep.ask_workers();
  return out;
}

}  // namespace

std::string FleetFileText(const admin::v1::ListTenantsResponse& tenants,
                          const admin::v1::ListZonesResponse& zones) {
  Json fleet;
  fleet["tenants"] = Json::array();
  for (const admin::v1::Tenant& tenant : tenants.tenants()) {
    Json out;
    out["id"] = tenant.tenant_id();
    out["display_name"] = tenant.display_name();
    Json of_tenant = Json::array();
    for (const admin::v1::Zone& zone : zones.zones()) {
      if (zone.tenant_id() == tenant.tenant_id()) of_tenant.push_back(ZoneOf(zone));
    }
    if (!of_tenant.empty()) out["zones"] = std::move(of_tenant);
    fleet["tenants"].push_back(std::move(out));
  }
  return JsonToYaml(fleet.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace muster::cli
