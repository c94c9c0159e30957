// HubDouble is a Certify Management Hub for tests and demos: real HTTP or HTTPS, all rows of
// certify.md 7.2 (tests/doubles/README.md says where each is), in one of three profiles.
//
//   auto hub = HubDouble::Start({.profile = HubProfile::kHub2026});
//   (*hub)->With([](HubCore& core) { core.levers.list_lag = absl::Seconds(60); });
//   (*hub)->AddFault({.path = "joincheck", .answer = *CannedResponse("429")});
//
// It owns one thread, on which all its state lives. The methods here may be called from any other
// thread.
#ifndef MUSTER_TESTS_DOUBLES_HUB_HUB_DOUBLE_H_
#define MUSTER_TESTS_DOUBLES_HUB_HUB_DOUBLE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/doubles/http/fault_rules.h"
#include "tests/doubles/http/http_server.h"
#include "tests/doubles/hub/hub_core.h"
#include "tests/doubles/hub/hub_options.h"

namespace muster::doubles {

// A record that a test plants: a ghost unless something is set.
struct PlantedRecord {
  std::string id;     // empty: made
  std::string title;  // empty: as register leaves it
  std::string internal_instance_id;
  std::string os = "Linux";
  bool pending = true;
  bool connected = false;  // for ever, as if an agent were there
  absl::Duration reported_ago = absl::ZeroDuration();
};

class HubDouble {
 public:
  // Listening when it returns. Errors: those of HttpServer::Start.
  static absl::StatusOr<std::unique_ptr<HubDouble>> Start(HubOptions options);
  ~HubDouble();

  std::string url() const;  // http(s)://host:port
  uint16_t port() const;
  std::string client_id() const;  // of the default joining key
  std::string secret() const;
  std::string instance_id() const;  // of the hub's own record
  const std::shared_ptr<SimClock>& clock() const;

  // Runs `change` on the hub's thread: the lever that has all others.
  void With(const std::function<void(HubCore&)>& change);
  HubCounters Counters();
  // Blocks until `condition` holds; false after `timeout` of real time.
  bool Await(std::function<bool(HubCore&)> condition, absl::Duration timeout = absl::Seconds(20));

  void AddFault(FaultRule rule);
  void RemoveFaults(const std::string& name);      // empty: all
  int Release(const std::string& name = "");       // what kHold and kHoldAnswer rules keep
  std::string Plant(const PlantedRecord& record);  // the id
  // `count` connected records named <prefix>00001 and so on.
  void Populate(int count, const std::string& prefix);
  // Deletes the tokens of a client id: agents are stranded at their next reconnect (row H-13).
  void DeleteKey(const std::string& client_id);
  void Restart();        // connections and refresh tokens gone, records stay
  void StopListening();  // connections are refused until Listen
  absl::Status Listen();

 private:
  explicit HubDouble(HubOptions options);
  void AddControlRoutes();
  void Serve(const Request& request, Reply reply);
  Json StatsJson();
  Response SetLevers(const Request& request);
  Response PlantFromJson(const Json& body);
  void Outage(absl::Duration length);

  IoLoop loop_;
  HubCore core_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_HUB_DOUBLE_H_
