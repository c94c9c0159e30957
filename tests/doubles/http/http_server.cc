#include "tests/doubles/http/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/io_context.h"

namespace muster::doubles {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr uint64_t kMaxBody = 64 << 20;

class SessionBase {
 public:
  virtual ~SessionBase() = default;
  virtual void Abort() = 0;
};

// The open connections of one listener and what serves them; shared with the connections, which
// outlive it.
struct Served {
  IoLoop* loop;
  Handler handler;  // null once the server is gone
  std::set<SessionBase*> sessions;
};

tcp::socket& SocketOf(tcp::socket& socket) { return socket; }
tcp::socket& SocketOf(beast::ssl_stream<tcp::socket>& stream) { return stream.next_layer(); }

template <class Stream>
class Session : public SessionBase, public std::enable_shared_from_this<Session<Stream>> {
 public:
  template <class... Args>
  Session(std::shared_ptr<Served> served, std::string peer, Args&&... stream)
      : served_(std::move(served)), peer_(std::move(peer)), stream_(std::forward<Args>(stream)...) {
    served_->sessions.insert(this);
  }
  ~Session() override { served_->sessions.erase(this); }

  void Abort() override {
    error_code ignored;
    SocketOf(stream_).close(ignored);
  }

  void Start() {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      Read();
    } else {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->Read();
                              });
    }
  }

 private:
  void Read() {
    parser_.emplace();
    parser_->body_limit(kMaxBody);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code error, size_t) {
                       if (!error) self->Handle();
                     });
  }

  void Handle() {
    const http::request<http::string_body>& message = parser_->get();
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    Request request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.body = message.body();
    request.peer = peer_;
    for (const auto& field : message) {
      request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    request.ParseTarget();
    if (!served_->handler) return;
    served_->handler(request, [self = this->shared_from_this()](Response response) {
      self->Answer(std::move(response));
    });
  }

  void Answer(Response response) {
    if (response.delay > absl::ZeroDuration()) {
      const absl::Duration delay = std::exchange(response.delay, absl::ZeroDuration());
      served_->loop->After(delay, [self = this->shared_from_this(), response]() mutable {
        self->Answer(std::move(response));
      });
      return;
    }
    if (response.then) {
      response.then();
      return;
    }
    if (response.lose) {
      Abort();
      return;
    }
    message_ = {};
    message_.version(version_);
    message_.result(static_cast<unsigned>(response.status));
    if (!response.content_type.empty()) {
      message_.set(http::field::content_type, response.content_type);
    }
    for (const auto& [name, value] : response.headers) message_.insert(name, value);
    const size_t size = response.body.size();
    message_.body() = std::move(response.body);
    message_.keep_alive(keep_alive_ && !response.truncate);
    message_.prepare_payload();
    if (response.truncate) {
      // The announced length stays, half of the body goes out.
      message_.body().resize(size / 2);
    }
    http::async_write(
        stream_, message_,
        [self = this->shared_from_this(), truncate = response.truncate](error_code error, size_t) {
          if (error) return;
          if (!self->keep_alive_ || truncate) {
            self->Abort();
          } else {
            self->Read();
          }
        });
  }

  std::shared_ptr<Served> served_;
  const std::string peer_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> message_;
  bool keep_alive_ = false;
  unsigned version_ = 11;
};

}  // namespace

class HttpServer::Listener : public std::enable_shared_from_this<HttpServer::Listener> {
 public:
  Listener(IoLoop& loop, Handler handler)
      : acceptor_(loop.context().io),
        served_(std::make_shared<Served>(Served{&loop, std::move(handler), {}})) {}

  absl::Status UseTls(const ListenOptions& options) {
    ssl_.emplace(asio::ssl::context::tls_server);
    error_code error;
    ssl_->use_certificate_chain(asio::buffer(options.tls_certificate_pem), error);
    if (!error) {
      ssl_->use_private_key(asio::buffer(options.tls_key_pem), asio::ssl::context::pem, error);
    }
    if (!error) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("certificate or key is not usable: ", error.message()));
  }

  absl::Status Listen(const std::string& host, uint16_t& port) {
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat("not an address to listen on: ", host));
    }
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      error_code ignored;
      acceptor_.close(ignored);
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", host, ":", port, ": ", error.message()));
    }
    port = acceptor_.local_endpoint(error).port();
    Accept();
    return absl::OkStatus();
  }

  void Close() {
    error_code ignored;
    acceptor_.close(ignored);
    DropConnections();
  }
  bool listening() const { return acceptor_.is_open(); }
  void DropConnections() {
    for (SessionBase* session : served_->sessions) session->Abort();
  }
  void Detach() {
    served_->handler = nullptr;
    Close();
  }

 private:
  void Accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
      if (!error) self->Serve(std::move(socket));
      self->Accept();
    });
  }

  void Serve(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const std::string peer = socket.remote_endpoint(ignored).address().to_string(ignored);
    if (ssl_) {
      std::make_shared<Session<beast::ssl_stream<tcp::socket>>>(served_, peer, std::move(socket),
                                                                *ssl_)
          ->Start();
    } else {
      std::make_shared<Session<tcp::socket>>(served_, peer, std::move(socket))->Start();
    }
  }

  tcp::acceptor acceptor_;
  std::optional<asio::ssl::context> ssl_;
  std::shared_ptr<Served> served_;
};

absl::StatusOr<ListenOptions> ParseListenAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("want <address>:<port>, not ", text));
  }
  ListenOptions options;
  options.host = std::string(text.substr(0, colon));
  options.port = static_cast<uint16_t>(port);
  return options;
}

HttpServer::HttpServer(IoLoop& loop, ListenOptions options)
    : loop_(loop), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(IoLoop& loop, ListenOptions options,
                                                              Handler handler) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, std::move(options)));
  absl::Status status;
  loop.Run([&] { status = server->Open(std::move(handler)); });
  if (!status.ok()) return status;
  return server;
}

absl::Status HttpServer::Open(Handler handler) {
  listener_ = std::make_shared<Listener>(loop_, std::move(handler));
  if (!options_.tls_certificate_pem.empty()) {
    if (absl::Status status = listener_->UseTls(options_); !status.ok()) return status;
  }
  return listener_->Listen(options_.host, options_.port);
}

HttpServer::~HttpServer() {
  loop_.Run([this] { listener_->Detach(); });
}

std::string HttpServer::url() const {
  return absl::StrCat(options_.tls_certificate_pem.empty() ? "http" : "https", "://", options_.host,
                      ":", options_.port);
}

void HttpServer::Close() { listener_->Close(); }
bool HttpServer::listening() const { return listener_->listening(); }
absl::Status HttpServer::Reopen() { return ReopenOn(options_.port); }
absl::Status HttpServer::ReopenOn(uint16_t port) {
  if (listener_->listening()) listener_->Close();
  options_.port = port;
  return listener_->Listen(options_.host, options_.port);
}
void HttpServer::DropConnections() { listener_->DropConnections(); }

}  // namespace muster::doubles
