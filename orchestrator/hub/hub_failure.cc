#include "orchestrator/hub/hub_failure.h"

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/transport_error.h"
#include "base/http/url.h"

namespace muster::hub {
namespace {

// When a hub limits us and does not say for how long: half of its window (certify.md 6.1).
constexpr absl::Duration kUnknownRetryAfter = absl::Seconds(30);

FailureCode CodeOfTransport(const absl::Status& status) {
  switch (http::TransportErrorOf(status)) {
    case http::TransportError::kTls:
      return FailureCode::kHubTls;
    case http::TransportError::kReset:
      return FailureCode::kHubError;
    case http::TransportError::kTooLarge:
      return FailureCode::kHubLimit;
    case http::TransportError::kMalformed:
      return FailureCode::kHubBadAnswer;
    case http::TransportError::kNone:  // It could not even be sent: the credentials do not fit.
      return FailureCode::kHubAuth;
    case http::TransportError::kTimeout:
      if (http::RequestMayHaveBeenSent(status)) return FailureCode::kHubLimit;
      break;
    case http::TransportError::kRefused:
    case http::TransportError::kDns:
    case http::TransportError::kCanceled:
    case http::TransportError::kOther:
    case http::TransportError::kForbidden:  // Hubs may stand anywhere: it is not asked for.
      break;
  }
  return FailureCode::kHubUnreachable;
}

// Where a redirect leads, without its query; and the advice that follows.
std::string RedirectText(const http::Response& response, const Scrubber& scrubber) {
  const auto location = response.FindHeader("Location");
  if (!location) return "a redirect to nowhere";
  const absl::StatusOr<http::Url> url = http::Url::Parse(*location);
  if (!url.ok()) {
    const absl::string_view path = location->substr(0, location->find('?'));
    return absl::StrCat("a redirect to ", scrubber.Quote(path, 100),
                        "; it is not followed because the credentials would go along");
  }
  return absl::StrCat("a redirect to ", scrubber.Quote(url->WithoutQuery(), 100),
                      "; it is not followed because the credentials would go along: if the hub is "
                      "there, set the zone's hub URL to ",
                      scrubber.Quote(url->Origin(), 100));
}

}  // namespace

HubFailure FailureOfTransport(const absl::Status& status, const Scrubber& scrubber) {
  return {.failure = {CodeOfTransport(status), scrubber.Clean(status.message(), 300)}};
}

HubFailure FailureOfAnswer(absl::string_view request_line, const http::Response& response,
                           const Scrubber& scrubber) {
  const int status = response.status;
  HubFailure out{
      .failure = {FailureCode::kHubBadAnswer,
                  absl::StrCat(request_line, " answered ", DescribeAnswer(response, scrubber))}};
  std::string& detail = out.failure.detail;
  if (status == 204) {
    out.failure.code = FailureCode::kHubAuth;
    absl::StrAppend(&detail,
                    ", nothing instead of a list: the hub does so when the verifier's "
                    "principal may not see it");
  } else if (status == 401) {
    out.failure.code = FailureCode::kHubAuth;
  } else if (status == 403) {
    out.failure.code = FailureCode::kHubAuth;
    absl::StrAppend(&detail, "; hubs never answer 403, so a proxy in front of it may have refused");
  } else if (status == 429) {
    out.failure.code = FailureCode::kHubRateLimited;
    out.retry_after = RetryAfterOf(response).value_or(kUnknownRetryAfter);
    absl::StrAppend(&detail, "; to be asked again in ", absl::FormatDuration(*out.retry_after));
  } else if (status >= 500) {
    out.failure.code = FailureCode::kHubError;
    out.retry_after = RetryAfterOf(response);
    if (out.retry_after.has_value()) {
      absl::StrAppend(&detail, "; to be asked again in ", absl::FormatDuration(*out.retry_after));
    }
  } else if (status >= 300 && status < 400) {
    detail =
        absl::StrCat(request_line, " answered ", status, ", ", RedirectText(response, scrubber));
  }
  return out;
}

}  // namespace muster::hub
