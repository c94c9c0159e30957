// HttpServer serves one listening address on an IoLoop, plain or over TLS, with keep-alive. A
// process may have thousands: a listener costs one socket.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_HTTP_SERVER_H_
#define MUSTER_TESTS_DOUBLES_HTTP_HTTP_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/doubles/http/io_loop.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

struct ListenOptions {
  std::string host = "127.0.0.1";   // an address, not a name
  uint16_t port = 0;                // 0: chosen by the system
  std::string tls_certificate_pem;  // both set: TLS
  std::string tls_key_pem;
};

// "host:port" → options; the port may be 0.
absl::StatusOr<ListenOptions> ParseListenAddress(absl::string_view text);

// Not thread-safe: Start and the destructor may be called from anywhere, the rest on the loop.
class HttpServer {
 public:
  // `handler` runs on the loop; its Reply may be called later, on the loop, once. A Reply that is
  // dropped uncalled closes the connection. Errors: InvalidArgument for an address or certificate
  // that cannot be used, Unavailable when the port is taken.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(IoLoop& loop, ListenOptions options,
                                                           Handler handler);
  ~HttpServer();

  const std::string& host() const { return options_.host; }
  uint16_t port() const { return options_.port; }
  std::string url() const;  // http(s)://host:port

  // Refuses connections and breaks those that are open.
  void Close();
  bool listening() const;
  // Listens again after Close: on the same port, on `port`, or for 0 on one that the system
  // chooses.
  absl::Status Reopen();
  absl::Status ReopenOn(uint16_t port);
  // Breaks the connections that are open; new ones are served.
  void DropConnections();

 private:
  class Listener;
  HttpServer(IoLoop& loop, ListenOptions options);
  absl::Status Open(Handler handler);

  IoLoop& loop_;
  ListenOptions options_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_HTTP_SERVER_H_
