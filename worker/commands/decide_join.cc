#include "worker/commands/decide_join.h"

#include "worker/service/service_files.h"

namespace muster::worker {

bool FitsZonePin(const v1::ZonePin& pin, const v1::Command& command) {
  return !pin.zone_id().empty() && command.zone_id() == pin.zone_id() && !pin.hub_url().empty() &&
         NormalizeHubUrl(command.join().hub_url()) == NormalizeHubUrl(pin.hub_url());
}

bool IsJoinedTo(const types::v1::ServiceFacts& service, const std::string& hub_url) {
  return !service.hub_instance_id().empty() && !service.hub_url().empty() &&
         NormalizeHubUrl(service.hub_url()) == NormalizeHubUrl(hub_url);
}

JoinDecision DecideJoin(const types::v1::ServiceFacts& service, const v1::ZonePin& pin,
                        const v1::Command& command) {
  if (!FitsZonePin(pin, command)) return JoinDecision::kRefuseZone;
  const JoinDecision elsewhere =
      command.join().allow_takeover() ? JoinDecision::kTakeOver : JoinDecision::kRefuseElsewhere;
  const bool names_this_hub =
      NormalizeHubUrl(service.hub_url()) == NormalizeHubUrl(command.join().hub_url());
  if (service.hub_instance_id().empty()) {
    const bool bound = service.hub_connected() && !service.hub_url().empty() && !names_this_hub;
    return bound ? elsewhere : JoinDecision::kJoin;
  }
  if (service.hub_url().empty()) {
    return service.hub_connected() ? elsewhere : JoinDecision::kJoin;
  }
  if (!names_this_hub) return elsewhere;
  return service.hub_connected() ? JoinDecision::kNothingToDo : JoinDecision::kRejoin;
}

}  // namespace muster::worker
