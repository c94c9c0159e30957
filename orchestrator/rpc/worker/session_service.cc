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
#include "orchestrator/rpc/worker/address_limiter.h"
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

// A worker tries again after minutes at the earliest.
constexpr double kRenewalsPerMinute = 6;

class SessionService final : public muster::worker::v1::Session::CallbackService {
 public:
  explicit SessionService(const WorkerServiceDependencies& d)
      : d_(d), renewals_(kRenewalsPerMinute, kRenewalsPerMinute) {}

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
    // Whoever asks without end costs no more than this.
    if (!renewals_.Allow(peer->identity.server_id.value(), d_.clock.Now())) {
      reply.Finish(FailureStatus(FailureCode::kCertNotDue,
                                 absl::StrCat("it was asked for more than ", kRenewalsPerMinute,
                                              " times within a minute")));
      return reactor;
    }
    d_.pool.Run([this, peer = *std::move(peer), request, response,
                 reply = std::move(reply)]() mutable {
      auto csr = crypto::CertificateRequest::FromPem(request->certificate_request_pem());
      if (!csr.ok()) {
        return reply.Finish(FailureStatus(FailureCode::kBootstrapBadCsr, csr.status().message()));
      }
      core::RenewalRequest asked{.certificate_id = peer.certificate_id,
                                 .server_id = peer.identity.server_id,
                                 .zone_id = peer.identity.zone_id,
                                 .public_key_hash = csr->public_key().Fingerprint()};
      CertificateOrder order{.server_id = peer.identity.server_id,
                             .zone_id = peer.identity.zone_id,
                             .key = csr->public_key()};
      d_.admission.Call(
          &core::AdmissionOperations::Renew,
          [this, order = std::move(order), response,
           reply = std::move(reply)](absl::StatusOr<core::RenewalGrant> grant) mutable {
            if (!grant.ok()) return reply.Finish(grant.status());
            if (!grant->certificate_pem.empty()) {
              return Answer(std::move(grant->certificate_pem), *response, reply);
            }
            d_.pool.Run(
                [this, order = std::move(order), response, reply = std::move(reply)]() mutable {
                  Issue(order, *response, std::move(reply));
                });
          },
          std::move(asked));
    });
    return reactor;
  }

 private:
  // On the pool.
  void Issue(const CertificateOrder& order, RenewResponse& response, Reply reply) {
    IssueAndRecord(d_.authority, d_.admission, d_.clock, order,
                   [this, &response,
                    reply = std::move(reply)](absl::StatusOr<std::string> certificate_pem) mutable {
                     if (!certificate_pem.ok()) return reply.Finish(certificate_pem.status());
                     Answer(*std::move(certificate_pem), response, reply);
                   });
  }
  void Answer(std::string certificate_pem, RenewResponse& response, Reply& reply) const {
    response.set_certificate_pem(std::move(certificate_pem));
    response.set_ca_bundle_pem(d_.authority.bundle_pem());
    reply.Finish(absl::OkStatus());
  }

  const WorkerServiceDependencies d_;
  AddressLimiter renewals_;  // By server.
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSessionService(const WorkerServiceDependencies& dependencies) {
  return std::make_unique<SessionService>(dependencies);
}

}  // namespace muster::rpc
