// One file because each service is a few lines that answer out of the one FakeAdmin.
#include "tests/orchestrator/cli/fake_admin_server.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "muster/admin/v1/evidence.grpc.pb.h"
#include "muster/admin/v1/finding.grpc.pb.h"
#include "muster/admin/v1/hub.grpc.pb.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "muster/admin/v1/notification.grpc.pb.h"
#include "muster/admin/v1/operator.grpc.pb.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "muster/admin/v1/token.grpc.pb.h"
#include "muster/admin/v1/verification.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"

namespace muster::cli {
namespace {

namespace v1 = admin::v1;
using grpc::ServerContext;
using grpc::Status;

// Notes the call and answers it, or fails as the lever says.
template <typename Response>
Status Answer(FakeAdmin& admin, const char* method, const Response& answer, Response* response) {
  admin.calls.emplace_back(method);
  const auto failure = admin.failures.find(method);
  if (failure != admin.failures.end()) return rpc::ToGrpcStatus(failure->second);
  *response = answer;
  return Status::OK;
}

class Tenants final : public v1::TenantService::Service {
 public:
  explicit Tenants(FakeAdmin& admin) : admin_(admin) {}
  Status ListTenants(ServerContext*, const v1::ListTenantsRequest*,
                     v1::ListTenantsResponse* response) override {
    return Answer(admin_, "ListTenants", admin_.tenants, response);
  }

 private:
  FakeAdmin& admin_;
};

class Zones final : public v1::ZoneService::Service {
 public:
  explicit Zones(FakeAdmin& admin) : admin_(admin) {}
  Status ListZones(ServerContext*, const v1::ListZonesRequest*,
                   v1::ListZonesResponse* response) override {
    return Answer(admin_, "ListZones", admin_.zones, response);
  }
  Status SetJoiningKey(ServerContext*, const v1::SetJoiningKeyRequest* request,
                       v1::SetJoiningKeyResponse* response) override {
    admin_.key_request = *request;
    v1::SetJoiningKeyResponse answer;
    answer.mutable_zone()->set_zone_id(request->zone_id());
    return Answer(admin_, "SetJoiningKey", answer, response);
  }
  Status RemoveJoiningKey(ServerContext*, const v1::RemoveJoiningKeyRequest* request,
                          v1::RemoveJoiningKeyResponse* response) override {
    v1::RemoveJoiningKeyResponse answer;
    answer.mutable_zone()->set_zone_id(request->zone_id());
    return Answer(admin_, "RemoveJoiningKey", answer, response);
  }
  Status ApplyFleet(ServerContext*, const v1::ApplyFleetRequest* request,
                    v1::ApplyFleetResponse* response) override {
    admin_.apply_request = *request;
    return Answer(admin_, "ApplyFleet", admin_.apply, response);
  }

 private:
  FakeAdmin& admin_;
};

class Servers final : public v1::ServerService::Service {
 public:
  explicit Servers(FakeAdmin& admin) : admin_(admin) {}
  Status ListServers(ServerContext*, const v1::ListServersRequest* request,
                     v1::ListServersResponse* response) override {
    admin_.list_request = *request;
    v1::ListServersResponse page;
    size_t at = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    const size_t size = std::min(admin_.page_size, static_cast<size_t>(request->page_size()));
    for (; at < admin_.servers.size() && static_cast<size_t>(page.servers_size()) < size; ++at) {
      *page.add_servers() = admin_.servers[at];
    }
    if (at < admin_.servers.size()) page.set_next_page_token(std::to_string(at));
    return Answer(admin_, "ListServers", page, response);
  }
  Status GetServer(ServerContext*, const v1::GetServerRequest* request,
                   v1::Server* response) override {
    return AnswerServer("GetServer", request->server(), response);
  }
  Status ExplainServer(ServerContext*, const v1::GetServerRequest* request,
                       v1::ExplainServerResponse* response) override {
    v1::Server server;
    const Status status = AnswerServer("ExplainServer", request->server(), &server);
    if (status.ok()) *response = admin_.explain;
    return status;
  }
  Status ImportServers(ServerContext*, const v1::ImportServersRequest* request,
                       v1::ImportServersResponse* response) override {
    admin_.import_request = *request;
    return Answer(admin_, "ImportServers", admin_.import, response);
  }
  Status EvictServer(ServerContext*, const v1::EvictServerRequest* request,
                     v1::Server* response) override {
    admin_.evict_request = *request;
    return AnswerServer("EvictServer", request->server(), response);
  }
  Status ChangeServer(ServerContext*, const v1::ChangeServerRequest* request,
                      v1::Server* response) override {
    admin_.change_request = *request;
    return AnswerServer("ChangeServer", request->server(), response);
  }
  Status AdmitServer(ServerContext*, const v1::AdmitServerRequest* request,
                     v1::Server* response) override {
    admin_.admit_requests.push_back(*request);
    return AnswerServer("AdmitServer", request->server(), response);
  }
  Status SettleServer(ServerContext*, const v1::SettleServerRequest* request,
                      v1::Server* response) override {
    admin_.settle_request = *request;
    return AnswerServer("SettleServer", request->server(), response);
  }
  Status CureClone(ServerContext*, const v1::CureCloneRequest* request,
                   v1::Server* response) override {
    admin_.cure_request = *request;
    return AnswerServer("CureClone", request->server(), response);
  }
  Status ReleaseServerRecord(ServerContext*, const v1::ReleaseServerRecordRequest* request,
                             v1::Server* response) override {
    admin_.release_request = *request;
    return AnswerServer("ReleaseServerRecord", request->server(), response);
  }

