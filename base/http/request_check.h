// What every Client refuses to send, whatever carries it.
#ifndef MUSTER_BASE_HTTP_REQUEST_CHECK_H_
#define MUSTER_BASE_HTTP_REQUEST_CHECK_H_

#include "absl/status/status.h"
#include "base/http/client.h"

namespace muster::http {

// InvalidArgument for a method or header that could smuggle lines. Pure.
absl::Status CheckRequest(const Request& request);

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_REQUEST_CHECK_H_
