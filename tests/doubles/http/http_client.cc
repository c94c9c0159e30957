#include "tests/doubles/http/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/doubles/http/io_context.h"

namespace muster::doubles {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Done = std::function<void(error_code)>;
using Message = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

constexpr uint64_t kMaxAnswer = 256 << 20;

// One connection, plain or TLS.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual tcp::socket& socket() = 0;
  virtual void Handshake(const std::string& host, bool verify, Done done) = 0;
  virtual void Write(Message& message, Done done) = 0;
  virtual void Read(Parser& parser, Done done) = 0;

  // A kept connection is usable while the other side has neither closed it nor sent anything.
  bool Fresh() {
    error_code error;
    socket().non_blocking(true, error);
    char byte = 0;
    socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return error == asio::error::would_block;
  }
};

template <class Stream>
class WireOn : public Wire {
 public:
  template <class... Args>
  explicit WireOn(Args&&... args) : stream_(std::forward<Args>(args)...) {}

  tcp::socket& socket() override {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }
  void Handshake([[maybe_unused]] const std::string& host, [[maybe_unused]] bool verify,
                 Done done) override {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      done({});
    } else {
      SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
      if (verify) stream_.set_verify_callback(asio::ssl::host_name_verification(host));
      stream_.async_handshake(asio::ssl::stream_base::client, std::move(done));
    }
  }
  void Write(Message& message, Done done) override {
    http::async_write(stream_, message,
                      [done = std::move(done)](error_code error, size_t) { done(error); });
  }
  void Read(Parser& parser, Done done) override {
    http::async_read(stream_, buffer_, parser,
                     [done = std::move(done)](error_code error, size_t) { done(error); });
  }

 private:
  Stream stream_;
  beast::flat_buffer buffer_;
};

struct Call {
  ClientRequest request;
  UrlParts url;
  std::function<void(ClientResult)> done;
  std::shared_ptr<Wire> wire;
  Message message;
  Parser parser;
  IoLoop::TimerId timer = 0;
  bool finished = false;
  bool timed_out = false;

  std::string Origin() const {
    return absl::StrCat(url.tls ? "https://" : "http://", url.host, ":", url.port);
  }
};

std::string DotNetMessage(error_code error, bool reading, const UrlParts& url) {
  if (error.category() == asio::error::get_ssl_category()) {
    return "The SSL connection could not be established, see inner exception.";
  }
  if (error == asio::error::host_not_found || error == asio::error::no_data) {
    return absl::StrCat("Name or service not known (", url.host, ":", url.port, ")");
  }
  if (reading) return "The response ended prematurely. (ResponseEnded)";
  return absl::StrCat(error.message(), " (", url.host, ":", url.port, ")");
}

}  // namespace

class HttpClient::Pool : public std::enable_shared_from_this<HttpClient::Pool> {
 public:
  Pool(IoLoop& loop, HttpClientOptions options)
      : loop_(loop), options_(std::move(options)), resolver_(loop.context().io) {
    error_code ignored;
    if (options_.require_trusted) {
      ssl_.set_default_verify_paths(ignored);
      if (!options_.ca_pem.empty()) {
        ssl_.add_certificate_authority(asio::buffer(options_.ca_pem), ignored);
      }
      ssl_.set_verify_mode(asio::ssl::verify_peer, ignored);
    }
  }

  IoLoop& loop() { return loop_; }

  void Send(std::shared_ptr<Call> call) {
    if (open_ >= options_.max_connections) {
      waiting_.push_back(std::move(call));
    } else {
      Begin(call);
    }
  }

 private:
  void Begin(const std::shared_ptr<Call>& call) {
    ++open_;
    call->timer = loop_.After(call->request.timeout, [call] {
      call->timed_out = true;
      error_code ignored;
      if (call->wire) call->wire->socket().close(ignored);
    });
    std::vector<std::shared_ptr<Wire>>& kept = kept_[call->Origin()];
    while (!kept.empty()) {
      call->wire = std::move(kept.back());
      kept.pop_back();
      if (call->wire->Fresh()) {
        Exchange(call);
        return;
      }
    }
    if (call->url.tls) {
      call->wire = std::make_shared<WireOn<beast::ssl_stream<tcp::socket>>>(
          tcp::socket(loop_.context().io), ssl_);
    } else {
      call->wire = std::make_shared<WireOn<tcp::socket>>(loop_.context().io);
    }
    Resolve(call);
  }

