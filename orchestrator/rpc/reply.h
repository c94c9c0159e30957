// The one answer to a unary call. It is moved along the way that the call takes (reactor, blocking
// pool, control strand, pool); whoever drops it unanswered because the process is stopping answers
// Unavailable by that, so that no call stays open. Included by sources only.
#ifndef MUSTER_ORCHESTRATOR_RPC_REPLY_H_
#define MUSTER_ORCHESTRATOR_RPC_REPLY_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "proto/rpc/status.h"

namespace muster::rpc {

class Reply {
 public:
  explicit Reply(grpc::ServerUnaryReactor* reactor) : reactor_(reactor) {}
  Reply(Reply&& other) noexcept
      : reactor_(std::exchange(other.reactor_, nullptr)), last_look_(std::move(other.last_look_)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (reactor_ != nullptr) {
      Finish(absl::UnavailableError("the orchestrator is stopping; try again"));
    }
  }

  // Asked before a good answer leaves: an error of it is the answer then.
  void SetLastLook(std::function<absl::Status()> look) { last_look_ = std::move(look); }

  // The response message must be complete; request and response are not touched afterwards.
  void Finish(const absl::Status& status) {
    const absl::Status answer = status.ok() && last_look_ ? last_look_() : status;
    std::exchange(reactor_, nullptr)->Finish(ToGrpcStatus(answer));
  }

 private:
  grpc::ServerUnaryReactor* reactor_;  // Null: answered, or moved on.
  std::function<absl::Status()> last_look_;
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_REPLY_H_
