// The way of every admin call, once. Included by sources only.
//
//   reactor ─► pool: snapshot ─► who calls? ─► role of the method (proto option) ─► handler
//                                    │ refused                                        │
//                                    ▼                                                │
//                       answered, with an audit event                                 │
//                                     read: fills the response                  ◄─────┤
//                                     write: core::Operations, on the strand    ◄─────┘
//
// A handler that needs the store after a write goes back to the pool with AnswerOnPool.
#ifndef MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_CALL_H_
#define MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_CALL_H_

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "orchestrator/rpc/admin/admin_services.h"
#include "orchestrator/rpc/peer.h"
#include "orchestrator/rpc/reply.h"

namespace muster::rpc {

// What a call is authorized by; made on the reactor's thread.
struct CallerClaim {
  std::string path;             // "/muster.admin.v1.TenantService/ListTenants"
  std::string certificate_pem;  // "" on the local socket.
};

// The base of the admin services.
class AdminCalls {
 public:
  AdminCalls(Door door, const AdminDependencies& dependencies, const char* service)
      : d_(dependencies), door_(door), service_(service) {}

 protected:
  using Snapshot = std::unique_ptr<store::Snapshot>;

  // `handler(caller, snapshot)` → absl::Status, on the pool: a read.
  template <typename Handler>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const char* method,
                                 Handler handler) {
    return Run(context, method,
               [handler = std::move(handler)](const Caller& caller, Snapshot snapshot,
                                              Reply reply) mutable {
                 reply.Finish(handler(caller, *snapshot));
               });
  }

  // As Read, beside the reports that may take the whole pool for long.
  template <typename Handler>
  grpc::ServerUnaryReactor* ReadStatus(grpc::CallbackServerContext* context, const char* method,
                                       Handler handler) {
    return RunOn(d_.status_pool, context, method,
                 [handler = std::move(handler)](const Caller& caller, Snapshot snapshot,
                                                Reply reply) mutable {
                   reply.Finish(handler(caller, *snapshot));
                 });
  }

  // `handler(caller, snapshot, reply)`, on the pool: a write. The snapshot is for checks; the
  // handler drops it before it waits for the core.
  template <typename Handler>
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, const char* method,
                                Handler handler) {
    return RunOn(d_.pool, context, method, std::move(handler));
  }

  template <typename Handler>
  grpc::ServerUnaryReactor* RunOn(Executor& pool, grpc::CallbackServerContext* context,
                                  const char* method, Handler handler) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    pool.Run([this, claim = ClaimOf(*context, method), handler = std::move(handler),
              reply = Reply(reactor)]() mutable {
      auto snapshot = d_.store.Read();
      if (!snapshot.ok()) return reply.Finish(snapshot.status());
      auto caller = Authorize(claim, **snapshot);
      if (!caller.ok()) return reply.Finish(caller.status());
      reply.SetLastLook([&revocations = d_.revocations, actor = caller->actor.name] {
        return revocations.Check(actor);
      });
      handler(*caller, *std::move(snapshot), std::move(reply));
    });
    return reactor;
  }

  // From the strand, after a write: `fill(snapshot)` → absl::Status on the pool, then the answer.
  template <typename Fill>
  void AnswerOnPool(Reply reply, Fill fill) {
    d_.pool.Run([this, reply = std::move(reply), fill = std::move(fill)]() mutable {
      const auto snapshot = d_.store.Read();
      reply.Finish(snapshot.ok() ? fill(**snapshot) : snapshot.status());
    });
  }

  CallerClaim ClaimOf(const grpc::ServerContextBase& context, const char* method) const {
    return {absl::StrCat("/", service_, "/", method),
            door_ == Door::kMutualTls ? CertificatePemOf(context) : ""};
  }
  absl::StatusOr<Caller> Authorize(const CallerClaim& claim, const store::Snapshot& snapshot) const;
  // A refusal of somebody known is an audit event; it is written when its turn comes.
  void NoteRefusal(const std::string& actor, const std::string& path) const;

  const AdminDependencies d_;

 private:
  const Door door_;
  const char* const service_;
};

std::unique_ptr<grpc::Service> MakeTenantService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeZoneService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeServerService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeTokenService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeRolloutService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeVerificationService(Door door,
                                                       const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeSystemService(Door door, const AdminDependencies& dependencies);
std::unique_ptr<grpc::Service> MakeOperatorService(Door door,
                                                   const AdminDependencies& dependencies);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_CALL_H_