 private:
  // The server of that id, else the first one.
  Status AnswerServer(const char* method, const std::string& server, v1::Server* response) {
    admin_.servers_asked.push_back(server);
    const auto refused = admin_.refused_servers.find(server);
    if (refused != admin_.refused_servers.end()) return rpc::ToGrpcStatus(refused->second);
    v1::Server answer = admin_.servers.empty() ? v1::Server() : admin_.servers[0];
    for (const v1::Server& known : admin_.servers) {
      if (known.server_id() == server) answer = known;
    }
    return Answer(admin_, method, answer, response);
  }

  FakeAdmin& admin_;
};

class Tokens final : public v1::TokenService::Service {
 public:
  explicit Tokens(FakeAdmin& admin) : admin_(admin) {}
  Status CreateToken(ServerContext*, const v1::CreateTokenRequest* request,
                     v1::CreateTokenResponse* response) override {
    admin_.token_request = *request;
    return Answer(admin_, "CreateToken", admin_.token, response);
  }
  Status ListTokens(ServerContext*, const v1::ListTokensRequest*,
                    v1::ListTokensResponse* response) override {
    return Answer(admin_, "ListTokens", admin_.tokens, response);
  }
  Status LockToken(ServerContext*, const v1::LockTokenRequest* request,
                   v1::Token* response) override {
    v1::Token token;
    token.set_token_id(request->token_id());
    token.set_state(v1::TOKEN_STATE_LOCKED);
    return Answer(admin_, "LockToken", token, response);
  }
  Status UnlockToken(ServerContext*, const v1::UnlockTokenRequest* request,
                     v1::Token* response) override {
    v1::Token token;
    token.set_token_id(request->token_id());
    token.set_state(v1::TOKEN_STATE_ACTIVE);
    return Answer(admin_, "UnlockToken", token, response);
  }
  Status RevokeToken(ServerContext*, const v1::RevokeTokenRequest* request,
                     v1::Token* response) override {
    v1::Token token;
    token.set_token_id(request->token_id());
    return Answer(admin_, "RevokeToken", token, response);
  }

