#include "tests/doubles/service/service_fleet.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace muster::doubles {
namespace {

FleetOptions Completed(FleetOptions options) {
  if (options.clock == nullptr) options.clock = SimClock::Real();
  if (options.names.empty()) {
    for (int n = 1; n <= options.count; ++n)
      options.names.push_back(absl::StrFormat("SIM-%04d", n));
  }
  return options;
}

// The address `steps` after `base`, within 127.0.0.0/8 and the like; hosts .0 and .255 are skipped.
absl::StatusOr<std::string> AddressAfter(const std::string& base, int steps) {
  const std::vector<std::string> parts = absl::StrSplit(base, '.');
  uint32_t octets[4] = {};
  bool good = parts.size() == 4;
  for (int i = 0; good && i < 4; ++i)
    good = absl::SimpleAtoi(parts[i], &octets[i]) && octets[i] < 256;
  if (!good) return absl::InvalidArgumentError(absl::StrCat("want an IPv4 address, not ", base));
  const uint32_t host = std::max(octets[3], 1U) - 1 + static_cast<uint32_t>(steps);
  const uint32_t net = (octets[1] << 8) + octets[2] + host / 254;
  return absl::StrCat(octets[0], ".", (net >> 8) & 255, ".", net & 255, ".", host % 254 + 1);
}

}  // namespace

ServiceFleet::ServiceFleet(FleetOptions options)
    : options_(std::move(options)), loop_(options_.clock), client_(loop_, options_.client) {
  AddControlRoutes();
}

absl::StatusOr<std::unique_ptr<ServiceFleet>> ServiceFleet::Start(FleetOptions options) {
  std::unique_ptr<ServiceFleet> fleet(new ServiceFleet(Completed(std::move(options))));
  if (absl::Status status = fleet->StartServices(); !status.ok()) return status;
  return fleet;
}

ServiceFleet::~ServiceFleet() { loop_.Stop(); }

absl::Status ServiceFleet::StartServices() {
  for (size_t i = 0; i < options_.names.size(); ++i) {
    ServiceOptions service = options_.service;
    service.name = options_.names[i];
    service.listen = options_.listen;
    if (options_.listen.port != 0) {
      absl::StatusOr<std::string> address = AddressAfter(options_.listen.host, static_cast<int>(i));
      if (!address.ok()) return address.status();
      service.listen.host = *address;
    }
    if (!options_.app_data_root.empty()) {
      service.app_data = absl::StrCat(options_.app_data_root, "/", service.name);
    }
    if (options_.source_is_name) service.source = service.name;
    auto made = std::make_unique<ServiceDouble>(loop_, client_, std::move(service));
    if (!by_name_.emplace(made->name(), made.get()).second) {
      return absl::InvalidArgumentError(absl::StrCat("two services are named ", made->name()));
    }
    AddServiceControl(*made);
    services_.push_back(std::move(made));
    if (absl::Status status = services_.back()->Listen(); !status.ok()) return status;
  }
  if (options_.control) {
    absl::StatusOr<std::unique_ptr<HttpServer>> control =
        HttpServer::Start(loop_, *options_.control, [this](const Request& request, Reply reply) {
          control_router_.Serve(request, std::move(reply));
        });
    if (!control.ok()) return control.status();
    control_ = *std::move(control);
  }
  loop_.Run([this] { ArmHeartbeat(); });
  return absl::OkStatus();
}

ServiceDouble* ServiceFleet::Find(const std::string& name) {
  const auto service = by_name_.find(name);
  return service == by_name_.end() ? nullptr : service->second;
}

std::string ServiceFleet::control_url() const { return control_ ? control_->url() : ""; }

bool ServiceFleet::Await(std::function<bool(ServiceFleet&)> condition, absl::Duration timeout) {
  return loop_.Await([this, condition = std::move(condition)] { return condition(*this); },
                     timeout);
}

int ServiceFleet::ConnectedCount() {
  int connected = 0;
  loop_.Run([&] {
    for (const auto& service : services_) {
      connected += service->state().connection_id.empty() ? 0 : 1;
    }
  });
  return connected;
}

int ServiceFleet::MaxJoinsInFlight() {
  int most = 0;
  for (const auto& service : services_) {
    most = std::max(most, service->Counters().max_joins_in_flight);
  }
  return most;
}

void ServiceFleet::HeartbeatNow() {
  loop_.Run([this] { SendHeartbeats(); });
}

void ServiceFleet::ArmHeartbeat() {
  loop_.After(options_.heartbeat, [this] {
    SendHeartbeats();
    ArmHeartbeat();
  });
}

void ServiceFleet::SendHeartbeats() {
  std::map<std::string, std::vector<ServiceDouble*>> by_hub;
  for (const auto& service : services_) {
    if (service->state().connection_id.empty()) {
      service->Heartbeat();
    } else {
      by_hub[service->state().connected_to].push_back(service.get());
    }
  }
  for (const auto& [hub_url, services] : by_hub) Beat(hub_url, services);
}

void ServiceFleet::Beat(const std::string& hub_url, const std::vector<ServiceDouble*>& services) {
  Json connections = Json::array();
  auto by_connection = std::make_shared<std::unordered_map<std::string, ServiceDouble*>>();
  for (ServiceDouble* service : services) {
    connections.push_back(service->state().connection_id);
    (*by_connection)[service->state().connection_id] = service;
  }
  ClientRequest request;
  request.method = "POST";
  request.url = absl::StrCat(hub_url, "/_control/heartbeat");
  request.body = DumpJson(Json{{"connections", std::move(connections)}});
  client_.Send(std::move(request), [by_connection](const ClientResult& result) {
    const std::optional<Json> body = ParseJson(result.response.body);
    if (result.kind != ClientResult::Kind::kAnswer || result.response.status != 200 || !body) {
      for (const auto& [id, service] : *by_connection) {
        if (service->state().connection_id == id) service->ConnectionLost(true);
      }
      return;
    }
    const auto still = [&](const Json& id) -> ServiceDouble* {
      if (!id.is_string()) return nullptr;
      const auto found = by_connection->find(id.get<std::string>());
      if (found == by_connection->end()) return nullptr;
      return found->second->state().connection_id == found->first ? found->second : nullptr;
    };
    for (const Json& id : JsonField(*body, "gone")) {
      if (ServiceDouble* const service = still(id)) service->ConnectionLost(true);
    }
    for (const Json& command : JsonField(*body, "commands")) {
      ServiceDouble* const service = still(JsonField(command, "connectionId"));
      if (service != nullptr && JsonText(command, "type") == "Rejoin") {
        service->Rejoin(JsonText(command, "clientId"), JsonText(command, "secret"));
      }
    }
  });
}

}  // namespace muster::doubles
