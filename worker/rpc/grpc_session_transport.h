// The session's stream and the renewal call over gRPC with mutual TLS. Each Connect dials anew, on
// a TCP connection of its own, with the identity of that moment.
#ifndef MUSTER_WORKER_RPC_GRPC_SESSION_TRANSPORT_H_
#define MUSTER_WORKER_RPC_GRPC_SESSION_TRANSPORT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/mutex.h"
#include "worker/identity/identity.h"
#include "worker/identity/renewer.h"
#include "worker/session/session_transport.h"

namespace muster::worker {

class GrpcSessionTransport final : public SessionTransport, public RenewalClient {
 public:
  // `address` is "host:port" of the session listener.
  GrpcSessionTransport(std::string address, Identity identity);
  // Cancels what is open and waits until gRPC has let go of it: events come until then, none after.
  // Not from an event.
  ~GrpcSessionTransport() override;

  std::unique_ptr<SessionStream> Connect(StreamEvents events) override;
  void Renew(const v1::RenewRequest& request,
             absl::AnyInvocable<void(absl::StatusOr<v1::RenewResponse>)> done) override;
  // After a connection that failed without a word: a look whether the dates of the certificates, or
  // another authority at the address, explain it. It blocks for up to 9 s, and may outlive this.
  absl::AnyInvocable<std::optional<Failure>()> LookAtPeer(absl::Time now);
  // For connections made from now on; the address only when one is given.
  void SetIdentity(Identity identity, const std::string& address = "");

  class Calls;  // Counts the calls in flight.

 private:
  struct Channel;
  std::unique_ptr<Channel> MakeChannel();

  const std::shared_ptr<Calls> calls_;
  Mutex mu_;
  std::string address_ ABSL_GUARDED_BY(mu_);
  Identity identity_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_RPC_GRPC_SESSION_TRANSPORT_H_
