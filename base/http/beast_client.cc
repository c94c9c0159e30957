#include "base/http/beast_client.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/request_check.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr size_t kMaxLocalHeaderBytes = 256 << 10;
constexpr size_t kPartBytes = 16 << 10;

// A server that asks for more than this goes in circles.
constexpr int kMostNegotiateRounds = 4;
constexpr char kNegotiate[] = "Negotiate";

absl::Status CheckSupported(const Request& request, const Url& url, bool can_negotiate) {
  if (url.tls()) return InvalidRequest("local services are spoken to without TLS");
  if (!request.tls.ca_pem.empty()) return InvalidRequest("there is no TLS to trust anybody in");
  if (request.negotiate && !can_negotiate) {
    return InvalidRequest("no user can be shown to a service that asks for one (Negotiate)");
  }
  if (request.public_addresses_only) {
    return InvalidRequest("local services have no public addresses");
  }
  if (request.sink) return InvalidRequest("answers of local services come in one piece");
  if (request.stall_timeout > absl::ZeroDuration() || !request.pace_group.empty()) {
    return InvalidRequest("local services are read without a pace; their limit is total_timeout");
  }
  return absl::OkStatus();
}

// What stands behind "Negotiate" in a challenge, as bytes; none where nobody is asked for so.
std::optional<std::string> ChallengeOf(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (!absl::EqualsIgnoreCase(name, "WWW-Authenticate")) continue;
    absl::string_view text = absl::StripAsciiWhitespace(value);
    if (!absl::StartsWithIgnoreCase(text, kNegotiate)) continue;
    text.remove_prefix(sizeof(kNegotiate) - 1);
    if (!text.empty() && text[0] != ' ' && text[0] != ',') continue;
    std::string bytes;
    if (absl::Base64Unescape(absl::StripAsciiWhitespace(text), &bytes)) return bytes;
    return "";  // Other ways behind a comma.
  }
  return std::nullopt;
}

// The request up to its body. The caller wipes it: headers may be secret. `token` is empty, or what
// shows who asks.
std::string HeadOf(const Request& request, const Url& url, const Secret& token) {
  const std::string origin = url.Origin();
  std::string target = url.ToString().substr(origin.size());
  if (!absl::StartsWith(target, "/")) target.insert(0, "/");
  const size_t body = Reveal(request.body).size();
  const bool says_length =
      body > 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  std::string head;
  std::string shown = absl::Base64Escape(token.Reveal());
  size_t size = target.size() + origin.size() + request.method.size() + shown.size() + 192;
  for (const Header& header : request.headers) {
    size += header.name.size() + Reveal(header.value).size() + 4;
  }
  head.reserve(size);  // What grows leaves copies behind.
  absl::StrAppend(&head, request.method, " ", target,
                  " HTTP/1.1\r\nHost: ", absl::string_view(origin).substr(origin.find("://") + 3),
                  "\r\nConnection: ", request.negotiate ? "keep-alive" : "close", "\r\n");
  if (!shown.empty()) absl::StrAppend(&head, "Authorization: ", kNegotiate, " ", shown, "\r\n");
  Wipe(shown);
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

  // Behind Read: another request may follow on the connection.
  bool keep_alive() const { return parser_->keep_alive() && bytes_.empty(); }

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

// One request and its answer, on a connection.
struct Exchange {
  absl::StatusOr<Response> response;
  bool keep_alive = false;
};

Exchange Ask(Connection& connection, const Request& request, const Url& url, const Secret& token,
             const Patience& patience) {
  std::string head = HeadOf(request, url, token);
  absl::Status sent = WriteAll(connection, head, patience);
  Wipe(head);
  if (sent.ok()) sent = WriteAll(connection, Reveal(request.body), patience);
  if (!sent.ok()) return {sent};
  AnswerReader reader(connection, request, patience);
  absl::StatusOr<Response> response = reader.Read();
  const bool keep_alive = response.ok() && reader.keep_alive();
  return {std::move(response), keep_alive};
}

}  // namespace

void BeastClient::Stop() { stopped_.store(true, std::memory_order_relaxed); }

absl::StatusOr<Response> BeastClient::Send(const Request& request) {
  const absl::StatusOr<Url> url = Url::Parse(request.url);
  if (!url.ok()) return InvalidRequest(url.status().message());
  RETURN_IF_ERROR(CheckRequest(request));
  RETURN_IF_ERROR(CheckSupported(request, *url, negotiator_ != nullptr));
  const std::string what = absl::StrCat(request.method, " ", url->WithoutQuery());
  const Patience patience(request.total_timeout, stopped_);
  if (patience.Stopped()) return Annotate(patience.Over(false, "request"), what);
  absl::StatusOr<Response> response = SendOn(request, *url, patience);
  if (!response.ok()) return Annotate(response.status(), what);
  return response;
}

// The first round shows nobody, as a service may ask for none. Each has the body: a round that is
// answered with a challenge was not acted upon, and which one will be is not known before.
absl::StatusOr<Response> BeastClient::SendOn(const Request& request, const Url& url,
                                             const Patience& patience) {
  ASSIGN_OR_RETURN(auto connection,
                   transport_.Connect(url, patience.AtMost(request.connect_timeout)));
  Exchange last = Ask(*connection, request, url, Secret(), patience);
  std::unique_ptr<Negotiation> negotiation;
  for (int round = 0; request.negotiate && round < kMostNegotiateRounds; ++round) {
    if (!last.response.ok() || last.response->status != 401) break;
    const std::optional<std::string> challenge = ChallengeOf(*last.response);
    // One without a token behind the first is a refusal.
    if (!challenge.has_value() || (round > 0 && challenge->empty())) break;
    if (round == 0) {
      auto begun = negotiator_->Begin(url.host());
      if (!begun.ok()) return Unshown(begun.status(), std::move(last.response));
      negotiation = *std::move(begun);
    }
    absl::StatusOr<Secret> token = negotiation->Next(*challenge);
    if (!token.ok()) return Unshown(token.status(), std::move(last.response));
    if (!last.keep_alive) {
      if (round > 0) break;  // What was shown so far belongs to the connection.
      ASSIGN_OR_RETURN(connection,
                       transport_.Connect(url, patience.AtMost(request.connect_timeout)));
    }
    last = Ask(*connection, request, url, *token, patience);
  }
  return std::move(last.response);
}

absl::StatusOr<Response> BeastClient::Unshown(const absl::Status& why,
                                              absl::StatusOr<Response> challenge) {
  log::Warning("a local service asks who this is, which cannot be shown", {{"reason", why}});
  return challenge;
}

}  // namespace muster::http
