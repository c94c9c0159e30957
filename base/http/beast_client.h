// The Client for services on the same machine, over Boost.Beast and a Transport. Light on purpose:
// HTTP/1.1, one connection per request, no TLS, no proxy, no redirects, no compression; a request
// that asks for one of these is InvalidArgument. A challenge (401) is an answer, unless the request
// may negotiate: then it is met on the same connection (negotiator.h).
//
//   TcpTransport, or a pipe  ◄── BeastClient ──►  http::Client
//                                     └──► Negotiator
#ifndef MUSTER_BASE_HTTP_BEAST_CLIENT_H_
#define MUSTER_BASE_HTTP_BEAST_CLIENT_H_

#include <atomic>

#include "base/http/client.h"
#include "base/http/negotiator.h"
#include "base/http/transport.h"

namespace muster::http {

class BeastClient final : public Client {
 public:
  // Both outlive the client. Without a negotiator a request that may negotiate is InvalidArgument.
  explicit BeastClient(Transport& transport, Negotiator* negotiator = nullptr)
      : transport_(transport), negotiator_(negotiator) {}

  // Statuses of the transport's own pass through unchanged.
  absl::StatusOr<Response> Send(const Request& request) override;

  // Ends every Send in progress within about a second, and all later ones at once, with kCanceled.
  // For the stop of a program.
  void Stop();

 private:
  absl::StatusOr<Response> SendOn(const Request& request, const Url& url, const Patience& patience);
  // The challenge as the answer, and in the log why it is not met.
  static absl::StatusOr<Response> Unshown(const absl::Status& why,
                                          absl::StatusOr<Response> challenge);

  Transport& transport_;
  Negotiator* const negotiator_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_BEAST_CLIENT_H_
