// muster.admin.v1.VerificationService and SystemService.
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/status_macros.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "muster/admin/v1/verification.grpc.pb.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "orchestrator/core/audit/head_text.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "orchestrator/rpc/facts.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kAuditList = "audit";
constexpr absl::string_view kReportList = "report";
constexpr int kMostHeads = 1000;  // Of one answer.

admin::ReadingState ReadingStateOf(core::ZoneVerification::State state) {
  switch (state) {
    case core::ZoneVerification::State::kCompleted:
      return admin::READING_STATE_COMPLETED;
    case core::ZoneVerification::State::kPartial:
      return admin::READING_STATE_PARTIAL;
    case core::ZoneVerification::State::kFailed:
      return admin::READING_STATE_FAILED;
  }
  return admin::READING_STATE_UNSPECIFIED;
}

admin::AuditState AuditStateOf(core::AuditVerdict::State state) {
  switch (state) {
    case core::AuditVerdict::State::kIntact:
      return admin::AUDIT_STATE_INTACT;
    case core::AuditVerdict::State::kRestored:
      return admin::AUDIT_STATE_RESTORED;
    case core::AuditVerdict::State::kBroken:
      return admin::AUDIT_STATE_BROKEN;
  }
  return admin::AUDIT_STATE_UNSPECIFIED;
}

absl::StatusOr<std::vector<ZoneId>> ZonesOf(const admin::Selection& selection, const Caller& caller,
                                            const store::Snapshot& snapshot) {
  ASSIGN_OR_RETURN(const auto checked, CheckSelection(selection, caller, snapshot));
  if (!checked.zone_id.empty()) return std::vector<ZoneId>{checked.zone_id};
  ASSIGN_OR_RETURN(const auto zones, snapshot.zones().List(checked.tenant_id));
  std::vector<ZoneId> ids;
  for (const store::Zone& zone : zones) {
    if (caller.Sees(zone.tenant_id)) ids.push_back(zone.id);
  }
  return ids;
}

void Show(const core::ReportZone& zone, admin::Report::ZoneLine& out) {
  out.set_zone_id(zone.zone_id.value());
  out.set_hub_url(zone.hub_url);
  out.set_servers(zone.servers);
  out.set_enrolled(zone.enrolled);
  out.set_in_progress(zone.in_progress);
  out.set_failed(zone.failed);
  out.set_in_doubt(zone.in_doubt);
  out.set_not_enrolled(zone.not_enrolled);
  out.set_other(zone.other);
  if (zone.hub_read_time.has_value()) *out.mutable_hub_read_time() = ToProto(*zone.hub_read_time);
  out.set_hub_instances(zone.hub_instances);
  out.set_hub_unmatched(zone.hub_unmatched);
}

void Show(const std::vector<core::ZoneVerification>& zones, admin::VerifyNowResponse& response) {
  for (const core::ZoneVerification& zone : zones) {
    auto& out = *response.add_zones();
    out.set_zone_id(zone.zone_id.value());
    out.set_state(ReadingStateOf(zone.state));
    out.set_instances(zone.instances);
    out.set_confirmed(zone.confirmed);
    if (zone.failure.has_value()) *out.mutable_failure() = ToProto(*zone.failure);
  }
}

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

void Show(const SystemReport& report, admin::SystemStatus& status) {
  status.set_ready(report.ready);
  for (const SystemCheck& check : report.checks) {
    auto& out = *status.add_checks();
    out.set_name(check.name);
    out.set_result(NameOf(check.result));
    out.set_seen(check.seen);
    out.set_next(check.next);
  }
  if (report.disk_free_bytes.has_value()) status.set_disk_free_bytes(*report.disk_free_bytes);
  if (report.last_backup_time.has_value()) {
    *status.mutable_last_backup_time() = ToProto(*report.last_backup_time);
  }
  if (report.restored_backup_time.has_value()) {
    *status.mutable_restored_backup_time() = ToProto(*report.restored_backup_time);
  }
}

