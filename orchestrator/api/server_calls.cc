// muster.admin.v1.ServerService.
#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/admission/key_admission.h"
#include "orchestrator/core/inventory/look_alikes.h"
#include "orchestrator/core/report/explain.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kServersList = "servers";
constexpr int kMaxImportRows = 50'000;
constexpr int kFilteredServers = 1000;

bool Wanted(const admin::ListServersRequest& request, const admin::Server& server) {
  const auto holds = [](const auto& states, auto state) {
    return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
  };
  return holds(request.admissions(), server.admission()) &&
         holds(request.connectivities(), server.connectivity());
}

void Show(std::vector<core::RowProblem>& problems,
          google::protobuf::RepeatedPtrField<admin::RowProblem>& out) {
  for (core::RowProblem& problem : problems) {
    admin::RowProblem& shown = *out.Add();
    shown.set_line(problem.line);
    shown.set_reason(std::move(problem.reason));
  }
}

class ServerCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.ServerService";
  using Calls::Calls;

  absl::Status ListServers(const Context& context, const admin::ListServersRequest& request,
                           admin::ListServersResponse& response) const {
    const store::WalledSnapshot& snapshot = context.snapshot;
    ASSIGN_OR_RETURN(const Page page, Page::Of(kServersList, request));
    store::ServerQuery query{.after = page.cursor(), .limit = page.limit()};
    ASSIGN_OR_RETURN(query.selection, CheckSelection(request.selection(), snapshot));
    ASSIGN_OR_RETURN(query.enrollments,
                     StatesOf<store::Enrollment>("enrollments", request.enrollments()));
    ASSIGN_OR_RETURN(const auto admissions,
                     StatesOf<store::Admission>("admissions", request.admissions()));
    RETURN_IF_ERROR(
        StatesOf<core::Connectivity>("connectivities", request.connectivities()).status());
    query.include_retired = std::find(admissions.begin(), admissions.end(),
                                      store::Admission::kRetired) != admissions.end();
    // What the store does not filter by is skipped, so a page may take more than one reading.
    if (!request.admissions().empty() || !request.connectivities().empty()) {
      query.limit = kFilteredServers;
    }
    std::string last;
    while (true) {
      ASSIGN_OR_RETURN(const auto servers, snapshot.ListServers(query));
      for (const store::Server& server : servers) {
        admin::Server shown = ShowShort(server);
        if (!Wanted(request, shown)) continue;
        if (response.servers_size() == page.size()) {
          response.set_next_page_token(page.TokenOf(last));
          return absl::OkStatus();
        }
        last = store::CursorOf(server);
        RETURN_IF_ERROR(Complete(server, snapshot, shown));
        *response.add_servers() = std::move(shown);
      }
      if (static_cast<int>(servers.size()) < query.limit) return absl::OkStatus();
      query.after = store::CursorOf(servers.back());
    }
  }

  absl::Status GetServer(const Context& context, const admin::GetServerRequest& request,
                         admin::Server& response) const {
    ASSIGN_OR_RETURN(const auto server, FindServer(request.server(), context.snapshot));
    ASSIGN_OR_RETURN(response, ShowWhole(server, context.snapshot));
    return ShowLookAlikes(server, context.snapshot, response);
  }

  absl::Status ExplainServer(const Context& context, const admin::GetServerRequest& request,
                             admin::ExplainServerResponse& response) const {
    ASSIGN_OR_RETURN(const auto server, FindServer(request.server(), context.snapshot));
    ASSIGN_OR_RETURN(const auto explanation,
                     core::ExplainServer(context.snapshot, server.id, d_.clock.Now()));
    ASSIGN_OR_RETURN(*response.mutable_server(), ShowWhole(explanation.server, context.snapshot));
    response.set_summary(explanation.summary);
    for (const auto& entry : explanation.entries) {
      auto& out = *response.add_entries();
      *out.mutable_time() = ToProto(entry.time);
      out.set_source(ToProto(entry.source));
      out.set_text(entry.text);
    }
    return absl::OkStatus();
  }

  void ImportServers(const Context& context, const admin::ImportServersRequest& request,
                     Responder<admin::ImportServersResponse> to) const {
    if (request.rows_size() > kMaxImportRows) {
      return to.Finish(
          InvalidRequest(absl::StrCat("more than ", kMaxImportRows, " rows; import in parts")));
    }
    std::vector<core::ServerInput> rows;
    rows.reserve(request.rows_size());
    for (const auto& row : request.rows()) {
      rows.push_back({.line = row.line(),
                      .tenant_id = TenantId(row.tenant_id()),
                      .zone_slug = row.zone(),
                      .name = row.name(),
                      .labels = {row.labels().begin(), row.labels().end()}});
    }
    d_.operations.servers.Call(
        &core::ServerOperations::Import,
        [to = std::move(to)](absl::StatusOr<core::ImportOutcome> outcome) mutable {
          if (!outcome.ok()) return to.Finish(outcome.status());
          admin::ImportServersResponse& response = to.response();
          response.set_created(outcome->created);
          response.set_updated(outcome->updated);
          response.set_unchanged(outcome->unchanged);
          Show(outcome->problems, *response.mutable_problems());
          Show(outcome->hints, *response.mutable_hints());
          to.Finish(absl::OkStatus());
        },
        context.caller.actor, std::move(rows), request.partial(), request.dry_run());
  }

  void EvictServer(const Context& context, const admin::EvictServerRequest& request,
                   Responder<admin::Server> to) const {
    ChangeWith(context, request, std::move(to), &core::ServerOperations::Evict, request.reason());
  }

  void ChangeServer(const Context& context, const admin::ChangeServerRequest& request,
                    Responder<admin::Server> to) const {
    const auto kind = FromProto<core::ServerAction::Kind>("action", request.action());
    if (!kind.ok()) return to.Finish(kind.status());
    ChangeWith(context, request, std::move(to), &core::ServerOperations::Change,
               core::ServerAction{*kind, request.reason(), request.new_name()});
  }

  void AdmitServer(const Context& context, const admin::AdmitServerRequest& request,
                   Responder<admin::Server> to) const {
    const auto server = FindServer(request.server(), context.snapshot);
    if (!server.ok()) return to.Finish(server.status());
    admin::Server look_alikes;
    const absl::Status looked = ShowLookAlikes(*server, context.snapshot, look_alikes);
    if (!looked.ok()) return to.Finish(looked);
    d_.operations.servers.Call(
        &core::ServerOperations::Admit,
        [this, look_alikes = std::move(look_alikes),
         to = std::move(to)](absl::StatusOr<store::Server> changed) mutable {
          if (changed.ok()) {
            to.response() = ShowShort(*changed);
            to.response().mutable_looks_like()->Swap(look_alikes.mutable_looks_like());
          }
          to.Finish(changed.status());
        },
        context.caller.actor, server->id, request.key_fingerprint());
  }

  void SettleServer(const Context& context, const admin::SettleServerRequest& request,
                    Responder<admin::Server> to) const {
    const auto verdict = request.verdict();
    if (verdict != admin::SettleServerRequest::VERDICT_ABSENT &&
        verdict != admin::SettleServerRequest::VERDICT_JOINED) {
      return to.Finish(InvalidRequest("verdict must be VERDICT_ABSENT or VERDICT_JOINED"));
    }
    ChangeWith(
        context, request, std::move(to), &core::ServerOperations::Settle,
        core::Settlement{verdict == admin::SettleServerRequest::VERDICT_JOINED, request.reason()});
  }

  void ReleaseServerRecord(const Context& context, const admin::ReleaseServerRecordRequest& request,
                           Responder<admin::Server> to) const {
    ChangeWith(context, request, std::move(to), &core::ServerOperations::ReleaseRecord,
               request.reason());
  }

  void CureClone(const Context& context, const admin::CureCloneRequest& request,
                 Responder<admin::Server> to) const {
    if (request.machine().empty()) {
      return to.Finish(InvalidRequest("machine must name the one that goes on"));
    }
    ChangeWith(context, request, std::move(to), &core::ServerOperations::CureClone,
               core::CloneChoice{request.machine(), request.reason()});
  }

 private:
  // The server that the request names, changed by an operation of the core.
  template <typename Request, typename... Params, typename... Args>
  void ChangeWith(const Context& context, const Request& request, Responder<admin::Server> to,
                  absl::StatusOr<store::Server> (core::ServerOperations::*operation)(
                      core::Turn&, const core::Actor&, const ServerId&, Params...),
                  Args&&... args) const {
    const auto server = ServerIdOf(request.server(), context.snapshot);
    if (!server.ok()) return to.Finish(server.status());
    d_.operations.servers.Call(
        operation,
        [this, to = std::move(to)](absl::StatusOr<store::Server> changed) mutable {
          if (changed.ok()) to.response() = ShowShort(*changed);
          to.Finish(changed.status());
        },
        context.caller.actor, *server, std::forward<Args>(args)...);
  }

  admin::Server ShowShort(const store::Server& server) const {
    return ToProto(server, d_.connected.IsConnected(server.id), d_.clock.Now());
  }

  static absl::Status ShowLookAlikes(const store::Server& server,
                                     const store::WalledSnapshot& snapshot, admin::Server& out) {
    ASSIGN_OR_RETURN(const auto names, core::FindLookAlikes(snapshot, server));
    for (const std::string& name : names) out.add_looks_like(name);
    return absl::OkStatus();
  }

  // With its key and its observations.
  absl::StatusOr<admin::Server> ShowWhole(const store::Server& server,
                                          const store::WalledSnapshot& snapshot) const {
    admin::Server out = ShowShort(server);
    RETURN_IF_ERROR(Complete(server, snapshot, out));
    return out;
  }
  absl::Status Complete(const store::Server& server, const store::WalledSnapshot& snapshot,
                        admin::Server& out) const {
    ASSIGN_OR_RETURN(core::ShownKey key, core::KeyOf(snapshot, server, d_.clock.Now()));
    out.set_key_fingerprint(std::move(key.fingerprint));
    out.set_key_waits(key.waits);
    ASSIGN_OR_RETURN(const auto observations, snapshot.ListObservations(server.id));
    for (const store::Observation& observation : observations) {
      *out.add_observations() = ToProto(observation);
    }
    return absl::OkStatus();
  }
};

}  // namespace

void AddServerCalls(CallTable& table, const Dependencies& d) {
  table.For<ServerCalls>(d)
      .Read("ListServers", &ServerCalls::ListServers)
      .Read("GetServer", &ServerCalls::GetServer)
      .Read("ExplainServer", &ServerCalls::ExplainServer)
      .Write("ImportServers", &ServerCalls::ImportServers)
      .Write("EvictServer", &ServerCalls::EvictServer)
      .Write("ChangeServer", &ServerCalls::ChangeServer)
      .Write("AdmitServer", &ServerCalls::AdmitServer)
      .Write("SettleServer", &ServerCalls::SettleServer)
      .Write("ReleaseServerRecord", &ServerCalls::ReleaseServerRecord)
      .Write("CureClone", &ServerCalls::CureClone);
}

}  // namespace muster::api
