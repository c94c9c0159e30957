// The Transport over TCP, in the clear. Looks up no names itself and talks to nobody unasked: its
// owner says which addresses a host has, and judges each connection before a byte is sent on it.
#ifndef MUSTER_BASE_HTTP_TCP_TRANSPORT_H_
#define MUSTER_BASE_HTTP_TCP_TRANSPORT_H_

#include <functional>
#include <string>
#include <vector>

#include "base/http/transport.h"

namespace muster::http {

// The two ends of a TCP connection; addresses as numbers, IPv6 without brackets.
struct TcpEnds {
  std::string local_address;
  int local_port = 0;
  std::string remote_address;
  int remote_port = 0;
};

class TcpTransport final : public Transport {
 public:
  struct Options {
    // The addresses of a host (as Url::host), tried in this order. A status ends the request.
    std::function<absl::StatusOr<std::vector<std::string>>(const std::string& host)> resolve;
    // Called once connected, before anything is sent; a status ends the request. Null: no judge.
    std::function<absl::Status(const TcpEnds& ends)> admit;
  };
  explicit TcpTransport(Options options) : options_(std::move(options)) {}

  // kRefused when no address accepts; what `resolve` or `admit` say.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Url& url,
                                                      const Patience& patience) override;

 private:
  const Options options_;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_TCP_TRANSPORT_H_
