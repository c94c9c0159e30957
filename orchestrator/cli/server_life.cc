// muster server retire, restore, ban, unban, rename and delete.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/several.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

using Request = v1::ChangeServerRequest;

constexpr Field<v1::Server> kLifeFields[] = {
    {"zone", Show::kAlways, [](const v1::Server& s) { return s.zone_id(); }, Unit::kName},
    {"name", Show::kAlways, [](const v1::Server& s) { return s.name(); }, Unit::kName},
    {"server_id", Show::kAlways, [](const v1::Server& s) { return s.server_id(); }, Unit::kName},
    {"admission", Show::kAlways, [](const v1::Server& s) { return WordOf(s.admission()); }},
    {"enrollment", Show::kAlways, [](const v1::Server& s) { return WordOf(s.enrollment()); }},
};

// One verb that changes servers.
struct LifeVerb {
  Request::Action action;
  const char* name;
  const char* description;
  const char* example;
  const char* question;  // Null: it is not asked for.
  const char* afterwards;
};

constexpr LifeVerb kLifeVerbs[] = {
    {Request::ACTION_RETIRE, "retire",
     "Take servers out of reports and rollouts; their workers may not connect",
     "muster server retire acme/prod/WEB-01 --reason 'machine was scrapped'", nullptr,
     "Out of reports and rollouts. Back: muster server restore. Gone for good, with the name free "
     "again: muster server delete"},
    {Request::ACTION_RESTORE, "restore", "Bring retired or rejected servers back",
     "muster server restore acme/prod/WEB-01", nullptr,
     "A retired one is registered again, and its worker needs a new token: muster token create; a "
     "rejected one is pending again: muster server admit"},
    {Request::ACTION_BAN, "ban", "End the workers' right to connect; no token brings them back",
     "muster server ban acme/prod/WEB-01 --reason 'stolen laptop'", nullptr,
     "The worker is out and stays out until 'muster server unban'."},
    {Request::ACTION_UNBAN, "unban", "Let banned servers enroll again",
     "muster server unban acme/prod/WEB-01", nullptr,
     "Registered again; the worker needs a new token: muster token create"},
    {Request::ACTION_DELETE, "delete", "Forget servers that are retired or were never seen",
     "muster server delete acme/prod/WEB-01 --yes",
     "deleted with history in rollouts, for good; audit events stay.",
     "Deleted; the name is free again."},
};

struct LifeFlags {
  std::vector<std::string> servers;
  std::string reason;
  std::string new_name;
  bool yes = false;
};

absl::StatusOr<ExitCode> ChangeServers(Context& context, const LifeVerb& verb,
                                       const LifeFlags& flags) {
  if (verb.question != nullptr) {
    RETURN_IF_ERROR(Confirm(context, flags.yes,
                            absl::StrCat(absl::StrJoin(flags.servers, ", "), ": ", verb.question)));
  }
  ASSIGN_OR_RETURN(
      const Several changed,
      CallForEach(context, flags.servers, [&](Client& client, const std::string& server) {
        Request request;
        request.set_server(server);
        request.set_action(verb.action);
        request.set_reason(flags.reason);
        request.set_new_name(flags.new_name);
        return client.ChangeServer(request);
      }));
  context.output().Print(changed.done, MakeTable(kLifeFields, changed.done.servers()));
  if (!changed.done.servers().empty()) context.output().Say(verb.afterwards);
  return changed.code;
}

}  // namespace

void AddServerLifeCommands(CommandTree& tree) {
  CLI::App& server = tree.Noun("server", "Servers: the machines in the inventory");
  for (const LifeVerb& verb : kLifeVerbs) {
    auto flags = std::make_shared<LifeFlags>();
    CLI::App& app = tree.Verb(
        server, verb.name, verb.description, verb.example,
        [flags, &verb](Context& context) { return ChangeServers(context, verb, *flags); });
    app.add_option("server", flags->servers, "Server ids (srv-…) or tenant/zone/name")->required();
    app.add_option("--reason", flags->reason, "Kept in the audit log");
    if (verb.question != nullptr) AddYesFlag(app, flags->yes);
  }
  static constexpr LifeVerb kRename = {
      Request::ACTION_RENAME, "", "", "", nullptr, "Renamed; its worker stays enrolled."};
  auto flags = std::make_shared<LifeFlags>();
  flags->servers.resize(1);
  CLI::App& rename =
      tree.Verb(server, "rename", "Give a server another name; its identity stays",
                "muster server rename acme/prod/WEB-01 web-01.corp.example",
                [flags](Context& context) { return ChangeServers(context, kRename, *flags); });
  rename.add_option("server", flags->servers[0], "Server id (srv-…) or tenant/zone/name")
      ->required();
  rename.add_option("new-name", flags->new_name, "The new name, without tenant and zone")
      ->required();
  rename.add_option("--reason", flags->reason, "Kept in the audit log");
}

}  // namespace muster::cli