  void Resolve(const std::shared_ptr<Call>& call) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(call->url.host, not_an_address);
    int port = 0;
    if (!not_an_address && absl::SimpleAtoi(call->url.port, &port)) {
      call->wire->socket().async_connect(
          tcp::endpoint(address, static_cast<uint16_t>(port)),
          [self = shared_from_this(), call](error_code error) { self->Connected(call, error); });
      return;
    }
    resolver_.async_resolve(call->url.host, call->url.port,
                            [self = shared_from_this(), call](
                                error_code error, const tcp::resolver::results_type& found) {
                              if (error) return self->Fail(call, error, false);
                              asio::async_connect(
                                  call->wire->socket(), found,
                                  [self, call](error_code failed, const tcp::endpoint&) {
                                    self->Connected(call, failed);
                                  });
                            });
  }

  void Connected(const std::shared_ptr<Call>& call, error_code error) {
    if (error) return Fail(call, error, false);
    error_code ignored;
    call->wire->socket().set_option(tcp::no_delay(true), ignored);
    call->wire->Handshake(call->url.host, options_.require_trusted,
                          [self = shared_from_this(), call](error_code failed) {
                            if (failed) return self->Fail(call, failed, false);
                            self->Exchange(call);
                          });
  }

  void Exchange(const std::shared_ptr<Call>& call) {
    call->message.version(11);
    call->message.method_string(call->request.method);
    call->message.target(call->url.target);
    call->message.set(http::field::host, absl::StrCat(call->url.host, ":", call->url.port));
    for (const auto& [name, value] : call->request.headers) call->message.insert(name, value);
    if (!call->request.body.empty()) {
      call->message.set(http::field::content_type, "application/json");
    }
    call->message.body() = call->request.body;
    call->message.prepare_payload();
    call->parser.body_limit(kMaxAnswer);
    Wire& wire = *call->wire;
    Message& message = call->message;
    wire.Write(message, [self = shared_from_this(), call](error_code error) {
      if (error) return self->Fail(call, error, true);
      call->wire->Read(call->parser, [self, call](error_code failed) {
        if (failed) return self->Fail(call, failed, true);
        self->Succeed(call);
      });
    });
  }

  void Succeed(const std::shared_ptr<Call>& call) {
    const http::response<http::string_body>& message = call->parser.get();
    ClientResult result;
    result.kind = ClientResult::Kind::kAnswer;
    result.response.status = static_cast<int>(message.result_int());
    result.response.content_type = std::string(message[http::field::content_type]);
    result.response.body = message.body();
    for (const auto& field : message) {
      result.response.headers.emplace_back(std::string(field.name_string()),
                                           std::string(field.value()));
    }
    if (message.keep_alive()) kept_[call->Origin()].push_back(call->wire);
    Finish(call, std::move(result));
  }

  void Fail(const std::shared_ptr<Call>& call, error_code error, bool reading) {
    ClientResult result;
    if (call->timed_out) {
      result.kind = ClientResult::Kind::kTimeout;
    } else if (error == asio::error::connection_refused) {
      result.kind = ClientResult::Kind::kRefused;
    }
    result.error = DotNetMessage(error, reading, call->url);
    Finish(call, std::move(result));
  }

  void Finish(const std::shared_ptr<Call>& call, ClientResult result) {
    if (std::exchange(call->finished, true)) return;
    loop_.Cancel(call->timer);
    call->wire.reset();
    --open_;
    call->done(std::move(result));
    call->done = nullptr;
    while (!waiting_.empty() && open_ < options_.max_connections) {
      std::shared_ptr<Call> next = std::move(waiting_.front());
      waiting_.pop_front();
      Begin(next);
    }
  }

  IoLoop& loop_;
  const HttpClientOptions options_;
  asio::ssl::context ssl_{asio::ssl::context::tls_client};
  tcp::resolver resolver_;
  std::map<std::string, std::vector<std::shared_ptr<Wire>>> kept_;
  std::deque<std::shared_ptr<Call>> waiting_;
  int open_ = 0;
};

HttpClient::HttpClient(IoLoop& loop, HttpClientOptions options)
    : pool_(std::make_shared<Pool>(loop, std::move(options))) {}
HttpClient::~HttpClient() = default;

void HttpClient::Send(ClientRequest request, std::function<void(ClientResult)> done) {
  auto call = std::make_shared<Call>();
  std::optional<UrlParts> url = ParseUrl(request.url);
  if (!url) {
    pool_->loop().Post([done = std::move(done)] {
      done({ClientResult::Kind::kBadUrl,
            {},
            "System.UriFormatException: Invalid URI: The format of the URI could not be "
            "determined."});
    });
    return;
  }
  call->url = *std::move(url);
  call->request = std::move(request);
  call->done = std::move(done);
  pool_->Send(std::move(call));
}

std::optional<UrlParts> ParseUrl(absl::string_view url) {
  UrlParts parts;
  if (absl::StartsWithIgnoreCase(url, "https://")) {
    parts.tls = true;
    url.remove_prefix(8);
  } else if (absl::StartsWithIgnoreCase(url, "http://")) {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const size_t slash = url.find_first_of("/?");
  absl::string_view host = url.substr(0, slash);
  parts.target = slash == absl::string_view::npos ? "/" : std::string(url.substr(slash));
  if (parts.target.front() == '?') parts.target.insert(0, "/");
  parts.port = parts.tls ? "443" : "80";
  const size_t colon = host.rfind(':');
  if (colon != absl::string_view::npos && !absl::EndsWith(host, "]")) {
    parts.port = std::string(host.substr(colon + 1));
    host = host.substr(0, colon);
  }
  int port = 0;
  if (host.empty() || !absl::SimpleAtoi(parts.port, &port) || port < 1 || port > 65535) {
    return std::nullopt;
  }
  absl::ConsumePrefix(&host, "[");
  absl::ConsumeSuffix(&host, "]");
  parts.host = absl::AsciiStrToLower(host);
  return parts;
}

}  // namespace muster::doubles
