// What broke when a request got no answer.
//
//   kind         status code          meaning
//   kRefused     Unavailable          nothing accepts connections there, or no route leads there
//   kDns         Unavailable          the host name does not resolve
//   kTls         FailedPrecondition   handshake failed, or the server's certificate or key is not
//                                     trusted
//   kTimeout     DeadlineExceeded     connect_timeout or total_timeout is over
//   kReset       Unavailable          the connection ended before the whole answer was there
//   kTooLarge    ResourceExhausted    more than max_response_bytes
//   kMalformed   Unavailable          what answers does not speak HTTP, or redirects in circles
//   kCanceled    Cancelled            the client was stopped
//   kOther       Unknown              anything else
//   kForbidden   PermissionDenied     public_addresses_only, and no address there is public
#ifndef MUSTER_BASE_HTTP_TRANSPORT_ERROR_H_
#define MUSTER_BASE_HTTP_TRANSPORT_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::http {

enum class TransportError {
  kNone,
  kRefused,
  kDns,
  kTls,
  kTimeout,
  kReset,
  kTooLarge,
  kMalformed,
  kCanceled,
  kOther,
  kForbidden,
};

// The kind that travels with `status` (it survives muster::Annotate). kNone for OK, InvalidArgument
// and errors of other origin.
TransportError TransportErrorOf(const absl::Status& status);

// Whether the server may have seen, and acted upon, the request: false only when it is certain that
// no byte of it left. True for OK and for statuses that do not come from this library.
bool RequestMayHaveBeenSent(const absl::Status& status);

// A status of this kind with the code of the table above; also what fakes answer with.
absl::Status MakeTransportError(TransportError error, bool may_have_been_sent,
                                absl::string_view message);

// InvalidArgument for a request that was not sent because it cannot be.
absl::Status InvalidRequest(absl::string_view message);

// "refused", "timeout", …
absl::string_view TransportErrorName(TransportError error);

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_TRANSPORT_ERROR_H_
