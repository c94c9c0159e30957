// HttpClient is the outgoing side of the service double: asynchronous, so that thousands of joins
// wait on one thread, with a pool of kept connections and a limit of open ones.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_HTTP_CLIENT_H_
#define MUSTER_TESTS_DOUBLES_HTTP_HTTP_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "tests/doubles/http/io_loop.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Fields headers;
  std::string body;  // sent as application/json
  absl::Duration timeout = absl::Seconds(100);
};

struct ClientResult {
  enum class Kind { kAnswer, kRefused, kNetwork, kTimeout, kBadUrl };
  Kind kind = Kind::kNetwork;
  Response response;  // for kAnswer
  std::string error;  // for the others
};

struct HttpClientOptions {
  int max_connections = 256;     // open at once; further calls wait
  bool require_trusted = false;  // checks certificate and name
  std::string ca_pem;            // trusted beside the system's, when require_trusted
};

// Made, used and destroyed on the loop (or after the loop has stopped).
class HttpClient {
 public:
  HttpClient(IoLoop& loop, HttpClientOptions options);
  ~HttpClient();

  // Calls `done` once on the loop, never before Send returns. No call is repeated: whoever loses an
  // answer learns that.
  void Send(ClientRequest request, std::function<void(ClientResult)> done);

 private:
  class Pool;
  std::shared_ptr<Pool> pool_;
};

struct UrlParts {
  bool tls = false;
  std::string host;
  std::string port;
  std::string target;  // path and query, at least "/"
};
// nullopt unless `url` is http or https with a host.
std::optional<UrlParts> ParseUrl(absl::string_view url);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_HTTP_CLIENT_H_
