// The Client for services on the same machine, over Boost.Beast and a Transport. Light on purpose:
// HTTP/1.1, one connection per request, no TLS, no proxy, no redirects, no compression; a request
// that asks for one of these is InvalidArgument. A challenge (401) is an answer.
//
//   TcpTransport  ◄── BeastClient ──►  http::Client
#ifndef MUSTER_BASE_HTTP_BEAST_CLIENT_H_
#define MUSTER_BASE_HTTP_BEAST_CLIENT_H_

#include <atomic>

#include "base/http/client.h"
#include "base/http/transport.h"

namespace muster::http {

class BeastClient final : public Client {
 public:
  // `transport` outlives the client.
  explicit BeastClient(Transport& transport) : transport_(transport) {}

  // Statuses of the transport's own pass through unchanged.
  absl::StatusOr<Response> Send(const Request& request) override;

  // Ends every Send in progress within about a second, and all later ones at once, with kCanceled.
  // For the stop of a program.
  void Stop();

 private:
  Transport& transport_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_BEAST_CLIENT_H_
