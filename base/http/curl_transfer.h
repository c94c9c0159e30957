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
#include "base/http/url.h"

namespace muster::http {

// Initializes libcurl, once per process.
void EnsureCurl();

// InvalidArgument (InvalidRequest) when the request cannot be sent as it is, else its URL.
absl::StatusOr<Url> CheckCurlRequest(const Request& request);

// "GET https://hub.example/path": how errors name a request.
std::string RequestName(const Request& request, const Url& url);

class CurlTransfer {
 public:
  // Sets all options on `curl`. All parameters outlive the transfer; `stopped` ends it within about
  // a second. The request passed CheckCurlRequest, whose URL this is.
  CurlTransfer(CURL* curl, const Request& request, const Url& url,
               const std::atomic<bool>& stopped);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // The outcome of a transfer that ended with `code`. Once.
  absl::StatusOr<Response> Finish(CURLcode code);

  // Of the body, unpacked, so far.
  uint64_t body_bytes() const { return body_bytes_; }

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
  bool enough_ = false;    // Says the sink.
  std::string too_large_;  // Which limit the answer is beyond.
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CURL_TRANSFER_H_
