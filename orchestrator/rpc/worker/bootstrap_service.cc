// muster.worker.v1.Bootstrap: what a machine says over gRPC is brought into form, and the desk
// answers. The token itself goes no further than here.
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "muster/worker/v1/bootstrap.grpc.pb.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/reply.h"
#include "orchestrator/rpc/worker/address_limiter.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"
#include "orchestrator/rpc/worker/refusal_log.h"
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
  BootstrapService(BootstrapDesk& desk, Executor& pool, const Clock& clock, double calls_per_minute)
      : desk_(desk),
        pool_(pool),
        clock_(clock),
        limiter_(calls_per_minute, std::max(1.0, calls_per_minute / 4)),
        refusals_(clock) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const EnrollRequest* request,
                                   EnrollResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    Reply reply(reactor);
    std::string address = AddressOfPeer(context->peer());
    // The desk has the same rate; here it saves the work before that.
    if (!limiter_.Allow(address, clock_.Now())) {
      Refuse(reply, "", address,
             FailureStatus(FailureCode::kBootstrapRateLimited,
                           absl::StrCat("too many calls from ", address)));
      return reactor;
    }
    pool_.Run([this, request, response, address = std::move(address),
               reply = std::move(reply)]() mutable {
      Check(*request, response, std::move(address), std::move(reply));
    });
    return reactor;
  }

 private:
  void Refuse(Reply& reply, const std::string& name, const std::string& address,
              const absl::Status& why) {
    // Before the answer: with it the request goes, and the name with it.
    refusals_.Say(name, address, why);
    reply.Finish(why);
  }

  // On the pool.
  void Check(const EnrollRequest& request, EnrollResponse* response, std::string address,
             Reply reply) {
    const std::string& name =
        request.server_name().empty() ? request.machine().machine_name() : request.server_name();
    const auto refuse = [&](FailureCode code, absl::string_view why) {
      Refuse(reply, name, address, FailureStatus(code, why));
    };
    if (request.token().empty() || request.token().size() > kMaxTokenBytes) {
      return refuse(FailureCode::kTokenMalformed, "the token is empty or too long");
    }
    if (name.empty() || name.size() > kMaxNameBytes) {
      return refuse(FailureCode::kRequestInvalid,
                    "the server's name is empty or longer than 255 bytes");
    }
    const auto csr = crypto::CertificateRequest::FromPem(request.certificate_request_pem());
    if (!csr.ok()) return refuse(FailureCode::kBootstrapBadCsr, csr.status().message());
    desk_.Ask({.token_hash = identity::HashBootstrapSecret(request.token()),
               .server_name = name,
               .address = std::move(address),
               .certificate_request_pem = request.certificate_request_pem(),
               .machine = FromProto(request.machine()),
               .checked_key = csr->public_key()},
              [response, reply = std::move(reply)](absl::StatusOr<EnrollResponse> answer) mutable {
                if (answer.ok()) *response = *std::move(answer);
                reply.Finish(answer.status());
              });
  }

  BootstrapDesk& desk_;
  Executor& pool_;
  const Clock& clock_;
  AddressLimiter limiter_;
  RefusalLog refusals_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBootstrapService(BootstrapDesk& desk, Executor& pool,
                                                    const Clock& clock, double calls_per_minute) {
  return std::make_unique<BootstrapService>(desk, pool, clock, calls_per_minute);
}

}  // namespace muster::rpc
