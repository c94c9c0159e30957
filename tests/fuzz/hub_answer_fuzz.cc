// A hub's answers that are no list: refusals, redirects, pages of proxies, logins. First part: the
// status, then headers, one a line; second part: the body. What is told of it is one visible line
// without the secrets that were sent.
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/failure_code.h"
#include "orchestrator/hub/hub_failure.h"
#include "orchestrator/hub/hub_login.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

using namespace muster;
using fuzz::Require;

constexpr char kSecret[] = "Canary-Verifier+Secret/4711=";
constexpr char kPassword[] = "canary password 0815";

// `sent`: what the hub was sent, and may answer.
void RequireFit(const hub::HubFailure& failure, std::initializer_list<const char*> sent) {
  fuzz::RequireVisible(failure.failure.detail, 1200, "a hub's failure");
  for (const char* secret : sent) {
    Require(!fuzz::Holds(failure.failure.detail, secret), "no secret in a hub's failure");
  }
  if (failure.retry_after) {
    Require(*failure.retry_after >= absl::Seconds(1) && *failure.retry_after <= absl::Hours(1),
            "a hub is left alone for a while");
  }
}

http::Response ResponseOf(absl::string_view text) {
  const auto parts = fuzz::PartsOf(text);
  http::Response response;
  for (const absl::string_view line : absl::StrSplit(parts[0], '\n')) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    int status = 0;
    if (response.status == 0 && absl::SimpleAtoi(line, &status)) {
      response.status = status;
    } else {
      response.headers.emplace_back(header.first, header.second);
    }
  }
  if (parts.size() > 1) response.body = std::string(parts[1]);
  return response;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const http::Response response = ResponseOf(fuzz::TextOf(data, size));
  hub::Scrubber scrubber;
  scrubber.Add(Secret::CopyOf(kSecret));
  RequireFit(
      hub::FailureOfAnswer("GET https://hub.example/internal/v1/hub/instances", response, scrubber),
      {kSecret});
  RequireFit(hub::FailureOfTransport(absl::UnavailableError(response.body), scrubber), {kSecret});
  if (const auto date = hub::DateOf(response)) {
    Require(
        absl::ToInt64Nanoseconds(*date - absl::FromUnixSeconds(absl::ToUnixSeconds(*date))) == 0,
        "a date is cut to a second");
  }

  int sent = 0;
  hub::HubLogin login(*http::Url::Parse("https://hub.example"), "reader", Secret::CopyOf(kPassword),
                      scrubber, [&](http::Request request, http::AsyncClient::Done done) {
                        ++sent;
                        Require(absl::StartsWith(request.url, "https://hub.example/"),
                                "a login goes to the hub");
                        done(response);
                      });
  for (int i = 0; i < 2; ++i) {
    std::optional<hub::HubFailure> failure;
    bool answered = false;
    login.Renew([&](std::optional<hub::HubFailure> why) {
      answered = true;
      failure = std::move(why);
    });
    Require(answered && sent <= 3, "a login ends");
    Require(failure.has_value() == login.access_token().empty(), "a token or a failure");
    if (failure) RequireFit(*failure, {kSecret, kPassword});
  }
  return 0;
}
