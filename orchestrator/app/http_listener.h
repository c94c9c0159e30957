// A small listener of plain HTTP, for those who have no certificate of this fleet: meant for loopback
// or an inner network. GET and HEAD, one request a connection, a path and nothing else of what is
// asked.
#ifndef MUSTER_ORCHESTRATOR_APP_HTTP_LISTENER_H_
#define MUSTER_ORCHESTRATOR_APP_HTTP_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::app {

struct HttpAnswer {
  int status = 200;
  std::string body;  // Empty: 404, whatever the status.
};

struct HttpListenerOptions {
  std::string name;     // "health": its thread, and what an error calls it.
  std::string address;  // "IP:PORT", port 0 for any.
  std::string content_type = "application/json";
  // One more ends the oldest that has asked nothing yet, or the oldest.
  int most_connections = 64;
  absl::Duration ask_within = absl::Seconds(5);      // Whole request, from the connection on.
  absl::Duration answer_within = absl::Seconds(10);  // As long as Prometheus waits.
};

class HttpListener {
 public:
  // `answer(path)` on the listener's thread; it does not block.
  using Answer = std::function<HttpAnswer(const std::string& path)>;

  // E-SYSTEM-LISTEN when the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(const HttpListenerOptions& options,
                                                             Answer answer);
  ~HttpListener();  // Ends open connections. Blocks for a moment.
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  int port() const;

 private:
  struct Server;
  explicit HttpListener(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_HTTP_LISTENER_H_
