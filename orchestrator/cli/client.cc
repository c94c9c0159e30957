#include "orchestrator/cli/client.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
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

constexpr absl::Duration kLongCall = absl::Minutes(2);
constexpr absl::Duration kVerifyCall = absl::Minutes(10);
constexpr absl::Duration kExportCall = absl::Minutes(30);
constexpr std::chrono::milliseconds kWatchTick(250);
constexpr int kPageSize = 1000;

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Connection& connection) {
  if (connection.local) return rpc::LocalChannelCredentials();
  return rpc::MutualTlsChannelCredentials(
      {connection.ca_pem, connection.certificate_pem, connection.key_pem.Clone()});
}

// A server that stops cancels what it no longer waits for. To whoever asked that is a lost answer,
// and not a wish of their own.
absl::Status AnswerOf(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    return absl::UnavailableError("the orchestrator ended the call; it is stopping");
  }
  return rpc::FromGrpcStatus(status);
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  Response response;
  RETURN_IF_ERROR(AnswerOf((stub.*method)(&context, request, &response)));
  return response;
}

// All pages of a list; `items` gives the repeated field of a response.
template <typename Request, typename Response, typename Items, typename Fetch>
absl::StatusOr<Response> CallPages(Request request, int limit, const Items& items,
                                   const Fetch& fetch) {
  request.set_page_size(limit > 0 ? std::min(limit, kPageSize) : kPageSize);
  Response all;
  while (true) {
    ASSIGN_OR_RETURN(Response page, fetch(request));
    const std::string& next = page.next_page_token();
    all.MergeFrom(page);
    auto& list = items(all);
    const bool enough = limit > 0 && list.size() >= limit;
    if (enough && list.size() > limit) list.DeleteSubrange(limit, list.size() - limit);
    if (next.empty() || enough || next == request.page_token()) {
      all.clear_next_page_token();
      return all;
    }
    request.set_page_token(next);
  }
}

}  // namespace

struct Client::Stubs {
  std::shared_ptr<grpc::Channel> channel;
  v1::TenantService::Stub tenants{channel};
  v1::ZoneService::Stub zones{channel};
  v1::ServerService::Stub servers{channel};
  v1::TokenService::Stub tokens{channel};
  v1::OperatorService::Stub operators{channel};
  v1::RolloutService::Stub rollouts{channel};
  v1::HubService::Stub hubs{channel};
  v1::VerificationService::Stub verification{channel};
  v1::FindingService::Stub findings{channel};
  v1::SweepService::Stub sweeps{channel};
  v1::NotificationService::Stub notifications{channel};
  v1::SystemService::Stub system{channel};
  v1::EvidenceService::Stub evidence{channel};
};

Client::Client(const Connection& connection, absl::Duration timeout)
    : timeout_(timeout),
      stubs_(new Stubs{rpc::MakeChannel(connection.address, CredentialsOf(connection))}) {}
Client::~Client() = default;

absl::StatusOr<v1::ListTenantsResponse> Client::ListTenants(const v1::ListTenantsRequest& request) {
  return Call(stubs_->tenants, &v1::TenantService::Stub::ListTenants, request, timeout_);
}

absl::StatusOr<v1::ListZonesResponse> Client::ListZones(const v1::ListZonesRequest& request) {
  return Call(stubs_->zones, &v1::ZoneService::Stub::ListZones, request, timeout_);
}

absl::StatusOr<v1::SetJoiningKeyResponse> Client::SetJoiningKey(
    const v1::SetJoiningKeyRequest& request) {
  return Call(stubs_->zones, &v1::ZoneService::Stub::SetJoiningKey, request, timeout_);
}

absl::StatusOr<v1::RemoveJoiningKeyResponse> Client::RemoveJoiningKey(
    const v1::RemoveJoiningKeyRequest& request) {
  return Call(stubs_->zones, &v1::ZoneService::Stub::RemoveJoiningKey, request, timeout_);
}