 private:
  FakeAdmin& admin_;
};

class Rollouts final : public v1::RolloutService::Service {
 public:
  explicit Rollouts(FakeAdmin& admin) : admin_(admin) {}
  Status CreateRollout(ServerContext*, const v1::CreateRolloutRequest* request,
                       v1::Rollout* response) override {
    admin_.rollout_request = *request;
    return Answer(admin_, "CreateRollout", admin_.watch.front(), response);
  }
  Status GetRollout(ServerContext*, const v1::GetRolloutRequest*, v1::Rollout* response) override {
    return Answer(admin_, "GetRollout", admin_.watch.back(), response);
  }
  Status ListRollouts(ServerContext*, const v1::ListRolloutsRequest* request,
                      v1::ListRolloutsResponse* response) override {
    admin_.rollouts_request = *request;
    return Answer(admin_, "ListRollouts", admin_.rollouts, response);
  }
  Status ListTargets(ServerContext*, const v1::ListTargetsRequest*,
                     v1::ListTargetsResponse* response) override {
    return Answer(admin_, "ListTargets", admin_.targets, response);
  }
  Status PauseRollout(ServerContext*, const v1::GetRolloutRequest*,
                      v1::Rollout* response) override {
    return Answer(admin_, "PauseRollout", admin_.watch.back(), response);
  }
  Status WatchRollout(ServerContext* context, const v1::GetRolloutRequest*,
                      grpc::ServerWriter<v1::Rollout>* writer) override {
    ++admin_.watches;
    v1::Rollout ignored;
    const Status status = Answer(admin_, "WatchRollout", v1::Rollout(), &ignored);
    if (!status.ok()) return status;
    int sent = 0;
    for (const v1::Rollout& state : admin_.watch) {
      if (sent++ == admin_.break_watch_after) {
        admin_.break_watch_after = -1;
        return Status(grpc::StatusCode::UNAVAILABLE, "going down");
      }
      writer->Write(state);
    }
    // The client is what ends it; gRPC tells a synchronous service only when asked.
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock(mutex);
    while (admin_.hang_watch && !context->IsCancelled()) {
      never.wait_for(lock, std::chrono::milliseconds(10));
    }
    return Status::OK;
  }

 private:
  FakeAdmin& admin_;
};

class Verification final : public v1::VerificationService::Service {
 public:
  explicit Verification(FakeAdmin& admin) : admin_(admin) {}
  Status VerifyNow(ServerContext*, const v1::VerifyNowRequest*,
                   v1::VerifyNowResponse* response) override {
    return Answer(admin_, "VerifyNow", admin_.verify, response);
  }
  Status GetReport(ServerContext*, const v1::GetReportRequest* request,
                   v1::Report* response) override {
    admin_.report_request = *request;
    return Answer(admin_, "GetReport", admin_.report, response);
  }

 private:
  FakeAdmin& admin_;
};

class Findings final : public v1::FindingService::Service {
 public:
  explicit Findings(FakeAdmin& admin) : admin_(admin) {}
  Status ListFindings(ServerContext*, const v1::ListFindingsRequest* request,
                      v1::ListFindingsResponse* response) override {
    admin_.findings_request = *request;
    return Answer(admin_, "ListFindings", admin_.findings, response);
  }
  Status GetFinding(ServerContext*, const v1::GetFindingRequest*, v1::Finding* response) override {
    return Answer(admin_, "GetFinding", admin_.finding, response);
  }
  Status ChangeFinding(ServerContext*, const v1::ChangeFindingRequest* request,
                       v1::Finding* response) override {
    admin_.finding_request = *request;
    return Answer(admin_, "ChangeFinding", admin_.finding, response);
  }

 private:
  FakeAdmin& admin_;
};

class Sweeps final : public v1::SweepService::Service {
 public:
  explicit Sweeps(FakeAdmin& admin) : admin_(admin) {}
  Status RunSweep(ServerContext*, const v1::RunSweepRequest* request,
                  v1::RunSweepResponse* response) override {
    admin_.sweep_request = *request;
    return Answer(admin_, "RunSweep", admin_.swept, response);
  }
  Status ListSweeps(ServerContext*, const v1::ListSweepsRequest*,
                    v1::ListSweepsResponse* response) override {
    return Answer(admin_, "ListSweeps", admin_.sweeps, response);
  }
  Status GetSweep(ServerContext*, const v1::GetSweepRequest* request,
                  v1::Sweep* response) override {
    for (const v1::Sweep& sweep : admin_.sweeps.sweeps()) {
      if (sweep.sweep_id() == request->sweep_id()) {
        return Answer(admin_, "GetSweep", sweep, response);
      }
    }
    return Answer(admin_, "GetSweep", v1::Sweep(), response);
  }

