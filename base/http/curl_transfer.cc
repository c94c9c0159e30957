#include "base/http/curl_transfer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/http/request_check.h"
#include "base/http/transport_error.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

constexpr size_t kMaxHeaderBytes = 256 << 10;
// A body that unpacks to more than this many times what was sent is a bomb: lists of thousands of
// like records stay below 30.
constexpr uint64_t kMaxUnpacking = 100;
constexpr uint64_t kUnpackingSlack = 2 << 20;

bool IsRepeatable(const Request& request) {
  return !request.send_once &&
         (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS");
}

}  // namespace

long CurlMilliseconds(absl::Duration duration) {
  return static_cast<long>(
      std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1, 24LL * 3600 * 1000));
}

void SetCurlTls(CURL* curl, const TlsOptions& tls) {
  if (!tls.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(tls.ca_pem.data()), tls.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(curl, CURLOPT_CAPATH,
                     nullptr);  // Else the system's authorities would be trusted, too.
  }
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

TransportError CurlKindOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransportError::kDns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
      return TransportError::kRefused;
    case CURLE_OPERATION_TIMEDOUT:
      return TransportError::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return TransportError::kTls;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return TransportError::kReset;
    case CURLE_UNSUPPORTED_PROTOCOL:  // Also an answer without a status line.
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return TransportError::kMalformed;
    case CURLE_ABORTED_BY_CALLBACK:
      return TransportError::kCanceled;
    default:
      return TransportError::kOther;
  }
}

// Header lines in libcurl's form. It copies them; they are wiped before they are freed, for they
// may hold secrets.
class CurlTransfer::HeaderLines {
 public:
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  ~HeaderLines() {
    for (curl_slist* line = list_; line != nullptr; line = line->next) {
      volatile char* c = line->data;
      while (*c != '\0') *c++ = '\0';
    }
    curl_slist_free_all(list_);
  }
  void Add(absl::string_view name, absl::string_view value) {
    // libcurl takes "Name:" for "do not send it" and "Name;" for an empty value.
    std::string line = value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value);
    list_ = curl_slist_append(list_, line.c_str());
    Wipe(line);
  }
  void Suppress(absl::string_view name) {
    list_ = curl_slist_append(list_, absl::StrCat(name, ":").c_str());
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

void EnsureCurl() {
  // Thread-safe from libcurl 7.84 on.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(ready);
}

absl::StatusOr<Url> CheckCurlRequest(const Request& request) {
  absl::StatusOr<Url> url = Url::Parse(request.url);
  if (!url.ok()) return InvalidRequest(url.status().message());
  RETURN_IF_ERROR(CheckRequest(request));
  return url;
}

std::string RequestName(const Request& request, const Url& url) {
  return absl::StrCat(request.method, " ", url.WithoutQuery());
}

CurlTransfer::CurlTransfer(CURL* curl, const Request& request, const Url& url,
                           const std::atomic<bool>& stopped)
    : curl_(curl),
      request_(request),
      name_(RequestName(request, url)),
      stopped_(stopped),
      lines_(std::make_unique<HeaderLines>()) {
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, error_text_.data());
  SetAll(url);
}

CurlTransfer::~CurlTransfer() = default;

size_t CurlTransfer::OnBody(char* data, size_t, size_t size, void* self) {
  return static_cast<CurlTransfer*>(self)->TakeBody({data, size}) ? size : CURL_WRITEFUNC_ERROR;
}

size_t CurlTransfer::OnHeader(char* data, size_t, size_t size, void* self) {
  return static_cast<CurlTransfer*>(self)->TakeHeader({data, size}) ? size : CURL_WRITEFUNC_ERROR;
}

int CurlTransfer::OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<CurlTransfer*>(self)->stopped_.load(std::memory_order_relaxed) ? 1 : 0;
}

bool CurlTransfer::TakeBody(absl::string_view piece) {
  body_bytes_ += piece.size();
  if (body_bytes_ > request_.max_response_bytes) {
    too_large_ = absl::StrCat("the answer is larger than ", request_.max_response_bytes, " bytes");
    return false;
  }
  curl_off_t sent = 0;
  curl_easy_getinfo(curl_, CURLINFO_SIZE_DOWNLOAD_T, &sent);
  if (body_bytes_ > kUnpackingSlack + kMaxUnpacking * static_cast<uint64_t>(sent)) {
    too_large_ = absl::StrCat("the answer unpacks to more than ", kMaxUnpacking, " times its size");
    return false;
  }
  if (!request_.sink) {
    response_.body.append(piece.data(), piece.size());
    return true;
  }
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  enough_ = !request_.sink(response_, piece);
  return !enough_;
}

