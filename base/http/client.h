// HTTP as the rest of Muster sees it: one blocking call behind a small interface. The one for
// services on the same machine is BeastClient; hubs are read by AsyncClient (async_client.h), with
// the same requests.
//
// A Response of any status is a value: 404 and 500 are for the caller to judge. An error is a
// request without an answer; transport_error.h tells what broke and, most of all, whether the
// server may have acted on the request.
#ifndef MUSTER_BASE_HTTP_CLIENT_H_
#define MUSTER_BASE_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace muster::http {

// A header value or a body: plain text, or a secret that no error text repeats.
using Text = std::variant<std::string, Secret>;
absl::string_view Reveal(const Text& text);

struct Header {
  std::string name;
  Text value;
};

struct TlsOptions {
  // PEM of the authorities to trust, instead of the system's. Empty: the system's.
  std::string ca_pem;
};

struct Response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // In the server's order and spelling.
  // Of a request with describe_peer: the address that answered, "10.0.0.7:443"; over TLS the
  // server's certificate. Empty where a client does not know.
  std::string peer_address;
  std::string peer_certificate_pem;
  std::string
      body;  // Foreign bytes, which may repeat a secret: redact before keeping or printing them.

  // The first header of this name, whatever its case.
  std::optional<absl::string_view> FindHeader(absl::string_view name) const;
};

// Takes the body of an answer piece by piece; `head` has its status and headers. False: that is
// enough, and the answer ends here as if it were whole. Called where the request is worked on: it
// must not block.
using BodySink = std::function<bool(const Response& head, absl::string_view piece)>;

// Moves, does not copy: it may hold secrets. Redirects are never followed, since secrets would go
// wherever the first server says; proxies of the environment are not used. A client refuses what it
// does not do.
struct Request {
  std::string method = "GET";
  std::string url;  // http or https, without user info.
  std::vector<Header> headers;
  Text body;
  absl::Duration connect_timeout = absl::Seconds(10);  // DNS, TCP and TLS.
  absl::Duration total_timeout = absl::Seconds(30);    // Until the last byte of the answer.
  // Slower than stall_bytes_per_second for so long (whole seconds) ends the request with kTimeout.
  // Zero: as slow as total_timeout allows.
  absl::Duration stall_timeout = absl::ZeroDuration();
  int64_t stall_bytes_per_second = 100;
  size_t max_response_bytes = 16 << 20;  // Of the body, after decompression.
  BodySink sink;                         // If there is one, Response::body stays empty.
  // Requests of one group share what AsyncClient allows a group. Empty: no limit.
  std::string pace_group;
  TlsOptions tls;
  // Answer a challenge of Negotiate (Kerberos, NTLM on Windows) as the user this process runs as.
  bool negotiate = false;
  bool accept_compressed = true;
  // Never send the request again on a new connection when a kept one turns out to be dead. Requests
  // of other methods than GET, HEAD and OPTIONS are always sent once.
  bool send_once = false;
  // Connect to no address that is not of the public net (base/public_address.h), whatever the name
  // resolves to: kForbidden.
  bool public_addresses_only = false;
  // Fill Response::peer_address and peer_certificate_pem, on a connection of its own.
  bool describe_peer = false;

  Request() = default;
  Request(Request&&) = default;
  Request& operator=(Request&&) = default;

  void AddHeader(absl::string_view name, absl::string_view value);
  void AddHeader(absl::string_view name, Secret value);
  // A JSON body with its content type.
  void SetJson(Text json);
};

// Thread-safe.
class Client {
 public:
  virtual ~Client() = default;
  // Blocks until the whole answer is there or request.total_timeout is over. Errors as in
  // transport_error.h; InvalidArgument for a request that cannot be sent (URL, header, TLS
  // options). No error repeats a header value, a body or a query.
  virtual absl::StatusOr<Response> Send(const Request& request) = 0;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CLIENT_H_
