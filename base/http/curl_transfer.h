// One request's way through one libcurl handle: its options, its callbacks, its outcome; for
// CurlMultiClient.
#ifndef MUSTER_BASE_HTTP_CURL_TRANSFER_H_
#define MUSTER_BASE_HTTP_CURL_TRANSFER_H_

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http/client.h"
#include "base/http/public_sockets.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"

namespace muster::http {

// Initializes libcurl, once per process.
void EnsureCurl();

// InvalidArgument (InvalidRequest) when the request cannot be sent as it is, else its URL.
absl::StatusOr<Url> CheckCurlRequest(const Request& request);

// "GET https://hub.example/path": how errors name a request.
std::string RequestName(const Request& request, const Url& url);

// 0 would mean "no limit" to libcurl.
long CurlMilliseconds(absl::Duration duration);
// TLS from 1.2 on, with these anchors.
void SetCurlTls(CURL* curl, const TlsOptions& tls);
TransportError CurlKindOf(CURLcode code);

// What goes through a handle of CurlMultiClient.
class CurlWork {
 public:
  virtual ~CurlWork() = default;
  // The outcome of a transfer that ended with `code`. Once.
  virtual absl::StatusOr<Response> Finish(CURLcode code) = 0;
  // Of the answer's body, unpacked, so far.
  virtual uint64_t body_bytes() const { return 0; }
};

class CurlTransfer final : public CurlWork {
 public:
  // Sets all options on `curl`. All parameters outlive the transfer; `stopped` ends it within about
  // a second. The request passed CheckCurlRequest, whose URL this is.
  CurlTransfer(CURL* curl, const Request& request, const Url& url,
               const std::atomic<bool>& stopped);
  ~CurlTransfer() override;
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  absl::StatusOr<Response> Finish(CURLcode code) override;
  uint64_t body_bytes() const override { return body_bytes_; }

 private:
  class HeaderLines;

  static size_t OnBody(char* data, size_t, size_t size, void* self);
  static size_t OnHeader(char* data, size_t, size_t size, void* self);
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  bool TakeBody(absl::string_view piece);
  bool TakeHeader(absl::string_view piece);
  void SetAll(const Url& url);
  void SetMethodAndBody();
  void DescribePeer();

  CURL* const curl_;
  const Request& request_;
  const std::string name_;
  const std::atomic<bool>& stopped_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::unique_ptr<HeaderLines> lines_;
  Response response_;
  size_t header_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  bool enough_ = false;  // Says the sink.
  PublicSockets sockets_;
  std::string too_large_;  // Which limit the answer is beyond.
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CURL_TRANSFER_H_
