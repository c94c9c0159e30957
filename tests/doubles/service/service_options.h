// What a local Certify service double is, and the levers that bend it while it runs.
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_OPTIONS_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/doubles/http/http_server.h"

namespace muster::doubles {

enum class ServiceProfile {
  kService2025,   // join answers without result, id can be replaced, re-join with a bad key answers
                  // 500
  kService2026,   // immutable id, result in the join answer, joincheck unsigned
  kService2026s,  // the same, joincheck signed
};
std::optional<ServiceProfile> ParseServiceProfile(absl::string_view name);  // service2025, …

// hub url, client id, secret: a joining key and where it belongs.
struct HubKeyAt {
  std::string url;
  std::string client_id;
  std::string secret;
};

struct ServiceOptions {
  std::string name;  // the machine's
  ServiceProfile profile = ServiceProfile::kService2026;
  ListenOptions listen;
  std::string
      app_data;  // folder of serviceconfig.json and hubinstance.identity.json; empty: no files
  bool windows = false;  // 401 Negotiate and 403, pipes, other error texts
  std::string os = "Linux";
  std::string os_version = "6.1.0";
  std::string client_name = "Certify Management Agent";
  std::string version = "7.0.2.0";
  std::string source;  // sent as X-Sim-Source: the address that the hub's rate limiter sees
  // joinchecks between the first hub call of a join and the connection; 0: as the token's lifetime
  // asks, 1 when it is above 5 minutes, else 3.
  int connect_joinchecks = 0;
  std::optional<HubKeyAt> auto_join;  // CERTIFY_MANAGEMENT_HUB_AUTOJOIN
};

struct ServiceLevers {
  bool persist_failure = false;  // files are not written: the id is lost at the next restart
  int lose_answer_before_persist =
      0;                        // joins that end after the hub's answer, before anything is stored
  bool quoted_version = false;  // appversion as a JSON string, as OWIN services answer
  bool lower_case_config = false;  // serviceconfig.json with lower-case names
};

// What happened so far; never reset, also not by a restart.
struct ServiceCounters {
  int64_t joins = 0;  // calls of hub/join that reached the service
  int64_t checkcreds = 0;
  int joins_in_flight = 0;
  int max_joins_in_flight = 0;
  int64_t hub_calls = 0;  // register and joincheck
  int64_t connects = 0;
  int64_t connect_failures = 0;
  int64_t restarts = 0;
  int64_t status_calls = 0;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_SERVICE_OPTIONS_H_
