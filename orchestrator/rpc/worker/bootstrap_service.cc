// muster.worker.v1.Bootstrap: a bootstrap token and a certificate request for a certificate.
//
//   reactor: rate limit ─► pool: check the request's own signature ─► core: is the token good?
//        ─► pool: sign ─► core: put on record ─► answer
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "base/redact.h"
#include "muster/worker/v1/bootstrap.grpc.pb.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/reply.h"
#include "orchestrator/rpc/worker/address_limiter.h"
#include "orchestrator/rpc/worker/certificate_issue.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/channel.h"

namespace muster::rpc {
namespace {

using muster::worker::v1::EnrollRequest;
using muster::worker::v1::EnrollResponse;

constexpr size_t kMaxTokenBytes = 256;
constexpr size_t kMaxNameBytes = 255;

class BootstrapService final : public muster::worker::v1::Bootstrap::CallbackService {
 public:
  BootstrapService(const WorkerServiceDependencies& d, BootstrapOptions options)
      : d_(d),
        options_(std::move(options)),
        limiter_(options_.calls_per_minute, std::max(1.0, options_.calls_per_minute / 4)) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const EnrollRequest* request,
                                   EnrollResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    Reply reply(reactor);
    std::string address = AddressOfPeer(context->peer());
    if (!limiter_.Allow(address, d_.clock.Now())) {
      const absl::Status refused = FailureStatus(FailureCode::kBootstrapRateLimited,
                                                 absl::StrCat("too many calls from ", address));
      LogRefusal(request->server_name(), address, refused);
      reply.Finish(refused);
      return reactor;
    }
    d_.pool.Run([this, request, response, address = std::move(address),
                 reply = std::move(reply)]() mutable {
      Check(*request, response, std::move(address), std::move(reply));
    });
    return reactor;
  }

 private:
  // Anybody may call here as often as he likes: a flood is a few lines a minute and a number.
  void LogRefusal(const std::string& name, const std::string& address, const absl::Status& why) {
    const auto untold = refusals_.Admit(d_.clock.Steady());
    if (!untold.has_value()) return;
    log::Warning("bootstrap refused", {{"name", CleanLine(name)},
                                       {"address", address},
                                       {"reason", CleanLine(why.message(), kMaxForeignText)},
                                       {"not_told_before", *untold}});
  }

  // On the pool.
  void Check(const EnrollRequest& request, EnrollResponse* response, std::string address,
             Reply reply) {
    if (request.token().empty() || request.token().size() > kMaxTokenBytes) {
      return reply.Finish(
          FailureStatus(FailureCode::kTokenMalformed, "the token is empty or too long"));
    }
    const std::string& name =
        request.server_name().empty() ? request.machine().machine_name() : request.server_name();
    if (name.empty() || name.size() > kMaxNameBytes) {
      return reply.Finish(FailureStatus(FailureCode::kRequestInvalid,
                                        "the server's name is empty or longer than 255 bytes"));
    }
    auto csr = crypto::CertificateRequest::FromPem(request.certificate_request_pem());
    if (!csr.ok()) {
      return reply.Finish(FailureStatus(FailureCode::kBootstrapBadCsr, csr.status().message()));
    }
    core::BootstrapRequest asked{.secret_hash = identity::HashBootstrapSecret(request.token()),
                                 .server_name = name,
                                 .address = address,
                                 .public_key_hash = csr->public_key().Fingerprint(),
                                 .machine = FromProto(request.machine())};
    d_.admission.Call(
        &core::AdmissionOperations::Bootstrap,
        [this, name, address = std::move(address), key = csr->public_key(), response,
         reply = std::move(reply)](absl::StatusOr<core::BootstrapGrant> grant) mutable {
          if (!grant.ok()) {
            LogRefusal(name, address, grant.status());
            return reply.Finish(grant.status());
          }
          d_.pool.Run([this, grant = *std::move(grant), key = std::move(key), response,
                       reply = std::move(reply)]() mutable {
            Issue(std::move(grant), std::move(key), response, std::move(reply));
          });
        },
        std::move(asked));
  }

  // On the pool.
  void Issue(core::BootstrapGrant grant, crypto::PublicKey key, EnrollResponse* response,
             Reply reply) {
    const CertificateOrder order{.server_id = grant.server_id,
                                 .zone_id = grant.zone.id,
                                 .token_id = grant.token_id,
                                 .key = std::move(key)};
    IssueAndRecord(d_.authority, d_.admission, d_.clock, order,
                   [this, grant = std::move(grant), response,
                    reply = std::move(reply)](absl::StatusOr<std::string> certificate_pem) mutable {
                     if (!certificate_pem.ok()) return reply.Finish(certificate_pem.status());
                     response->set_server_id(grant.server_id.value());
                     response->set_certificate_pem(*certificate_pem);
                     response->set_ca_bundle_pem(d_.authority.bundle_pem());
                     *response->mutable_zone_pin() = d_.sessions.pins().Signed(
                         {grant.zone.id, grant.zone.hub_url, grant.zone.allow_cli_join,
                          grant.zone.pin_version});
                     response->set_session_address(options_.session_address);
                     response->set_admitted(grant.admitted);
                     reply.Finish(absl::OkStatus());
                   });
  }

  const WorkerServiceDependencies d_;
  const BootstrapOptions options_;
  AddressLimiter limiter_;
  log::Throttle refusals_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBootstrapService(const WorkerServiceDependencies& dependencies,
                                                    BootstrapOptions options) {
  return std::make_unique<BootstrapService>(dependencies, std::move(options));
}

}  // namespace muster::rpc