class VerificationService final : public admin::VerificationService::CallbackService, AdminCalls {
 public:
  VerificationService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::VerificationService::service_full_name()) {}

  grpc::ServerUnaryReactor* VerifyNow(grpc::CallbackServerContext* context,
                                      const admin::VerifyNowRequest* request,
                                      admin::VerifyNowResponse* response) override {
    return Run(context, "VerifyNow",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 auto zones = ZonesOf(request->selection(), caller, *snapshot);
                 if (!zones.ok()) return reply.Finish(zones.status());
                 snapshot.reset();
                 // The answer may never come when the store is lost meanwhile, so that others may
                 // end the call as well; only who takes it touches the response.
                 const auto call = d_.long_calls.Open(
                     [reply = std::move(reply)](const absl::Status& status) mutable {
                       reply.Finish(status);
                     });
                 d_.operations.verification.Call(
                     &core::VerificationOperations::Verify,
                     [call, response](absl::StatusOr<std::vector<core::ZoneVerification>> done) {
                       auto finish = call->Take();
                       if (!finish) return;
                       if (done.ok()) Show(*done, *response);
                       finish(done.status());
                     },
                     caller.actor, *std::move(zones));
               });
  }

  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const admin::GetReportRequest* request,
                                      admin::Report* response) override {
    return Read(
        context, "GetReport",
        [this, request, response](const Caller& caller,
                                  const store::Snapshot& snapshot) -> absl::Status {
          core::ReportQuery query{.visible_tenants = caller.actor.visible_tenants};
          ASSIGN_OR_RETURN(query.selection, CheckSelection(request->selection(), caller, snapshot));
          if (!request->rollout_id().empty()) {
            ASSIGN_OR_RETURN(const auto rollout,
                             FindRollout(request->rollout_id(), caller, snapshot));
            query.rollout_id = rollout.id;
          }
          ASSIGN_OR_RETURN(query.limit, PageSize(request->page_size()));
          ASSIGN_OR_RETURN(query.after, ParsePageToken(kReportList, request->page_token()));
          ASSIGN_OR_RETURN(const auto report, core::MakeReport(snapshot, query, d_.clock.Now()));
          *response->mutable_time() = ToProto(report.time);
          for (const auto& zone : report.zones) Show(zone, *response->add_zones());
          for (const auto& problem : report.problems) {
            auto& out = *response->add_problems();
            out.set_zone_id(problem.zone_id.value());
            out.set_server(problem.server);
            out.set_server_id(problem.server_id.value());
            out.set_enrollment(ToProto(problem.enrollment));
            *out.mutable_failure() = ToProto(problem.failure);
          }
          for (const auto& seen : report.observations) {
            auto& out = *response->add_observations();
            out.set_zone_id(seen.zone_id.value());
            out.set_server(seen.server);
            out.set_server_id(seen.observation.server_id.value());
            *out.mutable_observation() = ToProto(seen.observation);
          }
          if (!report.next.empty()) {
            response->set_next_page_token(MakePageToken(kReportList, report.next));
          }
          return absl::OkStatus();
        });
  }
};

