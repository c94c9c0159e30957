// Renews the worker's certificate from two thirds of its life on, for the key that it has.
#ifndef MUSTER_WORKER_IDENTITY_RENEWER_H_
#define MUSTER_WORKER_IDENTITY_RENEWER_H_

#include <functional>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/strand.h"
#include "base/timers.h"
#include "muster/worker/v1/session.pb.h"
#include "worker/identity/identity.h"

namespace muster::worker {

// The renewal call. The real one is GrpcSessionTransport.
class RenewalClient {
 public:
  virtual ~RenewalClient() = default;
  // Does not block; `done` is called once, on any thread.
  virtual void Renew(const v1::RenewRequest& request,
                     absl::AnyInvocable<void(absl::StatusOr<v1::RenewResponse>)> done) = 0;
};

// Lives on the strand between Start and Stop. A refused or failed renewal is tried again, with
// back-off up to six hours: ten days are left at the first try.
class Renewer final : public std::enable_shared_from_this<Renewer> {
 public:
  struct Parts {
    RenewalClient& client;
    Strand& strand;
    Timers& timers;
    const Clock& clock;
    Random& random;
  };
  // `store` persists the new certificate (an error counts as a failed renewal); then `renewed` is
  // called with the new identity. Both run on the strand.
  using Store = std::function<absl::Status(const Identity&)>;
  using Renewed = std::function<void(const Identity&)>;
  static std::shared_ptr<Renewer> Create(const Parts& parts, Identity identity, Store store,
                                         Renewed renewed);

  void Start();  // Thread-safe, as Stop.
  // Another identity than before: of an enrollment. Thread-safe.
  void Replace(Identity identity);
  void Stop();

 private:
  Renewer(const Parts& parts, Identity identity, Store store, Renewed renewed);
  void Arm(absl::Time when);
  void Ask();
  void OnAnswer(absl::StatusOr<v1::RenewResponse> response);
  absl::Status Accept(const v1::RenewResponse& response);

  const Parts parts_;
  Identity identity_;
  const Store store_;
  const Renewed renewed_;
  Backoff backoff_;
  TimerId timer_ = 0;
  bool stopped_ = false;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_RENEWER_H_
