#include "orchestrator/app/http_probe.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/thread_name.h"
#include "orchestrator/app/self_check.h"

namespace muster::app {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr std::chrono::seconds kConnectionLife(5);
constexpr int kMostConnections = 64;  // More wait in the system's queue.
constexpr uint32_t kMostHeaderBytes = 4096;

// One request, one answer, and the end.
class ProbeConnection : public std::enable_shared_from_this<ProbeConnection> {
 public:
  ProbeConnection(tcp::socket socket, const HttpProbe::Answer& answer, std::function<void()> on_end)
      : stream_(std::move(socket)), answer_(answer), on_end_(std::move(on_end)) {
    parser_.header_limit(kMostHeaderBytes);
    parser_.body_limit(0);
  }
  ~ProbeConnection() { on_end_(); }

  void Run() {
    stream_.expires_after(kConnectionLife);
    beast_http::async_read(stream_, buffer_, parser_,
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (!error) self->Reply();
                           });
  }

 private:
  void Reply() {
    const auto& request = parser_.get();
    response_.version(request.version());
    response_.keep_alive(false);
    response_.set(beast_http::field::content_type, "application/json");
    response_.set(beast_http::field::cache_control, "no-store");
    if (request.method() != beast_http::verb::get && request.method() != beast_http::verb::head) {
      response_.result(beast_http::status::method_not_allowed);
    } else {
      const beast::string_view target = request.target();
      const HttpAnswer answer = answer_(std::string(target.substr(0, target.find('?'))));
      response_.result(answer.body.empty() ? 404u : static_cast<unsigned>(answer.status));
      if (request.method() == beast_http::verb::get) response_.body() = answer.body;
    }
    response_.prepare_payload();
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
  const HttpProbe::Answer& answer_;
  const std::function<void()> on_end_;
};

}  // namespace

// All but the constructor and the end on its thread.
struct HttpProbe::Server {
  explicit Server(Answer a) : answer(std::move(a)) {}
  ~Server() {
    io.stop();
    if (thread.joinable()) thread.join();
    stopping = true;  // What is destroyed with `io` begins nothing more.
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
    if (stopping || accepting || open >= kMostConnections) return;
    accepting = true;
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      accepting = false;
      if (!error) {
        ++open;
        std::make_shared<ProbeConnection>(std::move(socket), answer, [this] {
          --open;
          Accept();
        })->Run();
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

  const Answer answer;
  int open = 0;
  bool accepting = false;
  bool stopping = false;
  boost::asio::io_context io{1};
  tcp::acceptor acceptor{io};
  boost::asio::steady_timer retry{io};
  std::thread thread;
};

HttpAnswer AnswerProbe(const SelfCheck& check, const std::string& path) {
  using Result = api::SystemCheck::Result;
  if (path == "/healthz") {
    const bool alive = check.alive();
    return {alive ? 200 : 503, alive ? "{\"alive\":true}\n" : "{\"alive\":false}\n"};
  }
  if (path != "/readyz") return {404, ""};
  const api::SystemReport report = check.Report();
  nlohmann::json checks = nlohmann::json::object();
  for (const api::SystemCheck& one : report.checks) {
    checks[one.name] = one.result == Result::kOk        ? "ok"
                       : one.result == Result::kWarning ? "warning: " + one.seen
                                                        : "problem: " + one.seen;
  }
  return {report.ready ? 200 : 503,
          nlohmann::json{{"ready", report.ready}, {"checks", checks}}.dump(
              -1, ' ', false, nlohmann::json::error_handler_t::replace) +
              "\n"};
}

absl::StatusOr<std::unique_ptr<HttpProbe>> HttpProbe::Start(const std::string& address,
                                                            Answer answer) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto refuse = [&address](absl::string_view why) {
    return FailureStatus(FailureCode::kSystemListen,
                         absl::StrCat("the health listener on ", address, ": ", why));
  };
  beast::error_code error;
  const auto ip = boost::asio::ip::make_address(host, error);
  int port = 0;
  if (error || colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
    return refuse("it is no IP address with a port");
  }
  auto server = std::make_unique<Server>(std::move(answer));
  if (const auto failed = server->Open({ip, static_cast<uint16_t>(port)})) {
    return refuse(failed.message());
  }
  server->Accept();
  server->thread = std::thread([s = server.get()] {
    SetThreadName("health");
    s->io.run();
  });
  return std::unique_ptr<HttpProbe>(new HttpProbe(std::move(server)));
}

HttpProbe::HttpProbe(std::unique_ptr<Server> server) : server_(std::move(server)) {}
HttpProbe::~HttpProbe() = default;

int HttpProbe::port() const {
  beast::error_code error;
  return server_->acceptor.local_endpoint(error).port();
}

}  // namespace muster::app
