// Liveness and readiness over plain HTTP, for service managers and load balancers that have no
// certificate of this fleet: meant for loopback or an inner network.
//
//   GET /healthz   200 while the process works; 503 when it should be restarted
//   GET /readyz    200 while it serves; 503 with every check, as JSON, while it does not
//
// Nothing else is answered, nothing is told that a check does not say.
#ifndef MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_
#define MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace muster::app {

struct HttpAnswer {
  int status = 200;
  std::string body;  // JSON.
};

class SelfCheck;
// What /healthz and /readyz answer; empty for another path. Does not block.
HttpAnswer AnswerProbe(const SelfCheck& check, const std::string& path);

class HttpProbe {
 public:
  // `answer(path)` on a thread of the probe's; it does not block. 404 when it is empty.
  using Answer = std::function<HttpAnswer(const std::string& path)>;

  // `address` is "HOST:PORT", port 0 for any. E-SYSTEM-LISTEN when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpProbe>> Start(const std::string& address,
                                                          Answer answer);
  ~HttpProbe();  // Ends open connections. Blocks for a moment.
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;
  int port() const;

 private:
  struct Server;
  explicit HttpProbe(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_
