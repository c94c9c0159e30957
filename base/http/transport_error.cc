#include "base/http/transport_error.h"

#include "absl/strings/cord.h"

namespace muster::http {
namespace {

constexpr char kKindUrl[] = "muster.http/transport_error";
constexpr char kSentUrl[] = "muster.http/may_have_been_sent";

struct KindRow {
  TransportError error;
  const char* name;
  absl::StatusCode code;
};

constexpr KindRow kKinds[] = {
    {TransportError::kRefused, "refused", absl::StatusCode::kUnavailable},
    {TransportError::kDns, "dns", absl::StatusCode::kUnavailable},
    {TransportError::kTls, "tls", absl::StatusCode::kFailedPrecondition},
    {TransportError::kTimeout, "timeout", absl::StatusCode::kDeadlineExceeded},
    {TransportError::kReset, "reset", absl::StatusCode::kUnavailable},
    {TransportError::kTooLarge, "too_large", absl::StatusCode::kResourceExhausted},
    {TransportError::kMalformed, "malformed", absl::StatusCode::kUnavailable},
    {TransportError::kCanceled, "canceled", absl::StatusCode::kCancelled},
    {TransportError::kOther, "other", absl::StatusCode::kUnknown},
    {TransportError::kForbidden, "forbidden", absl::StatusCode::kPermissionDenied},
};

}  // namespace

TransportError TransportErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kKindUrl);
  if (!payload.has_value()) return TransportError::kNone;
  for (const KindRow& row : kKinds) {
    if (*payload == row.name) return row.error;
  }
  return TransportError::kOther;
}

bool RequestMayHaveBeenSent(const absl::Status& status) {
  const auto payload = status.GetPayload(kSentUrl);
  return !payload.has_value() || *payload != "no";
}

absl::Status MakeTransportError(TransportError error, bool may_have_been_sent,
                                absl::string_view message) {
  for (const KindRow& row : kKinds) {
    if (row.error != error) continue;
    absl::Status status(row.code, message);
    status.SetPayload(kKindUrl, absl::Cord(row.name));
    status.SetPayload(kSentUrl, absl::Cord(may_have_been_sent ? "yes" : "no"));
    return status;
  }
  return absl::OkStatus();
}

absl::Status InvalidRequest(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kSentUrl, absl::Cord("no"));
  return status;
}

absl::string_view TransportErrorName(TransportError error) {
  for (const KindRow& row : kKinds) {
    if (row.error == error) return row.name;
  }
  return "none";
}

}  // namespace muster::http