 private:
  FakeAdmin& admin_;
};

class Hubs final : public v1::HubService::Service {
 public:
  explicit Hubs(FakeAdmin& admin) : admin_(admin) {}
  Status ListHubs(ServerContext*, const v1::ListHubsRequest*,
                  v1::ListHubsResponse* response) override {
    return Answer(admin_, "ListHubs", admin_.hubs, response);
  }
  Status CheckHub(ServerContext*, const v1::CheckHubRequest*,
                  v1::CheckHubResponse* response) override {
    return Answer(admin_, "CheckHub", admin_.hub_check, response);
  }
  Status AcceptShrink(ServerContext*, const v1::AcceptShrinkRequest*,
                      v1::AcceptShrinkResponse* response) override {
    return Answer(admin_, "AcceptShrink", admin_.accepted_shrink, response);
  }

 private:
  FakeAdmin& admin_;
};

class Notifications final : public v1::NotificationService::Service {
 public:
  explicit Notifications(FakeAdmin& admin) : admin_(admin) {}
  Status ListChannels(ServerContext*, const v1::ListChannelsRequest*,
                      v1::ListChannelsResponse* response) override {
    return Answer(admin_, "ListChannels", admin_.channels, response);
  }
  Status SetChannel(ServerContext*, const v1::SetChannelRequest* request,
                    v1::Channel* response) override {
    admin_.channel_request = *request;
    v1::Channel answer;
    answer.set_channel_id(request->channel_id());
    return Answer(admin_, "SetChannel", answer, response);
  }
  Status DeleteChannel(ServerContext*, const v1::DeleteChannelRequest*,
                       v1::DeleteChannelResponse* response) override {
    return Answer(admin_, "DeleteChannel", v1::DeleteChannelResponse(), response);
  }
  Status TestChannel(ServerContext*, const v1::TestChannelRequest*,
                     v1::Delivery* response) override {
    return Answer(admin_, "TestChannel", admin_.delivery, response);
  }
  Status TellOpen(ServerContext*, const v1::TellOpenRequest* request,
                  v1::TellOpenResponse* response) override {
    v1::TellOpenResponse answer = admin_.open_told;
    answer.set_channel_id(request->channel_id());
    return Answer(admin_, "TellOpen", answer, response);
  }
  Status ListDeliveries(ServerContext*, const v1::ListDeliveriesRequest* request,
                        v1::ListDeliveriesResponse* response) override {
    admin_.deliveries_request = *request;
    v1::ListDeliveriesResponse answer;
    *answer.add_deliveries() = admin_.delivery;
    return Answer(admin_, "ListDeliveries", answer, response);
  }
  Status GetDelivery(ServerContext*, const v1::GetDeliveryRequest*,
                     v1::Delivery* response) override {
    return Answer(admin_, "GetDelivery", admin_.delivery, response);
  }
  Status ReplayDelivery(ServerContext*, const v1::ReplayDeliveryRequest*,
                        v1::Delivery* response) override {
    return Answer(admin_, "ReplayDelivery", admin_.delivery, response);
  }

 private:
  FakeAdmin& admin_;
};

class System final : public v1::SystemService::Service {
 public:
  explicit System(FakeAdmin& admin) : admin_(admin) {}
  Status GetStatus(ServerContext*, const v1::GetStatusRequest*,
                   v1::SystemStatus* response) override {
    return Answer(admin_, "GetStatus", admin_.status, response);
  }
  Status ListAuditEvents(ServerContext*, const v1::ListAuditEventsRequest* request,
                         v1::ListAuditEventsResponse* response) override {
    admin_.audit_request = *request;
    return Answer(admin_, "ListAuditEvents", admin_.events, response);
  }
  Status VerifyAudit(ServerContext*, const v1::VerifyAuditRequest* request,
                     v1::VerifyAuditResponse* response) override {
    admin_.verify_audit_request = *request;
    return Answer(admin_, "VerifyAudit", admin_.audit, response);
  }

