// What a session needs of the network: one stream at a time to the orchestrator. The real one is
// GrpcSessionTransport (worker/rpc); tests and the simulation have their own, so that the session's
// rules are tried on virtual time without sockets.
#ifndef MUSTER_WORKER_SESSION_SESSION_TRANSPORT_H_
#define MUSTER_WORKER_SESSION_SESSION_TRANSPORT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/worker/v1/session.pb.h"

namespace muster::worker {

// What a stream tells its owner; called from any thread, one call at a time, in order. on_closed is
// the last call and comes exactly once, also when the connection never came about. Unavailable is
// an orderly end or a lost connection; the message may hold an E-… code.
struct StreamEvents {
  absl::AnyInvocable<void(v1::OrchestratorMessage)> on_message;
  absl::AnyInvocable<void(absl::Status)> on_closed;
};

// One stream. Destruction cancels it; events may still come.
class SessionStream {
 public:
  virtual ~SessionStream() = default;
  // Queues the message; may be called before the connection stands. After the end it is dropped.
  virtual void Send(v1::WorkerMessage message) = 0;
  // Ends the stream; on_closed follows.
  virtual void Close() = 0;
};

// Thread-safe.
class SessionTransport {
 public:
  virtual ~SessionTransport() = default;
  // Begins to dial; does not block.
  virtual std::unique_ptr<SessionStream> Connect(StreamEvents events) = 0;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_SESSION_TRANSPORT_H_