bool CurlTransfer::TakeHeader(absl::string_view piece) {
  header_bytes_ += piece.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    too_large_ = absl::StrCat("the answer's headers are larger than ", kMaxHeaderBytes, " bytes");
    return false;
  }
  const absl::string_view line = absl::StripAsciiWhitespace(piece);
  // A status line begins an answer: what came before was a challenge or a 100.
  if (absl::StartsWith(line, "HTTP/")) {
    response_.headers.clear();
    response_.body.clear();
    body_bytes_ = 0;
  } else if (const size_t colon = line.find(':'); colon != absl::string_view::npos) {
    response_.headers.emplace_back(line.substr(0, colon),
                                   absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return true;
}

void CurlTransfer::SetMethodAndBody() {
  const absl::string_view body = Reveal(request_.body);
  if (request_.method == "HEAD") {
    curl_easy_setopt(curl_, CURLOPT_NOBODY, 1L);
  } else if (request_.method == "GET" && body.empty()) {
    curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
  } else {
    if (!body.empty() || request_.method == "POST" || request_.method == "PUT" ||
        request_.method == "PATCH") {
      curl_easy_setopt(curl_, CURLOPT_POST, 1L);
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());  // Not copied.
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    // Only the caller says what the body is, and nothing waits for a "100 Continue".
    lines_->Suppress("Expect");
    if (std::none_of(request_.headers.begin(), request_.headers.end(), [](const Header& header) {
          return absl::EqualsIgnoreCase(header.name, "Content-Type");
        })) {
      lines_->Suppress("Content-Type");
    }
  }
}

void CurlTransfer::SetAll(const Url& url) {
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT_MS, CurlMilliseconds(request_.connect_timeout));
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, CurlMilliseconds(request_.total_timeout));
  if (request_.stall_timeout > absl::ZeroDuration()) {
    curl_easy_setopt(
        curl_, CURLOPT_LOW_SPEED_LIMIT,
        static_cast<long>(std::clamp<int64_t>(request_.stall_bytes_per_second, 1, 1 << 30)));
    curl_easy_setopt(
        curl_, CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<int64_t>(absl::ToInt64Seconds(request_.stall_timeout), 1)));
  }
  curl_easy_setopt(curl_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, this);
  // On a kept connection that dies without an answer libcurl sends a request again, whatever its
  // method; on a new one it never does.
  curl_easy_setopt(curl_, CURLOPT_FRESH_CONNECT, IsRepeatable(request_) ? 0L : 1L);
  curl_easy_setopt(curl_, CURLOPT_PROXY, "");  // Not the environment's.
  if (request_.describe_peer) {
    curl_easy_setopt(curl_, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl_, CURLOPT_FRESH_CONNECT, 1L);  // A kept one tells no certificate.
  }
  if (request_.public_addresses_only) sockets_.Guard(curl_);
  if (request_.accept_compressed) curl_easy_setopt(curl_, CURLOPT_ACCEPT_ENCODING, "");
  if (request_.negotiate) {
    curl_easy_setopt(curl_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_NEGOTIATE));
    curl_easy_setopt(curl_, CURLOPT_USERPWD, ":");
  }
  if (url.tls()) SetCurlTls(curl_, request_.tls);
  SetMethodAndBody();
  for (const Header& header : request_.headers) lines_->Add(header.name, Reveal(header.value));
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, lines_->get());
}

void CurlTransfer::DescribePeer() {
  const char* address = nullptr;
  long port = 0;
  curl_easy_getinfo(curl_, CURLINFO_PRIMARY_IP, &address);
  curl_easy_getinfo(curl_, CURLINFO_PRIMARY_PORT, &port);
  if (address != nullptr && *address != '\0') {
    const bool six = absl::StrContains(address, ":");
    response_.peer_address = absl::StrCat(six ? "[" : "", address, six ? "]" : "", ":", port);
  }
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(curl_, CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs < 1) return;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    absl::string_view text = line->data;
    if (absl::ConsumePrefix(&text, "Cert:")) response_.peer_certificate_pem = std::string(text);
  }
}

absl::StatusOr<Response> CurlTransfer::Finish(CURLcode code) {
  long status = 0;
  long bytes_sent = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl_, CURLINFO_REQUEST_SIZE, &bytes_sent);
  if (code == CURLE_OK || enough_) {
    response_.status = static_cast<int>(status);
    if (request_.describe_peer) DescribePeer();
    return std::move(response_);
  }
  if (code == CURLE_URL_MALFORMAT) {
    return InvalidRequest(absl::StrCat(name_, ": ", curl_easy_strerror(code)));
  }
  if (sockets_.refused()) {
    return MakeTransportError(TransportError::kForbidden, false,
                              absl::StrCat(name_, ": it has no public address"));
  }
  const std::string why = !too_large_.empty()      ? too_large_
                          : error_text_[0] != '\0' ? std::string(error_text_.data())
                                                   : std::string(curl_easy_strerror(code));
  return MakeTransportError(too_large_.empty() ? CurlKindOf(code) : TransportError::kTooLarge,
                            bytes_sent > 0, absl::StrCat(name_, ": ", why));
}

}  // namespace muster::http
