// HTTP without a thread that waits: any number of requests at once, none of which holds up another.
// The real one is CurlMultiClient, the fake is tests/fakes/fake_http_client.h.
#ifndef MUSTER_BASE_HTTP_ASYNC_CLIENT_H_
#define MUSTER_BASE_HTTP_ASYNC_CLIENT_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/http/client.h"

namespace muster::http {

// Thread-safe.
class AsyncClient {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  virtual ~AsyncClient() = default;
  // Sends the request and calls `done` once, with what Client::Send would answer: on a thread of
  // the client's, which works on all requests, so that `done` and the sink must not block; or in
  // the caller for a request that cannot be sent. Does not block.
  virtual void Start(Request request, Done done) = 0;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_ASYNC_CLIENT_H_
