#include "base/http/curl_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/http/request_check.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

constexpr size_t kMaxIdleHandles = 32;
constexpr size_t kMaxHeaderBytes = 256 << 10;

// One request's way through libcurl's callbacks.
struct Transfer {
  const Request& request;
  const std::atomic<bool>& stopped;
  Response response;
  size_t header_bytes = 0;
  bool too_large = false;
};

size_t OnBody(char* data, size_t, size_t size, void* self) {
  auto* const transfer = static_cast<Transfer*>(self);
  if (transfer->response.body.size() + size > transfer->request.max_response_bytes) {
    transfer->too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer->response.body.append(data, size);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* self) {
  auto* const transfer = static_cast<Transfer*>(self);
  transfer->header_bytes += size;
  if (transfer->header_bytes > kMaxHeaderBytes) {
    transfer->too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(data, size));
  // A status line begins an answer: what came before was a redirect, a challenge or a 100.
  if (absl::StartsWith(line, "HTTP/")) {
    transfer->response.headers.clear();
    transfer->response.body.clear();
  } else if (const size_t colon = line.find(':'); colon != absl::string_view::npos) {
    transfer->response.headers.emplace_back(line.substr(0, colon),
                                            absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return size;
}

int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(self)->stopped.load(std::memory_order_relaxed) ? 1 : 0;
}

// Header lines in libcurl's form. It copies them; they are wiped before they are freed, for they
// may hold secrets.
class HeaderLines {
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

bool IsRepeatable(const Request& request) {
  return !request.send_once &&
         (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS");
}

absl::Status CheckPins(const Request& request) {
  for (const std::string& pin : request.tls.pinned_spki_sha256) {
    const bool hex = std::all_of(pin.begin(), pin.end(), [](char c) {
      return absl::ascii_isxdigit(static_cast<unsigned char>(c));
    });
    if (pin.size() != 64 || !hex) return InvalidRequest("a pinned key has 64 hexadecimal digits");
  }
  return absl::OkStatus();
}

// 0 would mean "no limit" to libcurl.
long Milliseconds(absl::Duration duration) {
  return static_cast<long>(
      std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1, 24LL * 3600 * 1000));
}

void SetTls(CURL* curl, const TlsOptions& tls) {
  if (!tls.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(tls.ca_pem.data()), tls.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(curl, CURLOPT_CAPATH,
                     nullptr);  // Else the system's authorities would be trusted, too.
  }
  if (!tls.pinned_spki_sha256.empty()) {
    const std::string pins =
        absl::StrJoin(tls.pinned_spki_sha256, ";", [](std::string* out, const std::string& pin) {
          absl::StrAppend(out, "sha256//", absl::Base64Escape(absl::HexStringToBytes(pin)));
        });
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, pins.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify ? 0L : 2L);
}

void SetMethodAndBody(CURL* curl, const Request& request, HeaderLines& lines) {
  const absl::string_view body = Reveal(request.body);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.method == "GET" && body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else {
    if (!body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH") {
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());  // Not copied.
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // Only the caller says what the body is, and nothing waits for a "100 Continue".
    lines.Suppress("Expect");
    if (std::none_of(request.headers.begin(), request.headers.end(), [](const Header& header) {
          return absl::EqualsIgnoreCase(header.name, "Content-Type");
        })) {
      lines.Suppress("Content-Type");
    }
  }
}

void SetAll(CURL* curl, const Request& request, const Url& url, Transfer& transfer,
            HeaderLines& lines) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(request.connect_timeout));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, Milliseconds(request.total_timeout));
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 4L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  // On a kept connection that dies without an answer libcurl sends a request again, whatever its
  // method; on a new one it never does.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, IsRepeatable(request) ? 0L : 1L);
  if (!request.use_environment_proxy) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.accept_compressed) curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  if (!request.source_address.empty()) {
    curl_easy_setopt(curl, CURLOPT_INTERFACE,
                     absl::StrCat("host!", request.source_address).c_str());
  }
  if (request.negotiate) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_NEGOTIATE));
    curl_easy_setopt(curl, CURLOPT_USERPWD, ":");
  }
  if (url.tls()) SetTls(curl, request.tls);
  SetMethodAndBody(curl, request, lines);
  for (const Header& header : request.headers) lines.Add(header.name, Reveal(header.value));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
}