 private:
  FakeAdmin& admin_;
};

class Operators final : public v1::OperatorService::Service {
 public:
  explicit Operators(FakeAdmin& admin) : admin_(admin) {}
  Status WhoAmI(ServerContext*, const v1::WhoAmIRequest*, v1::WhoAmIResponse* response) override {
    return Answer(admin_, "WhoAmI", admin_.me, response);
  }
  Status ListOperators(ServerContext*, const v1::ListOperatorsRequest*,
                       v1::ListOperatorsResponse* response) override {
    return Answer(admin_, "ListOperators", admin_.operators, response);
  }
  Status GetOperator(ServerContext*, const v1::GetOperatorRequest* request,
                     v1::Operator* response) override {
    return Answer(admin_, "GetOperator", Named(request->operator_()), response);
  }
  Status CreateOperator(ServerContext*, const v1::CreateOperatorRequest* request,
                        v1::OperatorCredentials* response) override {
    admin_.operator_request = *request;
    return Answer(admin_, "CreateOperator",
                  Credentials(request->name(), request->certificate_request_pem()), response);
  }
  Status RenewOperator(ServerContext*, const v1::RenewOperatorRequest* request,
                       v1::OperatorCredentials* response) override {
    admin_.renew_request = *request;
    return Answer(admin_, "RenewOperator",
                  Credentials(request->operator_(), request->certificate_request_pem()), response);
  }
  Status RevokeOperator(ServerContext*, const v1::RevokeOperatorRequest* request,
                        v1::Operator* response) override {
    admin_.revoke_operator_request = *request;
    return Answer(admin_, "RevokeOperator", Named(request->operator_()), response);
  }

 private:
  static v1::Operator Named(const std::string& name) {
    v1::Operator op;
    op.set_operator_id("opr-1");
    op.set_name(name);
    return op;
  }
  v1::OperatorCredentials Credentials(const std::string& name, const std::string& request) const {
    v1::OperatorCredentials out;
    *out.mutable_operator_() = Named(name);
    if (admin_.issue) out.set_certificate_pem(admin_.issue(request));
    out.set_ca_bundle_pem("the authority");
    out.set_admin_address("muster.example:8445");
    return out;
  }
  FakeAdmin& admin_;
};

class Evidence final : public v1::EvidenceService::Service {
 public:
  explicit Evidence(FakeAdmin& admin) : admin_(admin) {}
  Status GetEvidenceKey(ServerContext*, const v1::GetEvidenceKeyRequest*,
                        v1::EvidenceKey* response) override {
    return Answer(admin_, "GetEvidenceKey", admin_.evidence_key, response);
  }
  Status ExportEvidence(ServerContext*, const v1::ExportEvidenceRequest* request,
                        grpc::ServerWriter<v1::EvidenceChunk>* writer) override {
    admin_.evidence_request = *request;
    v1::EvidenceChunk ignored;
    const Status status = Answer(admin_, "ExportEvidence", ignored, &ignored);
    if (!status.ok()) return status;
    constexpr size_t kPiece = 1000;
    for (size_t at = 0; at < admin_.evidence.size(); at += kPiece) {
      v1::EvidenceChunk chunk;
      if (at == 0) chunk.set_total_bytes(admin_.evidence_bytes);
      chunk.set_data(admin_.evidence.substr(at, kPiece));
      writer->Write(chunk);
    }
    return Status::OK;
  }

 private:
  FakeAdmin& admin_;
};

}  // namespace

struct FakeAdminServer::Services {
  explicit Services(FakeAdmin& admin)
      : tenants(admin),
        zones(admin),
        servers(admin),
        tokens(admin),
        rollouts(admin),
        hubs(admin),
        verification(admin),
        findings(admin),
        sweeps(admin),
        notifications(admin),
        system(admin),
        operators(admin),
        evidence(admin) {}
  Tenants tenants;
  Zones zones;
  Servers servers;
  Tokens tokens;
  Rollouts rollouts;
  Hubs hubs;
  Verification verification;
  Findings findings;
  Sweeps sweeps;
  Notifications notifications;
  System system;
  Operators operators;
  Evidence evidence;
  std::unique_ptr<grpc::Server> server;
};

FakeAdminServer::FakeAdminServer(FakeAdmin& admin, const std::string& socket)
    : services_(new Services(admin)) {
  grpc::ServerBuilder builder;
  rpc::ConfigureServer(builder);
  builder.AddListeningPort("unix:" + socket, rpc::LocalServerCredentials());
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           &services_->tenants, &services_->zones, &services_->servers, &services_->tokens,
           &services_->rollouts, &services_->hubs, &services_->verification, &services_->findings,
           &services_->sweeps, &services_->notifications, &services_->system, &services_->operators,
           &services_->evidence}) {
    builder.RegisterService(service);
  }
  services_->server = builder.BuildAndStart();
}

FakeAdminServer::~FakeAdminServer() {
  if (services_->server != nullptr) services_->server->Shutdown(std::chrono::system_clock::now());
}

}  // namespace muster::cli