absl::StatusOr<v1::ApplyFleetResponse> Client::ApplyFleet(const v1::ApplyFleetRequest& request) {
  return Call(stubs_->zones, &v1::ZoneService::Stub::ApplyFleet, request,
              std::max(timeout_, kLongCall));
}

absl::StatusOr<v1::ListServersResponse> Client::ListServers(v1::ListServersRequest request,
                                                            int limit) {
  return CallPages<v1::ListServersRequest, v1::ListServersResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_servers(); },
      [this](const auto& r) {
        return Call(stubs_->servers, &v1::ServerService::Stub::ListServers, r, timeout_);
      });
}

absl::StatusOr<v1::ListRolloutsResponse> Client::ListRollouts(v1::ListRolloutsRequest request,
                                                              int limit) {
  return CallPages<v1::ListRolloutsRequest, v1::ListRolloutsResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_rollouts(); },
      [this](const auto& r) {
        return Call(stubs_->rollouts, &v1::RolloutService::Stub::ListRollouts, r, timeout_);
      });
}

absl::StatusOr<v1::ListTargetsResponse> Client::ListTargets(v1::ListTargetsRequest request,
                                                            int limit) {
  return CallPages<v1::ListTargetsRequest, v1::ListTargetsResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_targets(); },
      [this](const auto& r) {
        return Call(stubs_->rollouts, &v1::RolloutService::Stub::ListTargets, r, timeout_);
      });
}

absl::StatusOr<v1::ListAuditEventsResponse> Client::ListAuditEvents(
    v1::ListAuditEventsRequest request, int limit) {
  return CallPages<v1::ListAuditEventsRequest, v1::ListAuditEventsResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_events(); },
      [this](const auto& r) {
        return Call(stubs_->system, &v1::SystemService::Stub::ListAuditEvents, r, timeout_);
      });
}

absl::StatusOr<v1::Server> Client::GetServer(const v1::GetServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::GetServer, request, timeout_);
}

absl::StatusOr<v1::ExplainServerResponse> Client::ExplainServer(
    const v1::GetServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::ExplainServer, request, timeout_);
}

absl::StatusOr<v1::ImportServersResponse> Client::ImportServers(
    const v1::ImportServersRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::ImportServers, request,
              std::max(timeout_, kLongCall));
}

absl::StatusOr<v1::Server> Client::EvictServer(const v1::EvictServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::EvictServer, request, timeout_);
}

absl::StatusOr<v1::Server> Client::ChangeServer(const v1::ChangeServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::ChangeServer, request, timeout_);
}

absl::StatusOr<v1::DeleteTenantResponse> Client::DeleteTenant(
    const v1::DeleteTenantRequest& request) {
  return Call(stubs_->tenants, &v1::TenantService::Stub::DeleteTenant, request, timeout_);
}

absl::StatusOr<v1::DeleteZoneResponse> Client::DeleteZone(const v1::DeleteZoneRequest& request) {
  return Call(stubs_->zones, &v1::ZoneService::Stub::DeleteZone, request, timeout_);
}

absl::StatusOr<v1::Server> Client::SettleServer(const v1::SettleServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::SettleServer, request, timeout_);
}

absl::StatusOr<v1::Server> Client::CureClone(const v1::CureCloneRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::CureClone, request, timeout_);
}

absl::StatusOr<v1::Server> Client::ReleaseServerRecord(
    const v1::ReleaseServerRecordRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::ReleaseServerRecord, request, timeout_);
}

absl::StatusOr<v1::Server> Client::AdmitServer(const v1::AdmitServerRequest& request) {
  return Call(stubs_->servers, &v1::ServerService::Stub::AdmitServer, request, timeout_);
}

absl::StatusOr<v1::CreateTokenResponse> Client::CreateToken(const v1::CreateTokenRequest& request) {
  return Call(stubs_->tokens, &v1::TokenService::Stub::CreateToken, request, timeout_);
}

absl::StatusOr<v1::ListTokensResponse> Client::ListTokens(const v1::ListTokensRequest& request) {
  return Call(stubs_->tokens, &v1::TokenService::Stub::ListTokens, request, timeout_);
}

