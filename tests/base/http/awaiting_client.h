// CurlMultiClient as a Client that waits, so that tests can hold both to one contract.
#ifndef MUSTER_TESTS_BASE_HTTP_AWAITING_CLIENT_H_
#define MUSTER_TESTS_BASE_HTTP_AWAITING_CLIENT_H_

#include <string>
#include <utility>
#include <variant>

#include "base/http/client.h"
#include "base/http/curl_multi_client.h"
#include "base/notification.h"

namespace muster::http {

class AwaitingClient final : public Client {
 public:
  absl::StatusOr<Response> Send(const Request& request) override {
    absl::StatusOr<Response> answer;
    Notification done;
    client_.Start(CopyOf(request), [&](absl::StatusOr<Response> outcome) {
      answer = std::move(outcome);
      done.Notify();
    });
    done.WaitForNotification();
    return answer;
  }
  void Stop() { client_.Stop(); }

 private:
  static Text CopyOf(const Text& text) {
    if (const Secret* secret = std::get_if<Secret>(&text)) return secret->Clone();
    return std::get<std::string>(text);
  }
  static Request CopyOf(const Request& request) {
    Request copy;
    copy.method = request.method;
    copy.url = request.url;
    for (const Header& header : request.headers) {
      copy.headers.push_back({header.name, CopyOf(header.value)});
    }
    copy.body = CopyOf(request.body);
    copy.connect_timeout = request.connect_timeout;
    copy.total_timeout = request.total_timeout;
    copy.stall_timeout = request.stall_timeout;
    copy.stall_bytes_per_second = request.stall_bytes_per_second;
    copy.max_response_bytes = request.max_response_bytes;
    copy.sink = request.sink;
    copy.pace_group = request.pace_group;
    copy.tls = request.tls;
    copy.negotiate = request.negotiate;
    copy.accept_compressed = request.accept_compressed;
    copy.send_once = request.send_once;
    return copy;
  }

  CurlMultiClient client_{{}};
};

}  // namespace muster::http

#endif  // MUSTER_TESTS_BASE_HTTP_AWAITING_CLIENT_H_
