// The orchestrator's admin services as plain calls: a request in, the answer or an error out. Hides
// gRPC from the commands.
#ifndef MUSTER_ORCHESTRATOR_CLI_CLIENT_H_
#define MUSTER_ORCHESTRATOR_CLI_CLIENT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/cli/connection.h"

namespace muster::admin::v1 {
class AdmitServerRequest;
class ChangeServerRequest;
class CreateOperatorRequest;
class GetOperatorRequest;
class ListOperatorsRequest;
class ListOperatorsResponse;
class Operator;
class OperatorCredentials;
class RenewOperatorRequest;
class RevokeOperatorRequest;
class WhoAmIRequest;
class WhoAmIResponse;
class ApplyFleetRequest;
class ApplyFleetResponse;
class CreateRolloutRequest;
class CreateTokenRequest;
class CreateTokenResponse;
class DeleteTenantRequest;
class DeleteTenantResponse;
class DeleteZoneRequest;
class DeleteZoneResponse;
class EvictServerRequest;
class SettleServerRequest;
class CureCloneRequest;
class ReleaseServerRecordRequest;
class ExplainServerResponse;
class ChangeFindingRequest;
class Finding;
class GetFindingRequest;
class AcceptShrinkRequest;
class AcceptShrinkResponse;
class CheckHubRequest;
class CheckHubResponse;
class ListHubsRequest;
class ListHubsResponse;
class Channel;
class DeleteChannelRequest;
class DeleteChannelResponse;
class Delivery;
class GetDeliveryRequest;
class ListChannelsRequest;
class ListChannelsResponse;
class ListDeliveriesRequest;
class ListDeliveriesResponse;
class ReplayDeliveryRequest;
class SetChannelRequest;
class TellOpenRequest;
class TellOpenResponse;
class TestChannelRequest;
class GetReportRequest;
class GetSweepRequest;
class ListFindingsRequest;
class ListFindingsResponse;
class ListSweepsRequest;
class ListSweepsResponse;
class RunSweepRequest;
class RunSweepResponse;
class Sweep;
class GetRolloutRequest;
class GetServerRequest;
class GetStatusRequest;
class ImportServersRequest;
class ImportServersResponse;
class ListAuditEventsRequest;
class ListAuditEventsResponse;
class ListRolloutsRequest;
class ListRolloutsResponse;
class ListServersRequest;
class ListServersResponse;
class ListTargetsRequest;
class ListTargetsResponse;
class ListTenantsRequest;
class ListTenantsResponse;
class ListTokensRequest;
class ListTokensResponse;
class ListZonesRequest;
class ListZonesResponse;
class Report;
class RemoveJoiningKeyRequest;
class RemoveJoiningKeyResponse;
class LockTokenRequest;
class UnlockTokenRequest;
class RevokeTokenRequest;
class Rollout;
class Server;
class SetJoiningKeyRequest;
class SetJoiningKeyResponse;
class SystemStatus;
class Token;
class EvidenceChunk;
class EvidenceKey;
class ExportEvidenceRequest;
class GetEvidenceKeyRequest;
class ListAuditHeadsRequest;
class ListAuditHeadsResponse;
class VerifyAuditRequest;
class VerifyAuditResponse;
class VerifyNowRequest;
class VerifyNowResponse;
}  // namespace muster::admin::v1

namespace muster::cli {

namespace v1 = admin::v1;

// Every call blocks until the answer or its deadline. Errors are the orchestrator's, with the
// E-code in the message; Unavailable and DeadlineExceeded without one mean that no answer came.
// Used by one thread.
class Client {
 public:
  // Does not dial yet. `timeout` is the deadline of each call; calls that are long by nature
  // (ApplyFleet, CheckHub, ImportServers, GetReport, VerifyAudit, VerifyNow, RunSweep, TestChannel)
  // have at least 2, CheckHub, VerifyNow and RunSweep 10, ExportEvidence 30 minutes.
  Client(const Connection& connection, absl::Duration timeout);
  ~Client();

