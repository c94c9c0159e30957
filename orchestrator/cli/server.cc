#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

using types::v1::ServiceFacts;

std::string PresenceText(const v1::Server& server) {
  const ServiceFacts& service = server.service();
  return service.presence() == ServiceFacts::PRESENCE_RUNNING
             ? absl::StrCat("running ", service.version())
             : WordOf(service.presence());
}

constexpr Field<v1::Server> kServerFields[] = {
    {"zone", Show::kAlways, [](const v1::Server& s) { return s.zone_id(); }},
    {"name", Show::kAlways, [](const v1::Server& s) { return s.name(); }},
    {"server_id", Show::kDetails, [](const v1::Server& s) { return s.server_id(); }},
    {"enrollment", Show::kAlways, [](const v1::Server& s) { return WordOf(s.enrollment()); }},
    {"connectivity", Show::kAlways, [](const v1::Server& s) { return WordOf(s.connectivity()); }},
    {"admission", Show::kAlways, [](const v1::Server& s) { return WordOf(s.admission()); }},
    {"failure", Show::kAlways, [](const v1::Server& s) { return s.failure().code(); }},
    {"failure_detail", Show::kDetails, [](const v1::Server& s) { return s.failure().detail(); }},
    {"remedy", Show::kDetails, [](const v1::Server& s) { return s.failure().remedy(); }},
    {"labels", Show::kAlways, [](const v1::Server& s) { return TextOf(s.labels()); }},
    {"hub_instance_id", Show::kDetails, [](const v1::Server& s) { return s.hub_instance_id(); }},
    {"match_kind", Show::kDetails, [](const v1::Server& s) { return WordOf(s.match_kind()); }},
    {"verified", Show::kDetails, [](const v1::Server& s) { return TextOf(s.verified_time()); }},
    {"last_contact", Show::kDetails,
     [](const v1::Server& s) { return TextOf(s.last_contact_time()); }},
    {"machine_name", Show::kDetails,
     [](const v1::Server& s) { return s.machine().machine_name(); }},
    {"os", Show::kDetails,
     [](const v1::Server& s) {
       return s.machine().os_version().empty() ? s.machine().os() : s.machine().os_version();
     }},
    {"architecture", Show::kDetails,
     [](const v1::Server& s) { return s.machine().architecture(); }},
    {"worker_version", Show::kDetails,
     [](const v1::Server& s) { return s.machine().worker_version(); }},
    {"service", Show::kDetails, PresenceText},
    {"service_endpoint", Show::kDetails,
     [](const v1::Server& s) { return s.service().endpoint(); }},
    {"service_hub_url", Show::kDetails, [](const v1::Server& s) { return s.service().hub_url(); }},
    {"created", Show::kDetails, [](const v1::Server& s) { return TextOf(s.create_time()); }},
};

using Entry = v1::ExplainServerResponse::Entry;
constexpr Field<Entry> kEntryFields[] = {
    {"time", Show::kAlways, [](const Entry& e) { return TextOf(e.time()); }},
    {"source", Show::kAlways, [](const Entry& e) { return WordOf(e.source()); }},
    {"text", Show::kAlways, [](const Entry& e) { return e.text(); }},
};

struct ListFlags {
  SelectionFlags selection;
  std::vector<std::string> enrollments;
  int limit = 0;
};

