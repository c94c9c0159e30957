// muster.worker.v1.Session: adapts gRPC's callback reactors to Session, and renews certificates.
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "orchestrator/rpc/peer.h"
#include "orchestrator/rpc/reply.h"
#include "orchestrator/rpc/worker/certificate_issue.h"
#include "orchestrator/rpc/worker/session.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/status.h"

namespace muster::rpc {
namespace {

using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::RenewRequest;
using muster::worker::v1::RenewResponse;
using muster::worker::v1::WorkerMessage;
using BidiReactor = grpc::ServerBidiReactor<WorkerMessage, OrchestratorMessage>;

// Deletes itself in OnDone.
class SessionReactor final : public BidiReactor, public SessionStream {
 public:
  SessionReactor(grpc::CallbackServerContext& context, std::shared_ptr<Session> session)
      : context_(context), session_(std::move(session)) {
    session_->Begin(*this);
  }

  // SessionStream.
  void Read(WorkerMessage* into) override { StartRead(into); }
  void Write(const OrchestratorMessage* message) override { StartWrite(message); }
  void Finish(const absl::Status& status) override { BidiReactor::Finish(ToGrpcStatus(status)); }
  void Cancel() override { context_.TryCancel(); }

  // ServerBidiReactor.
  void OnReadDone(bool ok) override { session_->OnReadDone(ok); }
  void OnWriteDone(bool ok) override { session_->OnWriteDone(ok); }
  void OnCancel() override { session_->OnCancel(); }
  void OnDone() override {
    session_->OnDone();
    delete this;
  }

 private:
  grpc::CallbackServerContext& context_;  // Lives until OnDone.
  const std::shared_ptr<Session> session_;
};

class RefusedReactor final : public BidiReactor {
 public:
  explicit RefusedReactor(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

// A certificate may be renewed while it is in force and its server admitted. Blocks on the store.
absl::Status CheckRenewable(const store::Store& store, const PeerWorker& peer) {
  ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  ASSIGN_OR_RETURN(const auto certificate, snapshot->certificates().Find(peer.certificate_id));
  if (!certificate.has_value()) {
    return FailureStatus(FailureCode::kCertUnknown, "the certificate is not on record");
  }
  if (certificate->state != store::CertificateState::kActive) {
    return FailureStatus(
        FailureCode::kCertRevoked,
        absl::StrCat("the certificate is ", std::string(ToString(certificate->state))));
  }
  if (certificate->server_id != peer.identity.server_id ||
      certificate->zone_id != peer.identity.zone_id) {
    return FailureStatus(FailureCode::kCertForeign, "the certificate is of another server");
  }
  ASSIGN_OR_RETURN(const auto server, snapshot->servers().Find(peer.identity.server_id));
  if (!server.has_value() || server->admission != store::Admission::kAdmitted) {
    return FailureStatus(FailureCode::kDispatchNotAdmitted, "the server is not admitted");
  }
  return absl::OkStatus();
}

class SessionService final : public muster::worker::v1::Session::CallbackService {
 public:
  explicit SessionService(const WorkerServiceDependencies& d) : d_(d) {}

  BidiReactor* Connect(grpc::CallbackServerContext* context) override {
    auto peer = WorkerOf(*context);
    if (!peer.ok()) return new RefusedReactor(peer.status());
    return new SessionReactor(
        *context,
        std::make_shared<rpc::Session>(d_.sessions.NewId(), *std::move(peer),
                                       AddressOfPeer(context->peer()), d_.sessions, d_.events));
  }

  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const RenewRequest* request,
                                  RenewResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    Reply reply(reactor);
    auto peer = WorkerOf(*context);
    if (!peer.ok()) {
      reply.Finish(peer.status());
      return reactor;
    }
    d_.pool.Run([this, peer = *std::move(peer), request, response,
                 reply = std::move(reply)]() mutable {
      const absl::Status renewable = CheckRenewable(d_.store, peer);
      if (!renewable.ok()) return reply.Finish(renewable);
      const auto csr = crypto::CertificateRequest::FromPem(request->certificate_request_pem());
      if (!csr.ok()) {
        return reply.Finish(FailureStatus(FailureCode::kBootstrapBadCsr, csr.status().message()));
      }
      IssueAndRecord(d_.authority, d_.admission, d_.clock,
                     {.server_id = peer.identity.server_id,
                      .zone_id = peer.identity.zone_id,
                      .key = csr->public_key()},
                     [this, response, reply = std::move(reply)](
                         absl::StatusOr<std::string> certificate_pem) mutable {
                       if (!certificate_pem.ok()) return reply.Finish(certificate_pem.status());
                       response->set_certificate_pem(*certificate_pem);
                       response->set_ca_bundle_pem(d_.authority.bundle_pem());
                       reply.Finish(absl::OkStatus());
                     });
    });
    return reactor;
  }

 private:
  const WorkerServiceDependencies d_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSessionService(const WorkerServiceDependencies& dependencies) {
  return std::make_unique<SessionService>(dependencies);
}

}  // namespace muster::rpc
