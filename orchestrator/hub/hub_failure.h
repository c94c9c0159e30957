// How a hub fails, told by what came back. Pure functions.
//
//   seen                                        code
//   refused, no DNS, no connection in time      E-HUB-UNREACHABLE
//   TLS handshake or trust                      E-HUB-TLS
//   connection broken before the whole answer   E-HUB-ERROR
//   401, 403, 200 or 204 with null              E-HUB-AUTH
//   429                                         E-HUB-RATE-LIMITED, with the time to come again
//   5xx                                         E-HUB-ERROR, with that time where Retry-After says it
//   3xx, other 4xx, HTML, half a JSON, no HTTP  E-HUB-BAD-ANSWER
//   connected, but stalled or not done in time  E-HUB-LIMIT, with the limit
//   larger than a limit
#ifndef MUSTER_ORCHESTRATOR_HUB_HUB_FAILURE_H_
#define MUSTER_ORCHESTRATOR_HUB_HUB_FAILURE_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/http/client.h"
#include "orchestrator/hub/foreign_text.h"

namespace muster::hub {

struct HubFailure {
  Failure failure;  // The detail says what was seen, without secrets.
  // How long the hub wants to be left alone; the reader answers from memory until then.
  std::optional<absl::Duration> retry_after;
};

// A request without an answer: `status` is http::Client's.
HubFailure FailureOfTransport(const absl::Status& status, const Scrubber& scrubber);
// An answer other than 200 to `request_line` ("GET https://hub/internal/v1/hub/instances").
HubFailure FailureOfAnswer(absl::string_view request_line, const http::Response& response,
                           const Scrubber& scrubber);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HUB_FAILURE_H_