  absl::StatusOr<v1::ListTenantsResponse> ListTenants(const v1::ListTenantsRequest& request);

  absl::StatusOr<v1::DeleteTenantResponse> DeleteTenant(const v1::DeleteTenantRequest& request);

  absl::StatusOr<v1::DeleteZoneResponse> DeleteZone(const v1::DeleteZoneRequest& request);
  absl::StatusOr<v1::ListZonesResponse> ListZones(const v1::ListZonesRequest& request);
  absl::StatusOr<v1::SetJoiningKeyResponse> SetJoiningKey(const v1::SetJoiningKeyRequest& request);
  absl::StatusOr<v1::RemoveJoiningKeyResponse> RemoveJoiningKey(
      const v1::RemoveJoiningKeyRequest& request);
  absl::StatusOr<v1::ApplyFleetResponse> ApplyFleet(const v1::ApplyFleetRequest& request);

  // Lists that come in pages: all pages in one answer, or the first `limit` entries. 0: all.
  absl::StatusOr<v1::ListServersResponse> ListServers(v1::ListServersRequest request, int limit);
  absl::StatusOr<v1::ListRolloutsResponse> ListRollouts(v1::ListRolloutsRequest request, int limit);
  absl::StatusOr<v1::ListTargetsResponse> ListTargets(v1::ListTargetsRequest request, int limit);
  absl::StatusOr<v1::ListAuditEventsResponse> ListAuditEvents(v1::ListAuditEventsRequest request,
                                                              int limit);

  absl::StatusOr<v1::Server> GetServer(const v1::GetServerRequest& request);
  absl::StatusOr<v1::ExplainServerResponse> ExplainServer(const v1::GetServerRequest& request);
  absl::StatusOr<v1::ImportServersResponse> ImportServers(const v1::ImportServersRequest& request);
  absl::StatusOr<v1::Server> EvictServer(const v1::EvictServerRequest& request);
  absl::StatusOr<v1::Server> ChangeServer(const v1::ChangeServerRequest& request);
  absl::StatusOr<v1::Server> AdmitServer(const v1::AdmitServerRequest& request);
  absl::StatusOr<v1::Server> SettleServer(const v1::SettleServerRequest& request);
  absl::StatusOr<v1::Server> CureClone(const v1::CureCloneRequest& request);
  absl::StatusOr<v1::Server> ReleaseServerRecord(const v1::ReleaseServerRecordRequest& request);

  absl::StatusOr<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request);
  absl::StatusOr<v1::ListTokensResponse> ListTokens(const v1::ListTokensRequest& request);
  absl::StatusOr<v1::Token> LockToken(const v1::LockTokenRequest& request);
  absl::StatusOr<v1::Token> UnlockToken(const v1::UnlockTokenRequest& request);
  absl::StatusOr<v1::Token> RevokeToken(const v1::RevokeTokenRequest& request);

  absl::StatusOr<v1::WhoAmIResponse> WhoAmI(const v1::WhoAmIRequest& request);
  absl::StatusOr<v1::ListOperatorsResponse> ListOperators(const v1::ListOperatorsRequest& request);
  absl::StatusOr<v1::Operator> GetOperator(const v1::GetOperatorRequest& request);
  absl::StatusOr<v1::OperatorCredentials> CreateOperator(const v1::CreateOperatorRequest& request);
  absl::StatusOr<v1::OperatorCredentials> RenewOperator(const v1::RenewOperatorRequest& request);
  absl::StatusOr<v1::Operator> RevokeOperator(const v1::RevokeOperatorRequest& request);

