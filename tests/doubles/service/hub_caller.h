// HubCaller makes the agent's register and joincheck calls and turns what comes back into the
// messages of certify.md 1.5, word for word (rows L-4, L-6). On the fleet's loop.
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_HUB_CALLER_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_HUB_CALLER_H_

#include <functional>
#include <string>

#include "tests/doubles/http/http_client.h"
#include "tests/doubles/http/message.h"
#include "tests/doubles/service/service_options.h"

namespace muster::doubles {

struct HubCall {
  HubKeyAt key;
  std::string hub_id;               // presented when there is one
  std::string request_auth_secret;  // signs joincheck in profile 2026s
  bool is_register = false;
  absl::Time now;
};

struct HubAnswer {
  bool ok = false;
  bool unknown_id = false;    // the hub does not know the presented id
  bool refused_auth = false;  // 401
  Json info = nullptr;        // HubJoiningInfo when ok
  std::string message;        // for the ActionResult when not ok
};

class HubCaller {
 public:
  HubCaller(HttpClient& client, const ServiceOptions& options)
      : client_(client), options_(options) {}

  // Calls `done` once, later.
  void Send(const HubCall& call, std::function<void(HubAnswer)> done);

 private:
  HubAnswer Judge(const HubCall& call, const std::string& endpoint,
                  const ClientResult& result) const;

  HttpClient& client_;
  const ServiceOptions& options_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_HUB_CALLER_H_