class SystemService final : public admin::SystemService::CallbackService, AdminCalls {
 public:
  SystemService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::SystemService::service_full_name()) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const admin::GetStatusRequest*,
                                      admin::SystemStatus* response) override {
    return ReadStatus(
        context, "GetStatus",
        [this, response](const Caller&, const store::Snapshot& snapshot) -> absl::Status {
          response->set_version(MUSTER_VERSION);
          *response->mutable_start_time() = ToProto(d_.start_time);
          response->set_sessions(d_.sessions.Count());
          const store::StoreHealth health = d_.store.Health();
          response->set_store_read_only(health.read_only);
          response->set_store_reason(health.reason);
          response->set_schema_version(health.schema_version);
          ASSIGN_OR_RETURN(const auto running, snapshot.rollouts().ListUnfinished());
          response->set_running_rollouts(static_cast<int>(running.size()));
          response->set_ca_fingerprint(d_.authority.Fingerprint());
          *response->mutable_ca_expire_time() = ToProto(d_.authority.not_after());
          Show(d_.facts.Report(), *response);
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* ListAuditEvents(grpc::CallbackServerContext* context,
                                            const admin::ListAuditEventsRequest* request,
                                            admin::ListAuditEventsResponse* response) override {
    return Read(
        context, "ListAuditEvents",
        [request, response](const Caller& caller, const store::Snapshot& snapshot) -> absl::Status {
          ASSIGN_OR_RETURN(const int page, PageSize(request->page_size()));
          ASSIGN_OR_RETURN(const std::string cursor,
                           ParsePageToken(kAuditList, request->page_token()));
          int64_t before = 0;
          if (!cursor.empty() && !absl::SimpleAtoi(cursor, &before)) {
            return InvalidRequest("page_token is not one that the list before gave");
          }
          store::AuditQuery query{.subject = request->subject(),
                                  .actor = request->actor(),
                                  .visible_tenants = caller.actor.visible_tenants,
                                  .before = before,
                                  .limit = page + 1};
          if (request->has_since()) query.since = FromProto(request->since());
          if (request->has_until()) query.until = FromProto(request->until());
          ASSIGN_OR_RETURN(auto events, snapshot.audit().List(query));
          if (static_cast<int>(events.size()) > page) {
            events.pop_back();
            response->set_next_page_token(
                MakePageToken(kAuditList, absl::StrCat(events.back().sequence)));
          }
          for (const store::AuditEvent& event : events) Show(event, *response->add_events());
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* VerifyAudit(grpc::CallbackServerContext* context,
                                        const admin::VerifyAuditRequest* request,
                                        admin::VerifyAuditResponse* response) override {
    return Read(
        context, "VerifyAudit",
        [this, request, response](const Caller&, const store::Snapshot& snapshot) -> absl::Status {
          const std::vector<std::string> exported(request->exported_heads().begin(),
                                                  request->exported_heads().end());
          // The book may have gone on meanwhile: what it says of later events is not asked.
          ASSIGN_OR_RETURN(const auto book, d_.head_book.Read());
          ASSIGN_OR_RETURN(const auto verdict,
                           core::JudgeAudit(snapshot, d_.audit_key, book, exported));
          response->set_intact(verdict.state != core::AuditVerdict::State::kBroken);
          response->set_state(AuditStateOf(verdict.state));
          response->set_events(verdict.events);
          response->set_first_bad_sequence(verdict.first_bad_sequence);
          response->set_heads(verdict.heads);
          response->set_checkpoint(verdict.checkpoint);
          response->set_last_sequence(verdict.last_sequence);
          for (const std::string& remark : verdict.remarks) response->add_remarks(remark);
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* ListAuditHeads(grpc::CallbackServerContext* context,
                                           const admin::ListAuditHeadsRequest* request,
                                           admin::ListAuditHeadsResponse* response) override {
    return Read(
        context, "ListAuditHeads",
        [request, response](const Caller&, const store::Snapshot& snapshot) -> absl::Status {
          ASSIGN_OR_RETURN(const auto heads, snapshot.audit().ListHeads());
          int64_t last = 0;
          for (const store::AuditHead& head : heads) {
            if (head.sequence <= request->after_sequence()) continue;
            // Heads of one event are not torn apart.
            if (response->lines_size() >= kMostHeads && head.sequence != last) {
              response->set_more(true);
              break;
            }
            last = head.sequence;
            response->add_lines(core::LineOf(head));
          }
          return absl::OkStatus();
        });
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeVerificationService(Door door, const AdminDependencies& d) {
  return std::make_unique<VerificationService>(door, d);
}

std::unique_ptr<grpc::Service> MakeSystemService(Door door, const AdminDependencies& d) {
  return std::make_unique<SystemService>(door, d);
}

}  // namespace muster::rpc
