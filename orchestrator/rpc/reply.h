// The one answer to a unary call. It is moved along the way that the call takes (reactor, blocking
// pool, control strand, pool); whoever drops it unanswered because the process is stopping answers
// Unavailable by that, so that no call stays open. Included by sources only.
#ifndef MUSTER_ORCHESTRATOR_RPC_REPLY_H_
#define MUSTER_ORCHESTRATOR_RPC_REPLY_H_

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/status.h"
#include "proto/rpc/status.h"

namespace muster::rpc {

class Reply {
 public:
  explicit Reply(grpc::ServerUnaryReactor* reactor) : reactor_(reactor) {}
  Reply(Reply&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (reactor_ != nullptr) {
      Finish(absl::UnavailableError("the orchestrator is stopping; try again"));
    }
  }

  // The response message must be complete; request and response are not touched afterwards.
  void Finish(const absl::Status& status) {
    std::exchange(reactor_, nullptr)->Finish(ToGrpcStatus(status));
  }

 private:
  grpc::ServerUnaryReactor* reactor_;  // Null: answered, or moved on.
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_REPLY_H_
