// muster.admin.v1.HubService.
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "muster/admin/v1/hub.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/hubs/hub_standing.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

void Show(const store::HubContact& contact, absl::Time now, admin::Hub& out) {
  out.set_standing(ToProto(core::StandingOf(contact, now)));
  SetIf(contact.read_time, [&] { return out.mutable_read_time(); });
  if (contact.failure.has_value() || contact.read_time.has_value()) {
    *out.mutable_try_time() = ToProto(contact.try_time);
  }
  out.set_failures(contact.failures);
  SetIf(contact.failing_time, [&] { return out.mutable_failing_time(); });
  SetIf(contact.failure, [&] { return out.mutable_failure(); });
  if (out.standing() == admin::HUB_STANDING_LEFT_ALONE) {
    SetIf(contact.open_time, [&] { return out.mutable_left_alone_since(); });
    SetIf(contact.not_before, [&] { return out.mutable_left_alone_until(); });
  }
  out.set_list_kind(ToProto(contact.list_kind));
  out.set_hub_version(contact.hub_version.str());
  if (contact.read_time.has_value()) {
    *out.mutable_clock_offset() = ToProto(contact.clock_offset);
  }
  out.set_instances(contact.instances);
  out.set_short_readings(contact.short_readings);
  out.set_short_instances(contact.short_instances);
  if (contact.accepted_instances.has_value()) {
    out.set_accepted_instances(*contact.accepted_instances);
  }
}

class HubCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.HubService";
  using Calls::Calls;

  absl::Status ListHubs(const Context& context, const admin::ListHubsRequest& request,
                        admin::ListHubsResponse& response) const {
    const store::WalledSnapshot& snapshot = context.snapshot;
    admin::Selection selection;
    selection.set_tenant_id(request.tenant_id());
    selection.set_zone_id(request.zone_id());
    ASSIGN_OR_RETURN(const auto checked, CheckSelection(selection, snapshot));
    ASSIGN_OR_RETURN(const auto zones, snapshot.ListZones(checked.tenant_id));
    ASSIGN_OR_RETURN(const auto contacts, snapshot.ListContacts(checked.tenant_id));
    std::map<ZoneId, const store::HubContact*> known;
    for (const store::HubContact& contact : contacts) known[contact.zone_id] = &contact;
    for (const store::Zone& zone : zones) {
      if (!checked.zone_id.empty() && zone.id != checked.zone_id) continue;
      admin::Hub& out = *response.add_hubs();
      out.set_zone_id(zone.id.value());
      out.set_hub_url(zone.hub_url);
      out.set_standing(admin::HUB_STANDING_NEVER_READ);
      out.set_list_kind(admin::HUB_LIST_KIND_UNKNOWN);
      if (const auto it = known.find(zone.id); it != known.end()) {
        Show(*it->second, d_.clock.Now(), out);
      }
    }
    return absl::OkStatus();
  }

  void CheckHub(const Context& context, const admin::CheckHubRequest& request,
                Responder<admin::CheckHubResponse> to) const {
    auto zone = FindZone(request.zone_id(), context.snapshot);
    if (!zone.ok()) return to.Finish(zone.status());
    to.response().set_zone_id(zone->id.value());
    to.response().set_hub_url(zone->hub_url);
    // As in VerifyNow: only who takes the call touches the response.
    admin::CheckHubResponse* const response = &to.response();
    const auto call = d_.long_calls.Open(
        context.caller.actor.name,
        [to = std::move(to)](const absl::Status& status) mutable { to.Finish(status); });
    core::HubReadRequest read{zone->id,         zone->tenant_id, zone->hub_url,
                              zone->hub_ca_pem, zone->verifier,  /*insist=*/true};
    d_.hub_checker.Check(std::move(read), [call, response](std::vector<core::HubCheckStep> steps) {
      auto finish = call->Take();
      if (!finish) return;
      for (core::HubCheckStep& step : steps) {
        auto& out = *response->add_steps();
        out.set_name(std::move(step.name));
        out.set_result(ToProto(step.result));
        out.set_seen(std::move(step.seen));
        out.set_next(std::move(step.next));
      }
      finish(absl::OkStatus());
    });
  }

  void AcceptShrink(const Context& context, const admin::AcceptShrinkRequest& request,
                    Responder<admin::AcceptShrinkResponse> to) const {
    auto zone = FindZone(request.zone_id(), context.snapshot);
    if (!zone.ok()) return to.Finish(zone.status());
    d_.operations.hubs.Call(
        &core::HubOperations::AcceptShrink,
        [to = std::move(to), id = zone->id](absl::StatusOr<int> instances) mutable {
          if (instances.ok()) {
            to.response().set_zone_id(id.value());
            to.response().set_instances(*instances);
          }
          to.Finish(instances.status());
        },
        context.caller.actor, zone->id);
  }
};

}  // namespace

void AddHubCalls(CallTable& table, const Dependencies& d) {
  table.For<HubCalls>(d)
      .Read("ListHubs", &HubCalls::ListHubs)
      .Write("CheckHub", &HubCalls::CheckHub)
      .Write("AcceptShrink", &HubCalls::AcceptShrink);
}

}  // namespace muster::api