absl::StatusOr<v1::Token> Client::LockToken(const v1::LockTokenRequest& request) {
  return Call(stubs_->tokens, &v1::TokenService::Stub::LockToken, request, timeout_);
}

absl::StatusOr<v1::Token> Client::UnlockToken(const v1::UnlockTokenRequest& request) {
  return Call(stubs_->tokens, &v1::TokenService::Stub::UnlockToken, request, timeout_);
}

absl::StatusOr<v1::Token> Client::RevokeToken(const v1::RevokeTokenRequest& request) {
  return Call(stubs_->tokens, &v1::TokenService::Stub::RevokeToken, request, timeout_);
}

absl::StatusOr<v1::WhoAmIResponse> Client::WhoAmI(const v1::WhoAmIRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::WhoAmI, request, timeout_);
}

absl::StatusOr<v1::ListOperatorsResponse> Client::ListOperators(
    const v1::ListOperatorsRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::ListOperators, request, timeout_);
}

absl::StatusOr<v1::Operator> Client::GetOperator(const v1::GetOperatorRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::GetOperator, request, timeout_);
}

absl::StatusOr<v1::OperatorCredentials> Client::CreateOperator(
    const v1::CreateOperatorRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::CreateOperator, request, timeout_);
}

absl::StatusOr<v1::OperatorCredentials> Client::RenewOperator(
    const v1::RenewOperatorRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::RenewOperator, request, timeout_);
}

absl::StatusOr<v1::Operator> Client::RevokeOperator(const v1::RevokeOperatorRequest& request) {
  return Call(stubs_->operators, &v1::OperatorService::Stub::RevokeOperator, request, timeout_);
}

absl::StatusOr<v1::Rollout> Client::CreateRollout(const v1::CreateRolloutRequest& request) {
  return Call(stubs_->rollouts, &v1::RolloutService::Stub::CreateRollout, request,
              std::max(timeout_, kLongCall));
}

absl::StatusOr<v1::Rollout> Client::GetRollout(const v1::GetRolloutRequest& request) {
  return Call(stubs_->rollouts, &v1::RolloutService::Stub::GetRollout, request, timeout_);
}

absl::StatusOr<v1::Rollout> Client::PauseRollout(const v1::GetRolloutRequest& request) {
  return Call(stubs_->rollouts, &v1::RolloutService::Stub::PauseRollout, request, timeout_);
}

absl::StatusOr<v1::Rollout> Client::ResumeRollout(const v1::GetRolloutRequest& request) {
  return Call(stubs_->rollouts, &v1::RolloutService::Stub::ResumeRollout, request, timeout_);
}

absl::StatusOr<v1::Rollout> Client::CancelRollout(const v1::GetRolloutRequest& request) {
  return Call(stubs_->rollouts, &v1::RolloutService::Stub::CancelRollout, request, timeout_);
}

absl::Status Client::WatchRollout(const v1::GetRolloutRequest& request,
                                  const std::function<bool(const v1::Rollout&)>& on_state,
                                  const std::function<bool()>& keep_on) {
  // A completion queue rather than a blocking read, so that Ctrl-C is seen between two states.
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  bool stopped = false;
  // Waits for the operation in flight; false when it failed.
  const auto done = [&] {
    while (true) {
      void* tag = nullptr;
      bool ok = false;
      const auto next = queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kWatchTick);
      if (next == grpc::CompletionQueue::GOT_EVENT) return ok;
      if (next == grpc::CompletionQueue::SHUTDOWN) return false;
      if (!stopped && !keep_on()) {
        stopped = true;
        context.TryCancel();
      }
    }
  };
  int operation = 0;
  const auto reader = stubs_->rollouts.AsyncWatchRollout(&context, request, &queue, &operation);
  bool ok = done();
  while (ok) {
    v1::Rollout rollout;
    reader->Read(&rollout, &operation);
    ok = done();
    if (ok && !stopped && !on_state(rollout)) {
      stopped = true;
      context.TryCancel();
    }
  }
  grpc::Status status;
  reader->Finish(&status, &operation);
  done();
  queue.Shutdown();
  void* tag = nullptr;
  while (queue.Next(&tag, &ok)) {
  }
  if (stopped) return absl::CancelledError("no longer watched");
  return AnswerOf(status);
}