TransportError KindOf(CURLcode code, const Transfer& transfer) {
  if (transfer.too_large) return TransportError::kTooLarge;
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
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
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
    case CURLE_TOO_MANY_REDIRECTS:
      return TransportError::kMalformed;
    case CURLE_ABORTED_BY_CALLBACK:
      return TransportError::kCanceled;
    default:
      return TransportError::kOther;
  }
}

}  // namespace

struct CurlClient::Handle {
  CURL* const curl = curl_easy_init();
  std::string origin;  // Of the last request: its connection is probably still open.
  ~Handle() { curl_easy_cleanup(curl); }
};

CurlClient::CurlClient() {
  static const CURLcode ready =
      curl_global_init(CURL_GLOBAL_DEFAULT);  // Once per process; thread-safe from libcurl 7.84 on.
  static_cast<void>(ready);
}

CurlClient::~CurlClient() = default;

void CurlClient::Stop() { stopped_.store(true, std::memory_order_relaxed); }

std::unique_ptr<CurlClient::Handle> CurlClient::Borrow(const std::string& origin) {
  {
    MutexLock lock(&mu_);
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [&](const auto& handle) { return handle->origin == origin; });
    if (found != idle_.rend()) {
      std::unique_ptr<Handle> handle = std::move(*found);
      idle_.erase(std::next(found).base());
      return handle;
    }
  }
  auto handle = std::make_unique<Handle>();
  handle->origin = origin;
  return handle;
}

void CurlClient::Return(std::unique_ptr<Handle> handle) {
  curl_easy_reset(handle->curl);  // Options go, connections stay.
  std::unique_ptr<Handle> oldest;
  MutexLock lock(&mu_);
  if (idle_.size() >= kMaxIdleHandles) {
    oldest = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
  idle_.push_back(std::move(handle));
}

absl::StatusOr<Response> CurlClient::Send(const Request& request) {
  const absl::StatusOr<Url> url = Url::Parse(request.url);
  if (!url.ok()) return InvalidRequest(url.status().message());
  RETURN_IF_ERROR(CheckRequest(request));
  RETURN_IF_ERROR(CheckPins(request));
  const std::string what = absl::StrCat(request.method, " ", url->WithoutQuery());
  if (stopped_.load(std::memory_order_relaxed)) {
    return MakeTransportError(TransportError::kCanceled, false,
                              absl::StrCat(what, ": the program stops"));
  }
  std::unique_ptr<Handle> handle = Borrow(url->Origin());
  CURL* const curl = handle->curl;
  if (curl == nullptr)
    return MakeTransportError(TransportError::kOther, false, "libcurl: out of memory");

  std::array<char, CURL_ERROR_SIZE> error_text{};
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text.data());
  Transfer transfer{request, stopped_};
  HeaderLines lines;
  SetAll(curl, request, *url, transfer, lines);
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  long bytes_sent = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes_sent);
  Return(std::move(handle));

  if (code == CURLE_OK) {
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
  }
  if (code == CURLE_URL_MALFORMAT)
    return InvalidRequest(absl::StrCat(what, ": ", curl_easy_strerror(code)));
  const std::string why = transfer.too_large      ? absl::StrCat("the answer is larger than ",
                                                                 request.max_response_bytes, " bytes")
                          : error_text[0] != '\0' ? std::string(error_text.data())
                                                  : std::string(curl_easy_strerror(code));
  return MakeTransportError(KindOf(code, transfer), bytes_sent > 0, absl::StrCat(what, ": ", why));
}

}  // namespace muster::http
