// One call under way, and the one answer to it.
//
//   adapter ─► Exchange{request, response, done} ─► handler ─► Responder ─► strand, pool ─► done
//
// The responder is moved along the way that the call takes; whoever drops it unanswered, because the
// process is stopping, answers Unavailable by that, so that no call stays open.
#ifndef MUSTER_ORCHESTRATOR_API_RESPONDER_H_
#define MUSTER_ORCHESTRATOR_API_RESPONDER_H_

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace muster::api {

using Message = google::protobuf::Message;

// Called once, on any thread; it must only hand the answer over. The response says something when
// the status is OK, and lives until it returns.
using Done = absl::AnyInvocable<void(const absl::Status& status, const Message& response)>;

// Lives until the call is answered and its handler has returned.
struct Exchange {
  std::unique_ptr<const Message> request;
  std::unique_ptr<Message> response;
  Done done;
  // Asked before a good answer leaves: an error of it is the answer then.
  std::function<absl::Status()> last_look = nullptr;
};

template <typename Response>
class Responder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Responder(Responder&& other) noexcept : exchange_(std::move(other.exchange_)) {}
  // The call table knows which message the response is.
  template <typename Other>
  explicit Responder(Responder<Other>&& other) : exchange_(std::move(other.exchange_)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (exchange_ != nullptr) {
      Finish(absl::UnavailableError("the orchestrator is stopping; try again"));
    }
  }

  Response& response() { return static_cast<Response&>(*exchange_->response); }
  // For an answer that its caller gets whatever has become of their rights meanwhile.
  void SkipLastLook() { exchange_->last_look = nullptr; }
  // The response must be complete; it is not touched afterwards.
  void Finish(const absl::Status& status) {
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    const bool good = status.ok() && exchange->last_look != nullptr;
    exchange->done(good ? exchange->last_look() : status, *exchange->response);
  }

 private:
  template <typename Other>
  friend class Responder;
  std::shared_ptr<Exchange> exchange_;  // Null: answered, or moved on.
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_RESPONDER_H_
