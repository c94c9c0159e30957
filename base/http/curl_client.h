// The Client over libcurl. Speaks HTTP/1.1.
#ifndef MUSTER_BASE_HTTP_CURL_CLIENT_H_
#define MUSTER_BASE_HTTP_CURL_CLIENT_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/http/client.h"
#include "base/mutex.h"

namespace muster::http {

// Connections are kept and used again for requests with the same server and the same TLS options.
// Each Send in progress has a handle of its own, so threads do not wait for each other.
class CurlClient final : public Client {
 public:
  CurlClient();
  ~CurlClient() override;  // No Send may be in progress.

  absl::StatusOr<Response> Send(const Request& request) override;

  // Ends every Send in progress within about a second, and all later ones at once, with kCanceled.
  // For the stop of a program.
  void Stop();

 private:
  struct Handle;
  std::unique_ptr<Handle> Borrow(const std::string& origin);
  void Return(std::unique_ptr<Handle> handle);

  std::atomic<bool> stopped_ = false;
  Mutex mu_;
  std::vector<std::unique_ptr<Handle>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CURL_CLIENT_H_
