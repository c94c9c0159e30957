// An HTTP client whose server is a function of the test.
//
//   FakeHttpClient http;
//   http.Handle([](const http::Request& request) {
//     return FakeHttpClient::Json(200, R"({"isSuccess":true})");
//   });
//   http.Then(http::MakeTransportError(http::TransportError::kReset,  // Comes first.
//                                      /*may_have_been_sent=*/true, "gone"));
//
// As an AsyncClient it answers within Start, the body in pieces of SetPieceSize bytes.
//
// Answers queued by Then come first, then the handler's; without either a request gets 404. Every
// request is kept as it was, secrets revealed: a fake is where tests look for them. Thread-safe;
// the handler runs on the caller's thread, outside the lock.
#ifndef MUSTER_TESTS_FAKES_FAKE_HTTP_CLIENT_H_
#define MUSTER_TESTS_FAKES_FAKE_HTTP_CLIENT_H_

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "base/http/async_client.h"
#include "base/http/client.h"
#include "base/http/transport_error.h"
#include "base/mutex.h"

namespace muster {

class FakeHttpClient final : public http::Client, public http::AsyncClient {
 public:
  using Handler = std::function<absl::StatusOr<http::Response>(const http::Request&)>;

  struct Seen {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    // "" if the request had no such header.
    std::string HeaderValue(absl::string_view name) const {
      for (const auto& [key, value] : headers) {
        if (absl::EqualsIgnoreCase(key, name)) return value;
      }
      return "";
    }
  };

  void Handle(Handler handler) {
    MutexLock lock(&mu_);
    handler_ = std::move(handler);
  }
  void Then(absl::StatusOr<http::Response> answer) {
    MutexLock lock(&mu_);
    queued_.push_back(std::move(answer));
  }
  std::vector<Seen> requests() {
    MutexLock lock(&mu_);
    return seen_;
  }

  absl::StatusOr<http::Response> Send(const http::Request& request) override {
    Seen seen{request.method, request.url, {}, std::string(http::Reveal(request.body))};
    for (const http::Header& header : request.headers) {
      seen.headers.emplace_back(header.name, std::string(http::Reveal(header.value)));
    }
    Handler handler;
    {
      MutexLock lock(&mu_);
      seen_.push_back(std::move(seen));
      if (!queued_.empty()) {
        absl::StatusOr<http::Response> answer = std::move(queued_.front());
        queued_.pop_front();
        return answer;
      }
      handler = handler_;
    }
    return handler ? handler(request) : Json(404, "{}");
  }

  void SetPieceSize(size_t bytes) {
    MutexLock lock(&mu_);
    piece_size_ = bytes;
  }
  void Start(http::Request request, Done done) override {
    absl::StatusOr<http::Response> response = Send(request);
    if (response.ok() && request.sink) {
      size_t size = 0;
      {
        MutexLock lock(&mu_);
        size = piece_size_;
      }
      const std::string body = std::exchange(response->body, "");
      for (size_t at = 0; at < body.size(); at += size) {
        if (!request.sink(*response, absl::string_view(body).substr(at, size))) break;
      }
    }
    done(std::move(response));
  }

  static http::Response Json(int status, std::string body) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = std::move(body)};
  }

 private:
  Mutex mu_;
  Handler handler_ ABSL_GUARDED_BY(mu_);
  std::deque<absl::StatusOr<http::Response>> queued_ ABSL_GUARDED_BY(mu_);
  std::vector<Seen> seen_ ABSL_GUARDED_BY(mu_);
  size_t piece_size_ ABSL_GUARDED_BY(mu_) = 16 << 10;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAKES_FAKE_HTTP_CLIENT_H_