absl::StatusOr<ExitCode> ListServers(Context& context, const ListFlags& flags) {
  v1::ListServersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.selection.ToProto());
  for (const std::string& text : flags.enrollments) {
    ASSIGN_OR_RETURN(const types::v1::Enrollment enrollment,
                     ParseWordFlag<types::v1::Enrollment>("--enrollment", text));
    request.add_enrollments(enrollment);
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListServersResponse response,
                   client->ListServers(request, flags.limit));
  context.output().Print(response, MakeTable(kServerFields, response.servers()));
  context.output().Say(absl::StrCat(Counted(response.servers_size(), "server"), "."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowServer(Context& context, const std::string& server) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::GetServerRequest request;
  request.set_server(server);
  ASSIGN_OR_RETURN(const v1::Server response, client->GetServer(request));
  context.output().PrintDetails(response, MakeRow(kServerFields, response));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ExplainServer(Context& context, const std::string& server) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::GetServerRequest request;
  request.set_server(server);
  ASSIGN_OR_RETURN(const v1::ExplainServerResponse response, client->ExplainServer(request));
  context.output().Say(absl::StrCat(response.server().zone_id(), "/", response.server().name(),
                                    ": ", response.summary(), "\n"));
  context.output().Print(response, MakeTable(kEntryFields, response.entries()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> EvictServer(Context& context, const v1::EvictServerRequest& request) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Server response, client->EvictServer(request));
  context.output().PrintDetails(response, MakeRow(kServerFields, response));
  context.output().Say(
      absl::StrCat("The worker is out. To let it back in: muster token create --zone ",
                   response.zone_id(), " --server-name ", response.name()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> AdmitServer(Context& context, const std::string& server) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::AdmitServerRequest request;
  request.set_server(server);
  ASSIGN_OR_RETURN(const v1::Server response, client->AdmitServer(request));
  context.output().PrintDetails(response, MakeRow(kServerFields, response));
  return ExitCode::kOk;
}

// A verb with one server as its argument.
void AddServerVerb(CommandTree& tree, CLI::App& parent, const char* name, const char* description,
                   const char* example,
                   absl::StatusOr<ExitCode> (*run)(Context&, const std::string&)) {
  auto server = std::make_shared<std::string>();
  CLI::App& verb = tree.Verb(parent, name, description, example,
                             [server, run](Context& context) { return run(context, *server); });
  verb.add_option("server", *server, "Server id (srv-…) or tenant/zone/name")->required();
}

}  // namespace

void AddServerCommands(CommandTree& tree) {
  CLI::App& server = tree.Noun("server", "Servers: the machines in the inventory");
  auto flags = std::make_shared<ListFlags>();
  CLI::App& list = tree.Verb(
      server, "list", "List servers and where they stand",
      "muster server list --zone acme/prod --enrollment failed,in_doubt --label site=berlin",
      [flags](Context& context) { return ListServers(context, *flags); });
  flags->selection.AddTo(list);
  list.add_option("--enrollment", flags->enrollments,
                  "Only servers in this enrollment state; any may match")
      ->allow_extra_args(false)
      ->delimiter(',');
  list.add_option("--limit", flags->limit, "At most so many; 0: all")->check(LimitProblem);

  AddServerVerb(tree, server, "show", "Show all that is known of one server",
                "muster server show acme/prod/WEB-01", ShowServer);
  AddServerVerb(tree, server, "explain", "Tell why a server is where it is, in order of time",
                "muster server explain acme/prod/WEB-01", ExplainServer);
  AddServerVerb(tree, server, "admit", "Let a pending server in",
                "muster server admit acme/prod/WEB-01", AdmitServer);

  auto evict_request = std::make_shared<v1::EvictServerRequest>();
  CLI::App& evict = tree.Verb(
      server, "evict", "End a worker's right to connect; it may come back with a new token",
      "muster server evict acme/prod/WEB-01 --reason 'disk was cloned'",
      [evict_request](Context& context) { return EvictServer(context, *evict_request); });
  evict.add_option("server", *evict_request->mutable_server(), "Server id or tenant/zone/name")
      ->required();
  evict.add_option("--reason", *evict_request->mutable_reason(), "Kept in the audit log");

  CLI::App& explain = tree.Noun("explain", "Why something is as it is");
  AddServerVerb(tree, explain, "server", "Tell why a server is where it is, in order of time",
                "muster explain server acme/prod/WEB-01", ExplainServer);
}

}  // namespace muster::cli