absl::StatusOr<v1::EvidenceKey> Client::GetEvidenceKey(const v1::GetEvidenceKeyRequest& request) {
  return Call(stubs_->evidence, &v1::EvidenceService::Stub::GetEvidenceKey, request, timeout_);
}

absl::Status Client::ExportEvidence(
    const v1::ExportEvidenceRequest& request,
    const std::function<absl::Status(absl::string_view piece)>& take) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(std::max(timeout_, kExportCall)));
  const auto reader = stubs_->evidence.ExportEvidence(&context, request);
  v1::EvidenceChunk chunk;
  int64_t total = -1;
  int64_t taken = 0;
  absl::Status status;
  while (reader->Read(&chunk)) {
    if (total < 0) total = chunk.total_bytes();
    taken += static_cast<int64_t>(chunk.data().size());
    if (status.ok()) status = take(chunk.data());
    if (!status.ok()) context.TryCancel();
  }
  const grpc::Status ended = reader->Finish();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(AnswerOf(ended));
  if (taken != total) return absl::DataLossError("the pack ended too early; try again");
  return absl::OkStatus();
}

absl::StatusOr<v1::ListHubsResponse> Client::ListHubs(const v1::ListHubsRequest& request) {
  return Call(stubs_->hubs, &v1::HubService::Stub::ListHubs, request, timeout_);
}

absl::StatusOr<v1::CheckHubResponse> Client::CheckHub(const v1::CheckHubRequest& request) {
  return Call(stubs_->hubs, &v1::HubService::Stub::CheckHub, request,
              std::max(timeout_, kVerifyCall));
}

absl::StatusOr<v1::AcceptShrinkResponse> Client::AcceptShrink(
    const v1::AcceptShrinkRequest& request) {
  return Call(stubs_->hubs, &v1::HubService::Stub::AcceptShrink, request, timeout_);
}

absl::StatusOr<v1::VerifyNowResponse> Client::VerifyNow(const v1::VerifyNowRequest& request) {
  return Call(stubs_->verification, &v1::VerificationService::Stub::VerifyNow, request,
              std::max(timeout_, kVerifyCall));
}

absl::StatusOr<v1::Report> Client::GetReport(v1::GetReportRequest request) {
  return CallPages<v1::GetReportRequest, v1::Report>(
      std::move(request), /*limit=*/0, [](auto& all) -> auto& { return *all.mutable_problems(); },
      [this](const auto& r) {
        return Call(stubs_->verification, &v1::VerificationService::Stub::GetReport, r,
                    std::max(timeout_, kLongCall));
      });
}

absl::StatusOr<v1::ListFindingsResponse> Client::ListFindings(v1::ListFindingsRequest request,
                                                              int limit) {
  return CallPages<v1::ListFindingsRequest, v1::ListFindingsResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_findings(); },
      [this](const auto& r) {
        return Call(stubs_->findings, &v1::FindingService::Stub::ListFindings, r, timeout_);
      });
}

absl::StatusOr<v1::Finding> Client::GetFinding(const v1::GetFindingRequest& request) {
  return Call(stubs_->findings, &v1::FindingService::Stub::GetFinding, request, timeout_);
}

absl::StatusOr<v1::Finding> Client::ChangeFinding(const v1::ChangeFindingRequest& request) {
  return Call(stubs_->findings, &v1::FindingService::Stub::ChangeFinding, request, timeout_);
}

absl::StatusOr<v1::RunSweepResponse> Client::RunSweep(const v1::RunSweepRequest& request) {
  return Call(stubs_->sweeps, &v1::SweepService::Stub::RunSweep, request,
              std::max(timeout_, kVerifyCall));
}

