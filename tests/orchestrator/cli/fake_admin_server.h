// An orchestrator that answers what a test tells it to, over a real Unix socket, and remembers what
// it was asked.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CLI_FAKE_ADMIN_SERVER_H_
#define MUSTER_TESTS_ORCHESTRATOR_CLI_FAKE_ADMIN_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "muster/admin/v1/evidence.pb.h"
#include "muster/admin/v1/finding.pb.h"
#include "muster/admin/v1/hub.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/notification.pb.h"
#include "muster/admin/v1/operator.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/system.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/admin/v1/verification.pb.h"

namespace muster::cli {

// Set the answers before the command runs, read the requests after it: nothing is locked.
struct FakeAdmin {
  // Levers. A method named here ("ListZones") fails with the status.
  std::map<std::string, absl::Status> failures;
  // Once the watch of a rollout ends with an error after so many states; negative: never.
  int break_watch_after = -1;
  // A server named here is refused with the status, whatever is asked about it.
  std::map<std::string, absl::Status> refused_servers;
  bool hang_watch = false;  // The stream stays open after the last state.

  // Answers.
  admin::v1::ListTenantsResponse tenants;
  admin::v1::ListZonesResponse zones;
  admin::v1::ApplyFleetResponse apply;
  std::vector<admin::v1::Server> servers;
  size_t page_size = 1000;  // Pages are never larger.
  admin::v1::ImportServersResponse import;
  admin::v1::ExplainServerResponse explain;
  admin::v1::CreateTokenResponse token;
  admin::v1::ListTokensResponse tokens;
  std::vector<admin::v1::Rollout> watch;  // The states in order; the last is what GetRollout says.
  admin::v1::ListRolloutsResponse rollouts;
  admin::v1::ListTargetsResponse targets;
  admin::v1::VerifyNowResponse verify;
  admin::v1::ListHubsResponse hubs;
  admin::v1::CheckHubResponse hub_check;
  admin::v1::AcceptShrinkResponse accepted_shrink;
  admin::v1::Report report;
  admin::v1::ListFindingsResponse findings;
  admin::v1::Finding finding;
  admin::v1::RunSweepResponse swept;
  admin::v1::RunSweepRequest sweep_request;  // The last.
  admin::v1::ListSweepsResponse sweeps;
  admin::v1::ListChannelsResponse channels;
  admin::v1::Delivery delivery;
  admin::v1::TellOpenResponse open_told;
  admin::v1::SystemStatus status;
  admin::v1::VerifyAuditResponse audit;
  admin::v1::ListAuditEventsResponse events;
  admin::v1::WhoAmIResponse me;
  admin::v1::ListOperatorsResponse operators;
  admin::v1::EvidenceKey evidence_key;
  std::string evidence;        // Streamed in pieces,
  int64_t evidence_bytes = 0;  // and said to be so long.
  // What a certificate request is answered with; null: an empty answer.
  std::function<std::string(const std::string& request_pem)> issue;

  // What was asked: the methods in order, and the last request of each kind.
  std::vector<std::string> calls;
  admin::v1::ApplyFleetRequest apply_request;
  admin::v1::SetJoiningKeyRequest key_request;
  admin::v1::ListServersRequest list_request;
  admin::v1::ImportServersRequest import_request;
  admin::v1::ListRolloutsRequest rollouts_request;
  admin::v1::SetChannelRequest channel_request;
  admin::v1::ListDeliveriesRequest deliveries_request;
  admin::v1::ListAuditEventsRequest audit_request;
  admin::v1::VerifyAuditRequest verify_audit_request;
  admin::v1::ChangeServerRequest change_request;
  admin::v1::EvictServerRequest evict_request;
  std::vector<std::string> servers_asked;  // Of calls about one server, in order.
  admin::v1::SettleServerRequest settle_request;
  std::vector<admin::v1::AdmitServerRequest> admit_requests;
  admin::v1::ReleaseServerRecordRequest release_request;
  admin::v1::CureCloneRequest cure_request;
  admin::v1::CreateTokenRequest token_request;
  admin::v1::CreateRolloutRequest rollout_request;
  admin::v1::GetReportRequest report_request;
  admin::v1::ListFindingsRequest findings_request;
  admin::v1::ChangeFindingRequest finding_request;
  admin::v1::CreateOperatorRequest operator_request;
  admin::v1::RenewOperatorRequest renew_request;
  admin::v1::RevokeOperatorRequest revoke_operator_request;
  admin::v1::ExportEvidenceRequest evidence_request;
  int watches = 0;
};

// Serves `admin` at a socket until destroyed.
class FakeAdminServer {
 public:
  FakeAdminServer(FakeAdmin& admin, const std::string& socket);
  ~FakeAdminServer();

 private:
  struct Services;
  std::unique_ptr<Services> services_;
};

}  // namespace muster::cli

#endif  // MUSTER_TESTS_ORCHESTRATOR_CLI_FAKE_ADMIN_SERVER_H_
