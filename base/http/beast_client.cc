#include "base/http/beast_client.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/request_check.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr size_t kMaxLocalHeaderBytes = 256 << 10;
constexpr size_t kPartBytes = 16 << 10;

absl::Status CheckSupported(const Request& request, const Url& url) {
  if (url.tls()) return InvalidRequest("local services are spoken to without TLS");
  if (!request.tls.ca_pem.empty()) return InvalidRequest("there is no TLS to trust anybody in");
  if (request.negotiate) {
    return InvalidRequest("no user can be shown to a service that asks for one (Negotiate)");
  }
  if (request.sink) return InvalidRequest("answers of local services come in one piece");
  if (request.stall_timeout > absl::ZeroDuration() || !request.pace_group.empty()) {
    return InvalidRequest("local services are read without a pace; their limit is total_timeout");
  }
  return absl::OkStatus();
}

// The request up to its body. The caller wipes it: headers may be secret.
std::string HeadOf(const Request& request, const Url& url) {
  const std::string origin = url.Origin();
  std::string target = url.ToString().substr(origin.size());
  if (!absl::StartsWith(target, "/")) target.insert(0, "/");
  const size_t body = Reveal(request.body).size();
  const bool says_length =
      body > 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  std::string head;
  size_t size = target.size() + origin.size() + request.method.size() + 128;
  for (const Header& header : request.headers) {
    size += header.name.size() + Reveal(header.value).size() + 4;
  }
  head.reserve(size);  // What grows leaves copies behind.
  absl::StrAppend(&head, request.method, " ", target,
                  " HTTP/1.1\r\nHost: ", absl::string_view(origin).substr(origin.find("://") + 3),
                  "\r\nConnection: close\r\n");
  for (const Header& header : request.headers) {
    const absl::string_view value = Reveal(header.value);
    absl::StrAppend(&head, header.name, value.empty() ? ":" : ": ", value, "\r\n");
  }
  if (says_length) absl::StrAppend(&head, "Content-Length: ", body, "\r\n");
  head.append("\r\n");
  return head;
}

absl::Status WriteAll(Connection& connection, absl::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const size_t size, connection.Write(bytes, patience));
    bytes.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::Status StatusOfParser(const boost::system::error_code& error, size_t limit) {
  if (error == beast_http::error::body_limit || error == beast_http::error::header_limit ||
      error == beast_http::error::buffer_overflow) {
    return MakeTransportError(TransportError::kTooLarge, true,
                              absl::StrCat("the answer is larger than ", limit, " bytes"));
  }
  if (error == beast_http::error::partial_message || error == beast_http::error::end_of_stream) {
    return MakeTransportError(TransportError::kReset, true,
                              "the connection ended before the whole answer was there");
  }
  return MakeTransportError(TransportError::kMalformed, true,
                            absl::StrCat("what answers does not speak HTTP: ", error.message()));
}

// Reads one answer.
class AnswerReader {
 public:
  AnswerReader(Connection& connection, const Request& request, const Patience& patience)
      : connection_(connection), request_(request), patience_(patience) {}

  absl::StatusOr<Response> Read() {
    while (true) {
      RETURN_IF_ERROR(ReadMessage());
      if (parser_->get().result_int() >= 200) break;  // Below: one that another follows.
    }
    Response response;
    response.status = static_cast<int>(parser_->get().result_int());
    for (const auto& field : parser_->get()) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(parser_->get().body());
    const auto coding = response.FindHeader("Content-Encoding");
    if (coding.has_value() && !absl::EqualsIgnoreCase(*coding, "identity")) {
      return MakeTransportError(TransportError::kMalformed, true,
                                "the answer is compressed, which was not asked for");
    }
    return response;
  }

 private:
  absl::Status ReadMessage() {
    parser_.emplace();
    parser_->eager(true);
    parser_->body_limit(request_.max_response_bytes);
    parser_->header_limit(kMaxLocalHeaderBytes);
    parser_->skip(request_.method == "HEAD");
    // An answer may repeat the secret that was sent: not on the stack, which nobody wipes.
    std::vector<char> part(kPartBytes);
    while (!parser_->is_done()) {
      boost::system::error_code error;
      if (!bytes_.empty()) {
        bytes_.erase(0, parser_->put(boost::asio::buffer(bytes_), error));
        if (error && error != beast_http::error::need_more) return Judge(error);
        if (IsTooLarge()) return Judge(beast_http::error::body_limit);
        if (parser_->is_done()) break;
        // What is left of a head is at its beginning still, and bounded as the head is.
        if (bytes_.size() > kMaxLocalHeaderBytes) return Judge(beast_http::error::header_limit);
      }
      ASSIGN_OR_RETURN(const size_t size, connection_.Read(part, patience_));
      if (size > 0) {
        bytes_.append(part.data(), size);
        continue;
      }
      error = {};
      if (!parser_->got_some()) return Judge(beast_http::error::end_of_stream);
      parser_->put_eof(error);
      if (error) return Judge(error);
    }
    return absl::OkStatus();
  }

  // Beast forgets its own limit when a body comes in one piece with its head.
  bool IsTooLarge() const {
    if (!parser_->is_header_done() || request_.method == "HEAD") return false;
    const auto length = parser_->content_length();
    return (length.has_value() && *length > request_.max_response_bytes) ||
           parser_->get().body().size() > request_.max_response_bytes;
  }

  absl::Status Judge(const boost::system::error_code& error) const {
    return StatusOfParser(error, request_.max_response_bytes);
  }

  Connection& connection_;
  const Request& request_;
  const Patience& patience_;
  std::string bytes_;  // Read and not parsed yet.
  std::optional<beast_http::response_parser<beast_http::string_body>> parser_;
};

}  // namespace

void BeastClient::Stop() { stopped_.store(true, std::memory_order_relaxed); }

absl::StatusOr<Response> BeastClient::Send(const Request& request) {
  const absl::StatusOr<Url> url = Url::Parse(request.url);
  if (!url.ok()) return InvalidRequest(url.status().message());
  RETURN_IF_ERROR(CheckRequest(request));
  RETURN_IF_ERROR(CheckSupported(request, *url));
  const std::string what = absl::StrCat(request.method, " ", url->WithoutQuery());
  const Patience patience(request.total_timeout, stopped_);
  if (patience.Stopped()) return Annotate(patience.Over(false, "request"), what);

  auto connection = transport_.Connect(*url, patience.AtMost(request.connect_timeout));
  if (!connection.ok()) return Annotate(connection.status(), what);
  std::string head = HeadOf(request, *url);
  absl::Status sent = WriteAll(**connection, head, patience);
  Wipe(head);
  if (sent.ok()) sent = WriteAll(**connection, Reveal(request.body), patience);
  if (!sent.ok()) return Annotate(sent, what);
  absl::StatusOr<Response> response = AnswerReader(**connection, request, patience).Read();
  if (!response.ok()) return Annotate(response.status(), what);
  return response;
}

}  // namespace muster::http