absl::StatusOr<v1::ListSweepsResponse> Client::ListSweeps(v1::ListSweepsRequest request,
                                                          int limit) {
  return CallPages<v1::ListSweepsRequest, v1::ListSweepsResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_sweeps(); },
      [this](const auto& r) {
        return Call(stubs_->sweeps, &v1::SweepService::Stub::ListSweeps, r, timeout_);
      });
}

absl::StatusOr<v1::Sweep> Client::GetSweep(const v1::GetSweepRequest& request) {
  return Call(stubs_->sweeps, &v1::SweepService::Stub::GetSweep, request, timeout_);
}

absl::StatusOr<v1::ListChannelsResponse> Client::ListChannels(
    const v1::ListChannelsRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::ListChannels, request,
              timeout_);
}

absl::StatusOr<v1::Channel> Client::SetChannel(const v1::SetChannelRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::SetChannel, request, timeout_);
}

absl::StatusOr<v1::DeleteChannelResponse> Client::DeleteChannel(
    const v1::DeleteChannelRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::DeleteChannel, request,
              timeout_);
}

absl::StatusOr<v1::TellOpenResponse> Client::TellOpen(const v1::TellOpenRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::TellOpen, request, timeout_);
}

absl::StatusOr<v1::Delivery> Client::TestChannel(const v1::TestChannelRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::TestChannel, request,
              std::max(timeout_, kLongCall));
}

absl::StatusOr<v1::ListDeliveriesResponse> Client::ListDeliveries(v1::ListDeliveriesRequest request,
                                                                  int limit) {
  return CallPages<v1::ListDeliveriesRequest, v1::ListDeliveriesResponse>(
      std::move(request), limit, [](auto& all) -> auto& { return *all.mutable_deliveries(); },
      [this](const auto& r) {
        return Call(stubs_->notifications, &v1::NotificationService::Stub::ListDeliveries, r,
                    timeout_);
      });
}

absl::StatusOr<v1::Delivery> Client::GetDelivery(const v1::GetDeliveryRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::GetDelivery, request,
              timeout_);
}

absl::StatusOr<v1::Delivery> Client::ReplayDelivery(const v1::ReplayDeliveryRequest& request) {
  return Call(stubs_->notifications, &v1::NotificationService::Stub::ReplayDelivery, request,
              timeout_);
}

absl::StatusOr<v1::SystemStatus> Client::GetStatus(const v1::GetStatusRequest& request) {
  return Call(stubs_->system, &v1::SystemService::Stub::GetStatus, request, timeout_);
}

absl::StatusOr<v1::ListAuditHeadsResponse> Client::ListAuditHeads() {
  v1::ListAuditHeadsResponse all;
  v1::ListAuditHeadsRequest request;
  while (true) {
    ASSIGN_OR_RETURN(
        const v1::ListAuditHeadsResponse page,
        Call(stubs_->system, &v1::SystemService::Stub::ListAuditHeads, request, timeout_));
    all.mutable_lines()->MergeFrom(page.lines());
    if (!page.more() || page.lines().empty()) return all;
    // "head 120000 …": the sequence is the second word.
    const std::vector<std::string> words = absl::StrSplit(*page.lines().rbegin(), ' ');
    int64_t sequence = 0;
    if (words.size() < 2 || !absl::SimpleAtoi(words[1], &sequence) ||
        sequence <= request.after_sequence()) {
      return absl::InternalError("the orchestrator's answer is no list of heads");
    }
    request.set_after_sequence(sequence);
  }
}

absl::StatusOr<v1::VerifyAuditResponse> Client::VerifyAudit(const v1::VerifyAuditRequest& request) {
  return Call(stubs_->system, &v1::SystemService::Stub::VerifyAudit, request,
              std::max(timeout_, kLongCall));
}

void SilenceTransport() {
  // Every error comes back as a status; gRPC's lines about it would only repeat it in other words.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

}  // namespace muster::cli
