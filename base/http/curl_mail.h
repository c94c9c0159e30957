// One mail's way through one libcurl handle; for CurlMultiClient.
#ifndef MUSTER_BASE_HTTP_CURL_MAIL_H_
#define MUSTER_BASE_HTTP_CURL_MAIL_H_

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/http/curl_transfer.h"
#include "base/http/mail.h"
#include "base/http/public_sockets.h"

namespace muster::http {

// InvalidArgument for a mail that could smuggle lines, or would send a password without TLS.
absl::Status CheckCurlMail(const Mail& mail);

class CurlMail final : public CurlWork {
 public:
  // As CurlTransfer. The mail passed CheckCurlMail.
  CurlMail(CURL* curl, const Mail& mail, const std::atomic<bool>& stopped);
  ~CurlMail() override;

  absl::StatusOr<Response> Finish(CURLcode code) override;

 private:
  static size_t OnRead(char* out, size_t size, size_t count, void* self);
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  CURL* const curl_;
  const Mail& mail_;
  const std::atomic<bool>& stopped_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  curl_slist* recipients_ = nullptr;
  PublicSockets sockets_;
  size_t sent_ = 0;  // Of the content.
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CURL_MAIL_H_
