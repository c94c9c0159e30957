#include "worker/service/classify.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/failure_code.h"

namespace muster::worker {
namespace {

struct Row {
  absl::string_view part;  // Case is ignored.
  FailureCode code;
  bool hub_may_have_acted = false;
};

// First match wins: what the service says of itself, then causes of network errors, then the hub's
// refusals (title and detail of its problem JSON), then statuses.
constexpr Row kRows[] = {
    {"A problem occurred when connecting to the management hub", FailureCode::kJoinNotConnected},
    {"Hub Assigned Instance ID is required", FailureCode::kJoinIdRejected},
    {"Hub Assigned Instance ID is not recognized", FailureCode::kJoinIdRejected},
    {"X-Certify-HubAssignedId HTTP header missing", FailureCode::kJoinIdRejected},
    {"Invalid hub assigned instance id", FailureCode::kJoinIdRejected},
    {"hub-unknown-instance-id", FailureCode::kJoinIdRejected},
    {"Managed instance is not registered", FailureCode::kJoinIdRejected},

    {"Connection refused", FailureCode::kJoinHubUnreachable},
    {"actively refused", FailureCode::kJoinHubUnreachable},
    {"Timeout trying to connect to hub", FailureCode::kJoinTimeout, true},
    {"SSL connection could not be established", FailureCode::kJoinHubTls},
    {"RemoteCertificate", FailureCode::kJoinHubTls},
    {"certificate is invalid", FailureCode::kJoinHubTls},
    {"AuthenticationException", FailureCode::kJoinHubTls},
    {"No such host", FailureCode::kJoinHubUnreachable},
    {"Name or service not known", FailureCode::kJoinHubUnreachable},
    {"name resolution", FailureCode::kJoinHubUnreachable},
    {"nodename nor servname", FailureCode::kJoinHubUnreachable},
    {"network is unreachable", FailureCode::kJoinHubUnreachable},
    {"No route to host", FailureCode::kJoinHubUnreachable},
    {"host is unreachable", FailureCode::kJoinHubUnreachable},
    // The rest of the network errors includes answers that broke off.
    {"Network error:", FailureCode::kJoinHubUnreachable, true},

    {"Too Many Requests", FailureCode::kJoinRateLimited},
    {"rate limit", FailureCode::kJoinRateLimited},
    {"signature-required", FailureCode::kJoinHubRefused},
    {"X-Certify-Signature", FailureCode::kJoinHubRefused},
    {"X-Certify-Timestamp", FailureCode::kJoinHubRefused},
    {"request signature", FailureCode::kJoinHubRefused},
    {"must be signed", FailureCode::kJoinHubRefused},
    {"Access token unknown, expired or revoked", FailureCode::kJoinKeyRefused},
    {"Access token", FailureCode::kJoinKeyRefused},
    {"Not authorized to perform", FailureCode::kJoinKeyRefused},
    {"X-Client-ID or X-Client-Secret", FailureCode::kJoinKeyRefused},
    {"Check credentials", FailureCode::kJoinKeyRefused},
    {"Management Hub (Unauthorized)", FailureCode::kJoinKeyRefused},
    {"Management Hub. Unauthorized", FailureCode::kJoinKeyRefused},
    {"Internal Server Error", FailureCode::kJoinHubError},
    {"An error occurred while processing your request", FailureCode::kJoinHubError},
    {"Bad Gateway", FailureCode::kJoinHubError},
    {"Service Unavailable", FailureCode::kJoinHubError},
    {"Gateway Time", FailureCode::kJoinHubError},
    {"Management Hub. Check URL", FailureCode::kJoinHubError},
    {"Check URL.", FailureCode::kJoinHubError},
    {"Invalid URI", FailureCode::kJoinUnknownAnswer},
    {"Exception:", FailureCode::kJoinUnknownAnswer, true},
    {"Could not connect to Management Hub.", FailureCode::kJoinHubRefused},
};

}  // namespace

MessageMeaning ClassifyJoinMessage(absl::string_view message) {
  const std::string lower = absl::AsciiStrToLower(message);
  for (const Row& row : kRows) {
    if (absl::StrContains(lower, absl::AsciiStrToLower(row.part))) {
      return {row.code, row.hub_may_have_acted};
    }
  }
  return {FailureCode::kJoinUnknownAnswer, false};
}

}  // namespace muster::worker
