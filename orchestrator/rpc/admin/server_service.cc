// muster.admin.v1.ServerService.
#include <algorithm>
#include <utility>

#include "base/failure.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "orchestrator/core/report/explain.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
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

class ServerService final : public admin::ServerService::CallbackService, AdminCalls {
 public:
  ServerService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::ServerService::service_full_name()) {}

  grpc::ServerUnaryReactor* ListServers(grpc::CallbackServerContext* context,
                                        const admin::ListServersRequest* request,
                                        admin::ListServersResponse* response) override {
    return Read(context, "ListServers",
                [this, request, response](const Caller&, const store::WalledSnapshot& snapshot) {
                  return List(*request, snapshot, *response);
                });
  }

  grpc::ServerUnaryReactor* GetServer(grpc::CallbackServerContext* context,
                                      const admin::GetServerRequest* request,
                                      admin::Server* response) override {
    return Read(context, "GetServer",
                [this, request, response](const Caller&,
                                          const store::WalledSnapshot& snapshot) -> absl::Status {
                  ASSIGN_OR_RETURN(const auto server, FindServer(request->server(), snapshot));
                  ASSIGN_OR_RETURN(*response, ShowWhole(server, snapshot));
                  return absl::OkStatus();
                });
  }

  grpc::ServerUnaryReactor* ExplainServer(grpc::CallbackServerContext* context,
                                          const admin::GetServerRequest* request,
                                          admin::ExplainServerResponse* response) override {
    return Read(context, "ExplainServer",
                [this, request, response](const Caller&,
                                          const store::WalledSnapshot& snapshot) -> absl::Status {
                  ASSIGN_OR_RETURN(const auto server, FindServer(request->server(), snapshot));
                  ASSIGN_OR_RETURN(const auto explanation,
                                   core::ExplainServer(snapshot, server.id, d_.clock.Now()));
                  ASSIGN_OR_RETURN(*response->mutable_server(),
                                   ShowWhole(explanation.server, snapshot));
                  response->set_summary(explanation.summary);
                  for (const auto& entry : explanation.entries) {
                    auto& out = *response->add_entries();
                    *out.mutable_time() = ToProto(entry.time);
                    out.set_source(static_cast<admin::ExplainServerResponse::Source>(
                        static_cast<int>(entry.source) + 1));
                    out.set_text(entry.text);
                  }
                  return absl::OkStatus();
                });
  }

  grpc::ServerUnaryReactor* ImportServers(grpc::CallbackServerContext* context,
                                          const admin::ImportServersRequest* request,
                                          admin::ImportServersResponse* response) override {
    return Run(context, "ImportServers",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 snapshot.reset();
                 if (request->rows_size() > kMaxImportRows) {
                   return reply.Finish(InvalidRequest(
                       absl::StrCat("more than ", kMaxImportRows, " rows; import in parts")));
                 }
                 std::vector<core::ServerInput> rows;
                 rows.reserve(request->rows_size());
                 for (const auto& row : request->rows()) {
                   rows.push_back({.line = row.line(),
                                   .tenant_id = TenantId(row.tenant_id()),
                                   .zone_slug = row.zone(),
                                   .name = row.name(),
                                   .labels = {row.labels().begin(), row.labels().end()}});
                 }
                 d_.operations.servers.Call(
                     &core::ServerOperations::Import,
                     [response, reply = std::move(reply)](
                         absl::StatusOr<core::ImportOutcome> outcome) mutable {
                       if (!outcome.ok()) return reply.Finish(outcome.status());
                       response->set_created(outcome->created);
                       response->set_updated(outcome->updated);
                       response->set_unchanged(outcome->unchanged);
                       for (auto& problem : outcome->problems) {
                         auto& out = *response->add_problems();
                         out.set_line(problem.line);
                         out.set_reason(std::move(problem.reason));
                       }
                       for (auto& hint : outcome->hints) {
                         auto& out = *response->add_hints();
                         out.set_line(hint.line);
                         out.set_reason(std::move(hint.reason));
                       }
                       reply.Finish(absl::OkStatus());
                     },
                     caller.actor, std::move(rows), request->partial(), request->dry_run());
               });
  }

  grpc::ServerUnaryReactor* EvictServer(grpc::CallbackServerContext* context,
                                        const admin::EvictServerRequest* request,
                                        admin::Server* response) override {
    return Run(context, "EvictServer",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto server = FindServer(request->server(), *snapshot);
                 if (!server.ok()) return reply.Finish(server.status());
                 snapshot.reset();
                 d_.operations.servers.Call(&core::ServerOperations::Evict,
                                            AnswerServer(response, std::move(reply)), caller.actor,
                                            server->id, request->reason());
               });
  }

  grpc::ServerUnaryReactor* ChangeServer(grpc::CallbackServerContext* context,
                                         const admin::ChangeServerRequest* request,
                                         admin::Server* response) override {
    return Run(context, "ChangeServer",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 if (request->action() <= admin::ChangeServerRequest::ACTION_UNSPECIFIED ||
                     !admin::ChangeServerRequest::Action_IsValid(request->action())) {
                   return reply.Finish(InvalidRequest("action is missing"));
                 }
                 const auto server = FindServer(request->server(), *snapshot);
                 if (!server.ok()) return reply.Finish(server.status());
                 snapshot.reset();
                 // The wire's actions are the core's kinds behind "unspecified".
                 const auto kind = static_cast<core::ServerAction::Kind>(request->action() - 1);
                 d_.operations.servers.Call(
                     &core::ServerOperations::Change, AnswerServer(response, std::move(reply)),
                     caller.actor, server->id,
                     core::ServerAction{kind, request->reason(), request->new_name()});
               });
  }

  grpc::ServerUnaryReactor* AdmitServer(grpc::CallbackServerContext* context,
                                        const admin::AdmitServerRequest* request,
                                        admin::Server* response) override {
    return Run(context, "AdmitServer",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto server = FindServer(request->server(), *snapshot);
                 if (!server.ok()) return reply.Finish(server.status());
                 snapshot.reset();
                 d_.operations.servers.Call(&core::ServerOperations::Admit,
                                            AnswerServer(response, std::move(reply)), caller.actor,
                                            server->id);
               });
  }

  grpc::ServerUnaryReactor* SettleServer(grpc::CallbackServerContext* context,
                                         const admin::SettleServerRequest* request,
                                         admin::Server* response) override {
    return Run(
        context, "SettleServer",
        [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
          const auto server = FindServer(request->server(), *snapshot);
          if (!server.ok()) return reply.Finish(server.status());
          snapshot.reset();
          const auto verdict = request->verdict();
          if (verdict != admin::SettleServerRequest::VERDICT_ABSENT &&
              verdict != admin::SettleServerRequest::VERDICT_JOINED) {
            return reply.Finish(InvalidRequest("verdict must be VERDICT_ABSENT or VERDICT_JOINED"));
          }
          d_.operations.servers.Call(
              &core::ServerOperations::Settle, AnswerServer(response, std::move(reply)),
              caller.actor, server->id,
              core::Settlement{verdict == admin::SettleServerRequest::VERDICT_JOINED,
                               request->reason()});
        });
  }

 private:
  admin::Server Show(const store::Server& server) const {
    return ToProto(server, d_.sessions.IsConnected(server.id), d_.clock.Now());
  }

  // With its observations.
  absl::StatusOr<admin::Server> ShowWhole(const store::Server& server,
                                          const store::WalledSnapshot& snapshot) const {
    admin::Server out = Show(server);
    ASSIGN_OR_RETURN(const std::vector<store::Observation> observations,
                     snapshot.ListObservations(server.id));
    for (const store::Observation& observation : observations) {
      *out.add_observations() = ToProto(observation);
    }
    return out;
  }

  core::Answer<store::Server> AnswerServer(admin::Server* response, Reply reply) const {
    return
        [this, response, reply = std::move(reply)](absl::StatusOr<store::Server> server) mutable {
          if (server.ok()) *response = Show(*server);
          reply.Finish(server.status());
        };
  }

  absl::Status List(const admin::ListServersRequest& request, const store::WalledSnapshot& snapshot,
                    admin::ListServersResponse& response) const {
    ASSIGN_OR_RETURN(const int page, PageSize(request.page_size()));
    store::ServerQuery query{.limit = page + 1};
    ASSIGN_OR_RETURN(query.selection, CheckSelection(request.selection(), snapshot));
    ASSIGN_OR_RETURN(query.after, ParsePageToken(kServersList, request.page_token()));
    for (const int enrollment : request.enrollments()) {
      if (enrollment <= 0 || !muster::types::v1::Enrollment_IsValid(enrollment)) {
        return InvalidRequest("enrollments names a state that does not exist");
      }
      query.enrollments.push_back(
          FromProto(static_cast<muster::types::v1::Enrollment>(enrollment)));
    }
    for (const int admission : request.admissions()) {
      query.include_retired |= admission == muster::types::v1::ADMISSION_RETIRED;
      if (admission <= 0 || !muster::types::v1::Admission_IsValid(admission)) {
        return InvalidRequest("admissions names a state that does not exist");
      }
    }
    for (const int connectivity : request.connectivities()) {
      if (connectivity <= 0 || !muster::types::v1::Connectivity_IsValid(connectivity)) {
        return InvalidRequest("connectivities names a state that does not exist");
      }
    }
    // What the store does not filter by is skipped, so a page may take more than one reading.
    const bool filtered = !request.admissions().empty() || !request.connectivities().empty();
    if (filtered) query.limit = kFilteredServers;
    std::string last;
    while (true) {
      ASSIGN_OR_RETURN(const auto servers, snapshot.ListServers(query));
      for (const store::Server& server : servers) {
        ASSIGN_OR_RETURN(admin::Server shown, ShowWhole(server, snapshot));
        if (!Wanted(request, shown)) continue;
        if (response.servers_size() == page) {
          response.set_next_page_token(MakePageToken(kServersList, last));
          return absl::OkStatus();
        }
        last = store::CursorOf(server);
        *response.add_servers() = std::move(shown);
      }
      if (static_cast<int>(servers.size()) < query.limit) return absl::OkStatus();
      query.after = store::CursorOf(servers.back());
    }
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeServerService(Door door, const AdminDependencies& d) {
  return std::make_unique<ServerService>(door, d);
}

}  // namespace muster::rpc
