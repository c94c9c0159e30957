#include "orchestrator/app/http_listener.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/thread_name.h"

namespace muster::app {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr uint32_t kMostHeaderBytes = 4096;

// One request, one answer, and the end.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, const HttpListenerOptions& options,
                 const HttpListener::Answer& answer, std::function<void(HttpConnection*)> on_end)
      : stream_(std::move(socket)), options_(options), answer_(answer), on_end_(std::move(on_end)) {
    parser_.header_limit(kMostHeaderBytes);
    parser_.body_limit(0);
  }
  ~HttpConnection() { on_end_(this); }

  void Run() {
    stream_.expires_after(absl::ToChronoMilliseconds(options_.ask_within));
    beast_http::async_read(stream_, buffer_, parser_,
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (!error) self->Reply();
                           });
  }
  bool asked() const { return asked_; }
  void Abort() { stream_.close(); }

 private:
  void Reply() {
    asked_ = true;
    const auto& request = parser_.get();
    response_.version(request.version());
    response_.keep_alive(false);
    response_.set(beast_http::field::content_type, options_.content_type);
    response_.set(beast_http::field::cache_control, "no-store");
    if (request.method() != beast_http::verb::get && request.method() != beast_http::verb::head) {
      response_.result(beast_http::status::method_not_allowed);
    } else {
      const beast::string_view target = request.target();
      HttpAnswer answer = answer_(std::string(target.substr(0, target.find('?'))));
      response_.result(answer.body.empty() ? 404u : static_cast<unsigned>(answer.status));
      if (request.method() == beast_http::verb::get) {
        response_.body() = std::move(answer.body);
      }
    }
    response_.prepare_payload();
    stream_.expires_after(absl::ToChronoMilliseconds(options_.answer_within));
    beast_http::async_write(stream_, response_,
                            [self = shared_from_this()](beast::error_code, std::size_t) {
                              beast::error_code ignored;
                              self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                            });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  beast_http::request_parser<beast_http::empty_body> parser_;
  beast_http::response<beast_http::string_body> response_;
  const HttpListenerOptions& options_;
  const HttpListener::Answer& answer_;
  const std::function<void(HttpConnection*)> on_end_;
  bool asked_ = false;
};

}  // namespace

// All but the constructor and the end on its thread.
struct HttpListener::Server {
  Server(const HttpListenerOptions& o, Answer a) : options(o), answer(std::move(a)) {}
  ~Server() {
    io.stop();
    if (thread.joinable()) thread.join();
  }

  beast::error_code Open(const tcp::endpoint& endpoint) {
    beast::error_code error;
    if (acceptor.open(endpoint.protocol(), error)) return error;
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (acceptor.bind(endpoint, error)) return error;
    acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    return error;
  }
  void Accept() {
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (!error) {
        MakeRoom();
        const auto connection =
            std::make_shared<HttpConnection>(std::move(socket), options, answer,
                                             [this](HttpConnection* ended) { open.remove(ended); });
        open.push_back(connection.get());
        connection->Run();
        Accept();
        return;
      }
      // Out of descriptors, most likely: not at once again.
      retry.expires_after(std::chrono::milliseconds(500));
      retry.async_wait([this](beast::error_code canceled) {
        if (!canceled) Accept();
      });
    });
  }
  // Whoever holds connections and asks nothing keeps nobody out who asks.
  void MakeRoom() {
    if (open.size() < static_cast<size_t>(options.most_connections)) return;
    auto oldest = std::find_if(open.begin(), open.end(),
                               [](const HttpConnection* one) { return !one->asked(); });
    if (oldest == open.end()) oldest = open.begin();
    (*oldest)->Abort();
    open.erase(oldest);
  }

  const HttpListenerOptions options;
  const Answer answer;
  std::list<HttpConnection*> open;  // Oldest first; one that was aborted ends soon.
  boost::asio::io_context io{1};
  tcp::acceptor acceptor{io};
  boost::asio::steady_timer retry{io};
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(
    const HttpListenerOptions& options, Answer answer) {
  const std::string& address = options.address;
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto refuse = [&options](absl::string_view why) {
    return FailureStatus(
        FailureCode::kSystemListen,
        absl::StrCat("the ", options.name, " listener on ", options.address, ": ", why));
  };
  beast::error_code error;
  const auto ip = boost::asio::ip::make_address(host, error);
  int port = 0;
  if (error || colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port < 0 || port > 65535) {
    return refuse("it is no IP address with a port");
  }
  auto server = std::make_unique<Server>(options, std::move(answer));
  if (const auto failed = server->Open({ip, static_cast<uint16_t>(port)})) {
    return refuse(failed.message());
  }
  server->Accept();
  server->thread = std::thread([s = server.get()] {
    SetThreadName(s->options.name);
    s->io.run();
  });
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(server)));
}

HttpListener::HttpListener(std::unique_ptr<Server> server) : server_(std::move(server)) {}
HttpListener::~HttpListener() = default;

int HttpListener::port() const {
  beast::error_code error;
  return server_->acceptor.local_endpoint(error).port();
}

}  // namespace muster::app
