// BlockingClient calls HTTP from a plain thread: for tests of the doubles and for the certify
// command line.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_BLOCKING_CLIENT_H_
#define MUSTER_TESTS_DOUBLES_HTTP_BLOCKING_CLIENT_H_

#include <future>
#include <memory>
#include <string>

#include "tests/doubles/http/http_client.h"
#include "tests/doubles/http/io_loop.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

// Thread-safe. Calls time out after their own timeout in real time.
class BlockingClient {
 public:
  explicit BlockingClient(HttpClientOptions options = {});
  ~BlockingClient();

  ClientResult Call(ClientRequest request);
  // Starts a call and returns at once; the future becomes ready with its end.
  std::future<ClientResult> Start(ClientRequest request);

  ClientResult Get(const std::string& url, Fields headers = {});
  ClientResult Post(const std::string& url, const Json& body, Fields headers = {});
  ClientResult Send(const std::string& method, const std::string& url, const Json& body,
                    Fields headers = {});

 private:
  IoLoop loop_;
  HttpClient client_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_BLOCKING_CLIENT_H_
