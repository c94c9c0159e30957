// ServiceFleet runs any number of service doubles on one thread: one listener each, one HTTP
// client, one timer for all heartbeats, which go to each hub in one batch.
//
//   auto fleet = ServiceFleet::Start({.count = 200, .app_data_root = dir, .clock = hub->clock()});
//   (*fleet)->service("SIM-0007").Restart();
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_FLEET_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_FLEET_H_

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/doubles/http/io_loop.h"
#include "tests/doubles/service/service_double.h"

namespace muster::doubles {

struct FleetOptions {
  int count = 1;
  std::vector<std::string> names;  // machine names; empty: SIM-0001 and so on, `count` of them
  // Port 0: all on this address, ports chosen by the system. Else each has an address of its own,
  // counted up from this one, all on this port.
  ListenOptions listen;
  std::string app_data_root;  // each service writes to <root>/<name>; empty: no files
  ServiceOptions service;     // name, listen and app_data are set per service
  bool source_is_name =
      false;  // each service is a source address of its own for the hub's rate limiter
  std::shared_ptr<SimClock> clock;  // null: real time
  absl::Duration heartbeat = absl::Seconds(30);
  HttpClientOptions client;
  std::optional<ListenOptions> control;  // a listener for the control route of all services
};

class ServiceFleet {
 public:
  // All listening when it returns. Errors: those of HttpServer::Start, InvalidArgument for names
  // that repeat.
  static absl::StatusOr<std::unique_ptr<ServiceFleet>> Start(FleetOptions options);
  ~ServiceFleet();

  int size() const { return static_cast<int>(services_.size()); }
  ServiceDouble& service(int index) { return *services_[index]; }
  ServiceDouble& service(const std::string& name) { return *by_name_.at(name); }
  ServiceDouble* Find(const std::string& name);
  std::string control_url() const;  // empty without one

  const std::shared_ptr<SimClock>& clock() const { return loop_.clock(); }
  // Blocks until `condition` holds; false after `timeout` of real time. It runs on the fleet's
  // loop.
  bool Await(std::function<bool(ServiceFleet&)> condition,
             absl::Duration timeout = absl::Seconds(20));
  int ConnectedCount();
  int MaxJoinsInFlight();  // the largest of any one service
  // A heartbeat of all services now, beside the timer's.
  void HeartbeatNow();

 private:
  explicit ServiceFleet(FleetOptions options);
  absl::Status StartServices();
  void ArmHeartbeat();
  void SendHeartbeats();
  void Beat(const std::string& hub_url, const std::vector<ServiceDouble*>& services);
  void AddControlRoutes();
  void AddServiceControl(ServiceDouble& service);
  Response Control(const std::string& lever, const Json& body);
  absl::Status Pull(const std::string& lever, const Json& body, ServiceDouble& service);
  Json StatsJson();

  const FleetOptions options_;
  IoLoop loop_;
  HttpClient client_;
  std::vector<std::unique_ptr<ServiceDouble>> services_;
  std::unordered_map<std::string, ServiceDouble*> by_name_;
  Router control_router_;
  std::unique_ptr<HttpServer> control_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_FLEET_H_