  absl::StatusOr<v1::Rollout> CreateRollout(const v1::CreateRolloutRequest& request);
  absl::StatusOr<v1::Rollout> GetRollout(const v1::GetRolloutRequest& request);
  absl::StatusOr<v1::Rollout> PauseRollout(const v1::GetRolloutRequest& request);
  absl::StatusOr<v1::Rollout> ResumeRollout(const v1::GetRolloutRequest& request);
  absl::StatusOr<v1::Rollout> CancelRollout(const v1::GetRolloutRequest& request);
  // Hands every state of the rollout to `on_state` until the stream ends (OK: it reached its final
  // state) or `on_state` returns false (Cancelled). `keep_on` is asked at least every quarter of a
  // second; false ends it likewise.
  absl::Status WatchRollout(const v1::GetRolloutRequest& request,
                            const std::function<bool(const v1::Rollout&)>& on_state,
                            const std::function<bool()>& keep_on);

  absl::StatusOr<v1::ListHubsResponse> ListHubs(const v1::ListHubsRequest& request);
  absl::StatusOr<v1::CheckHubResponse> CheckHub(const v1::CheckHubRequest& request);
  absl::StatusOr<v1::AcceptShrinkResponse> AcceptShrink(const v1::AcceptShrinkRequest& request);

  absl::StatusOr<v1::VerifyNowResponse> VerifyNow(const v1::VerifyNowRequest& request);
  // The whole of it: joins the pages.
  absl::StatusOr<v1::Report> GetReport(v1::GetReportRequest request);

  absl::StatusOr<v1::ListFindingsResponse> ListFindings(v1::ListFindingsRequest request, int limit);
  absl::StatusOr<v1::Finding> GetFinding(const v1::GetFindingRequest& request);
  absl::StatusOr<v1::Finding> ChangeFinding(const v1::ChangeFindingRequest& request);
  absl::StatusOr<v1::RunSweepResponse> RunSweep(const v1::RunSweepRequest& request);
  absl::StatusOr<v1::ListSweepsResponse> ListSweeps(v1::ListSweepsRequest request, int limit);
  absl::StatusOr<v1::Sweep> GetSweep(const v1::GetSweepRequest& request);

  absl::StatusOr<v1::ListChannelsResponse> ListChannels(const v1::ListChannelsRequest& request);
  absl::StatusOr<v1::Channel> SetChannel(const v1::SetChannelRequest& request);
  absl::StatusOr<v1::DeleteChannelResponse> DeleteChannel(const v1::DeleteChannelRequest& request);
  absl::StatusOr<v1::Delivery> TestChannel(const v1::TestChannelRequest& request);
  absl::StatusOr<v1::TellOpenResponse> TellOpen(const v1::TellOpenRequest& request);
  absl::StatusOr<v1::ListDeliveriesResponse> ListDeliveries(v1::ListDeliveriesRequest request,
                                                            int limit);
  absl::StatusOr<v1::Delivery> GetDelivery(const v1::GetDeliveryRequest& request);
  absl::StatusOr<v1::Delivery> ReplayDelivery(const v1::ReplayDeliveryRequest& request);

  absl::StatusOr<v1::SystemStatus> GetStatus(const v1::GetStatusRequest& request);
  // All of them: joins the answers.
  absl::StatusOr<v1::ListAuditHeadsResponse> ListAuditHeads();
  absl::StatusOr<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest& request);

  absl::StatusOr<v1::EvidenceKey> GetEvidenceKey(const v1::GetEvidenceKeyRequest& request);
  // Hands over the pack piece by piece; an error of `take` ends it. DataLoss when it ends too early.
  absl::Status ExportEvidence(const v1::ExportEvidenceRequest& request,
                              const std::function<absl::Status(absl::string_view piece)>& take);

 private:
  struct Stubs;
  const absl::Duration timeout_;
  std::unique_ptr<Stubs> stubs_;
};

// Keeps gRPC's own messages off the standard error of this process, unless the environment variable
// GRPC_VERBOSITY asks for them. Call it before the first connection.
void SilenceTransport();

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CLIENT_H_
