// ServiceDouble is one local Certify service: its HTTP API on an address of its own, its app data
// folder, and the agent's side of a join against a hub, for real (rows L-1 to L-13 of
// certify.md 7.1).
//
//   POST hub/join    ─► register (no id) or joincheck ─► store id, url, key ─► joincheck ─► connect
//                    ─► answer
//   each heartbeat   connected ─► renewed by the fleet's batch
//                    else, when joined ─► joincheck ─► connect
//
// Made by ServiceFleet and alive as long as it. The methods may be called from any thread but
// return only when the fleet's loop has done it.
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_DOUBLE_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_DOUBLE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/doubles/http/fault_rules.h"
#include "tests/doubles/http/http_client.h"
#include "tests/doubles/http/http_server.h"
#include "tests/doubles/http/router.h"
#include "tests/doubles/service/app_data.h"
#include "tests/doubles/service/hub_caller.h"
#include "tests/doubles/service/service_options.h"

namespace muster::doubles {

// What a service knows about its hub (row L-3); on the loop.
struct ServiceState {
  std::string hub_id;       // in memory; the disk's is in AppData
  std::string internal_id;  // preferences.instanceId
  HubKeyAt key;             // in memory
  HubKeyAt stored_key;      // as the credential store has it
  std::string request_auth_secret;
  std::string connection_id;  // empty: not connected
  std::string connected_to;   // url
  std::string client_url;     // where the connection's client points until a restart
  bool connecting = false;
  std::string last_error;  // of connecting in the background
};

class ServiceDouble {
 public:
  ServiceDouble(IoLoop& loop, HttpClient& client, ServiceOptions options);
  ~ServiceDouble();
  absl::Status Listen();

  const std::string& name() const { return options_.name; }
  std::string url() const;
  ServiceState State();
  ServiceCounters Counters();
  bool connected() { return !State().connection_id.empty(); }

  void SetLevers(const std::function<void(ServiceLevers&)>& change);
  void AddFault(FaultRule rule);
  void RemoveFaults(const std::string& name);
  int Release(const std::string& name = "");

  // As a restart of the service: joins in flight break, memory is read from disk again, the
  // connection drops; it listens again after `down`, connects 2 s later.
  void Restart(absl::Duration down = absl::ZeroDuration());
  // The server goes offline or comes back.
  void StopService();
  absl::Status StartService();
  // Another port, written to serviceconfig.json unless `stale_config`.
  absl::Status MovePort(bool stale_config = false);
  // The pipe is selected: HTTP is refused.
  void UsePipe();
  // Takes over id, key and secret of another service, as a cloned disk does (row L-13).
  void CloneFrom(ServiceDouble& original);
  // As if it had joined long ago; an empty hub id is made. Does not connect until restart or
  // heartbeat.
  void PresetJoined(const HubKeyAt& key, const std::string& hub_id = "");

  // The rest runs on the loop, for the fleet and its control route.
  void Heartbeat();                 // when not connected: connects, or joins by environment
  void ConnectionLost(bool retry);  // the hub knows the connection no more
  void Rejoin(const std::string& client_id, const std::string& secret);
  ServiceState& state() { return state_; }
  const ServiceOptions& options() const { return options_; }
  int faults_applied() const { return faults_.applied(); }
  Json ReportJson() const;
  Json StatsJson() const;
  Router& router() { return router_; }

 private:
  struct Attempt;
  using Connected = std::function<void(bool)>;

  void AddRoutes();
  void Serve(const Request& request, Reply reply);
  std::optional<Response> CheckWindowsUser(const Request& request) const;
  void JoinRoute(const Request& request, const Reply& reply, bool check_only);
  void CallHub(const std::shared_ptr<Attempt>& attempt, bool is_register);
  void Answered(const std::shared_ptr<Attempt>& attempt, bool was_register,
                const HubAnswer& answer);
  void Persist(const HubKeyAt& key, const Json& info);
  void EnsureConnected(Connected done);
  void FetchToken(int joinchecks_left, bool is_register, const Connected& done);
  void Connect(const std::string& token, const Connected& done);
  void ConnectFailed(const std::string& why, const Connected& done);
  bool SameLife(int life) const { return life == life_; }
  Response VersionResponse(const Request& request) const;
  Json Credentials() const;
  void LoadFromDisk();
  void TellHubGone();

  IoLoop& loop_;
  HttpClient& client_;
  ServiceOptions options_;
  HubCaller hub_;
  Router router_;
  FaultRules faults_;
  std::unique_ptr<HttpServer> server_;
  ServiceLevers levers_;
  // Shared with attempts, which may outlive the service while the loop is torn down.
  std::shared_ptr<ServiceCounters> counters_ = std::make_shared<ServiceCounters>();
  ServiceState state_;
  AppData disk_;
  std::vector<Connected> waiting_for_connection_;
  int life_ = 1;  // counts restarts: what belongs to an earlier life is dropped
};

// {"isSuccess","isWarning","message","result"} as services write it: result first.
Json ServiceResult(bool success, absl::string_view message, Json result = nullptr);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_DOUBLE_H_
