#include "tests/doubles/http/blocking_client.h"

#include <utility>

namespace muster::doubles {

BlockingClient::BlockingClient(HttpClientOptions options)
    : loop_(SimClock::Real()), client_(loop_, std::move(options)) {}

BlockingClient::~BlockingClient() { loop_.Stop(); }

std::future<ClientResult> BlockingClient::Start(ClientRequest request) {
  auto done = std::make_shared<std::promise<ClientResult>>();
  loop_.Run([&] {
    client_.Send(std::move(request),
                 [done](ClientResult result) { done->set_value(std::move(result)); });
  });
  return done->get_future();
}

ClientResult BlockingClient::Call(ClientRequest request) { return Start(std::move(request)).get(); }

ClientResult BlockingClient::Get(const std::string& url, Fields headers) {
  ClientRequest request;
  request.url = url;
  request.headers = std::move(headers);
  return Call(std::move(request));
}

ClientResult BlockingClient::Post(const std::string& url, const Json& body, Fields headers) {
  return Send("POST", url, body, std::move(headers));
}

ClientResult BlockingClient::Send(const std::string& method, const std::string& url,
                                  const Json& body, Fields headers) {
  ClientRequest request;
  request.method = method;
  request.url = url;
  request.headers = std::move(headers);
  if (!body.is_null()) request.body = DumpJson(body);
  return Call(std::move(request));
}

}  // namespace muster::doubles
