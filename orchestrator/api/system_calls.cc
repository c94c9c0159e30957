// muster.admin.v1.SystemService.
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/system.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "orchestrator/core/audit/head_text.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kAuditList = "audit";
constexpr int kMostHeads = 1000;  // Of one answer.

void Show(const store::AuditEvent& event, admin::AuditEvent& out) {
  out.set_sequence(event.sequence);
  *out.mutable_time() = ToProto(event.time);
  out.set_actor(event.actor);
  out.set_action(event.action);
  out.set_subject(event.subject);
  out.set_tenant_id(event.tenant_id.value());
  out.set_detail(event.detail);
}

const char* NameOf(SystemCheck::Result result) {
  switch (result) {
    case SystemCheck::Result::kOk:
      return "ok";
    case SystemCheck::Result::kWarning:
      return "warning";
    case SystemCheck::Result::kProblem:
      return "problem";
  }
  return "";
}

void Show(const Traffic& traffic, admin::SystemStatus& status) {
  for (const ListenerCounts& listener : traffic.listeners) {
    auto& out = *status.add_listeners();
    out.set_name(listener.name);
    out.set_connections(listener.connections);
    out.set_limit(listener.limit);
    out.set_unproven(listener.unproven);
    out.set_queued(listener.queued);
    out.set_handshakes(listener.handshakes);
    out.set_taken(listener.taken);
    for (const ListenerCounts::Refused& refused : listener.refused) {
      auto& shown = *out.add_refused();
      shown.set_reason(refused.reason);
      shown.set_count(refused.count);
    }
  }
  status.set_open_files(traffic.open_files);
  status.set_open_files_limit(traffic.open_files_limit);
}

void Show(const SystemReport& report, const store::TenantWall& wall, admin::SystemStatus& status) {
  status.set_ready(report.ready);
  for (const SystemCheck& check : report.checks) {
    if (check.about_tenants && !wall.admits_everything()) continue;
    auto& out = *status.add_checks();
    out.set_name(check.name);
    out.set_result(NameOf(check.result));
    out.set_seen(check.seen);
    out.set_next(check.next);
  }
  if (report.disk_free_bytes.has_value()) status.set_disk_free_bytes(*report.disk_free_bytes);
  SetIf(report.last_backup_time, [&] { return status.mutable_last_backup_time(); });
  SetIf(report.restored_backup_time, [&] { return status.mutable_restored_backup_time(); });
  if (wall.admits_everything()) Show(report.traffic, status);
}

// What is about the audit chain as a whole is nobody's who is bound to tenants. The role says so
// already.
absl::StatusOr<const store::Snapshot*> WholeOf(const Context& context) {
  if (const store::Snapshot* whole = context.snapshot.whole(); whole != nullptr) return whole;
  return FailureStatus(FailureCode::kAuthForbidden,
                       "the method is about all tenants, the caller is bound to some");
}

class SystemCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.SystemService";
  using Calls::Calls;

  absl::Status GetStatus(const Context& context, const admin::GetStatusRequest&,
                         admin::SystemStatus& response) const {
    response.set_version(MUSTER_VERSION);
    *response.mutable_start_time() = ToProto(d_.start_time);
    ASSIGN_OR_RETURN(const int sessions, CountSessions(context.snapshot));
    response.set_sessions(sessions);
    const store::StoreHealth health = d_.store.Health();
    response.set_store_read_only(health.read_only);
    response.set_store_reason(health.reason);
    response.set_schema_version(health.schema_version);
    ASSIGN_OR_RETURN(const int running, context.snapshot.CountUnfinishedRollouts());
    response.set_running_rollouts(running);
    response.set_ca_fingerprint(d_.authority.Fingerprint());
    *response.mutable_ca_expire_time() = ToProto(d_.authority.not_after());
    Show(d_.facts.Report(), context.snapshot.wall(), response);
    return absl::OkStatus();
  }

  absl::Status ListAuditEvents(const Context& context, const admin::ListAuditEventsRequest& request,
                               admin::ListAuditEventsResponse& response) const {
    ASSIGN_OR_RETURN(const Page page, Page::Of(kAuditList, request));
    store::AuditQuery query{
        .subject = request.subject(), .actor = request.actor(), .limit = page.limit()};
    if (!page.cursor().empty() && !absl::SimpleAtoi(page.cursor(), &query.before)) {
      return InvalidRequest("page_token is not one that the list before gave");
    }
    if (request.has_since()) query.since = FromProto(request.since());
    if (request.has_until()) query.until = FromProto(request.until());
    ASSIGN_OR_RETURN(auto events, context.snapshot.ListAuditEvents(query));
    page.Cut(events, response,
             [](const store::AuditEvent& event) { return absl::StrCat(event.sequence); });
    for (const store::AuditEvent& event : events) Show(event, *response.add_events());
    return absl::OkStatus();
  }

  absl::Status VerifyAudit(const Context& context, const admin::VerifyAuditRequest& request,
                           admin::VerifyAuditResponse& response) const {
    ASSIGN_OR_RETURN(const store::Snapshot* const whole, WholeOf(context));
    const std::vector<std::string> exported(request.exported_heads().begin(),
                                            request.exported_heads().end());
    // The book may have gone on meanwhile: what it says of later events is not asked.
    ASSIGN_OR_RETURN(const auto book, d_.head_book.Read());
    ASSIGN_OR_RETURN(const auto verdict, core::JudgeAudit(*whole, d_.audit_key, book, exported));
    response.set_intact(verdict.state != core::AuditVerdict::State::kBroken);
    response.set_state(ToProto(verdict.state));
    response.set_events(verdict.events);
    response.set_first_bad_sequence(verdict.first_bad_sequence);
    response.set_heads(verdict.heads);
    response.set_checkpoint(verdict.checkpoint);
    response.set_last_sequence(verdict.last_sequence);
    for (const std::string& remark : verdict.remarks) response.add_remarks(remark);
    return absl::OkStatus();
  }

  absl::Status ListAuditHeads(const Context& context, const admin::ListAuditHeadsRequest& request,
                              admin::ListAuditHeadsResponse& response) const {
    ASSIGN_OR_RETURN(const store::Snapshot* const whole, WholeOf(context));
    ASSIGN_OR_RETURN(const auto heads, whole->audit().ListHeads());
    int64_t last = 0;
    for (const store::AuditHead& head : heads) {
      if (head.sequence <= request.after_sequence()) continue;
      // Heads of one event are not torn apart.
      if (response.lines_size() >= kMostHeads && head.sequence != last) {
        response.set_more(true);
        break;
      }
      last = head.sequence;
      response.add_lines(core::LineOf(head));
    }
    return absl::OkStatus();
  }

 private:
  // Sessions are held by no store: behind a wall, those of its servers are counted one by one.
  absl::StatusOr<int> CountSessions(const store::WalledSnapshot& snapshot) const {
    if (snapshot.wall().admits_everything()) return d_.connected.Count();
    ASSIGN_OR_RETURN(const auto servers, snapshot.ListServerStates({.limit = 0}));
    int sessions = 0;
    for (const store::ServerState& server : servers) {
      sessions += d_.connected.IsConnected(server.id);
    }
    return sessions;
  }
};

}  // namespace

void AddSystemCalls(CallTable& table, const Dependencies& d) {
  table.For<SystemCalls>(d)
      .ReadStatus("GetStatus", &SystemCalls::GetStatus)
      .Read("ListAuditEvents", &SystemCalls::ListAuditEvents)
      .Read("VerifyAudit", &SystemCalls::VerifyAudit)
      .Read("ListAuditHeads", &SystemCalls::ListAuditHeads);
}

}  // namespace muster::api
