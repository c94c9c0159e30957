#include "base/http/curl_client.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/http/curl_transfer.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

constexpr size_t kMaxIdleHandles = 32;

}  // namespace

struct CurlClient::Handle {
  CURL* const curl = curl_easy_init();
  std::string origin;  // Of the last request: its connection is probably still open.
  ~Handle() { curl_easy_cleanup(curl); }
};

CurlClient::CurlClient() { EnsureCurl(); }

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
  ASSIGN_OR_RETURN(const Url url, CheckCurlRequest(request));
  if (stopped_.load(std::memory_order_relaxed)) {
    return MakeTransportError(TransportError::kCanceled, false,
                              absl::StrCat(RequestName(request, url), ": the program stops"));
  }
  std::unique_ptr<Handle> handle = Borrow(url.Origin());
  if (handle->curl == nullptr) {
    return MakeTransportError(TransportError::kOther, false, "libcurl: out of memory");
  }
  absl::StatusOr<Response> response;
  {
    CurlTransfer transfer(handle->curl, request, url, stopped_);
    response = transfer.Finish(curl_easy_perform(handle->curl));
  }
  Return(std::move(handle));
  return response;
}

}  // namespace muster::http
