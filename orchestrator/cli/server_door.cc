// muster server admit and reject: who waits at the door.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/server.h"
#include "orchestrator/cli/several.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

// Of admit and of reject.
struct DoorFlags {
  std::vector<std::string> servers;
  SelectionFlags selection;
  bool pending = false;
  std::string reason;
  std::string fingerprint;  // Of admit.
  bool yes = false;         // Likewise.
};

// The servers that wait for admission.
absl::StatusOr<std::vector<v1::Server>> ListPending(Context& context,
                                                    const SelectionFlags& selection) {
  v1::ListServersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), selection.ToProto());
  request.add_admissions(types::v1::ADMISSION_PENDING);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListServersResponse servers,
                   client->ListServers(std::move(request), /*limit=*/0));
  std::vector<v1::Server> pending;
  for (const v1::Server& server : servers.servers()) {
    if (server.admission() == types::v1::ADMISSION_PENDING) pending.push_back(server);
  }
  return pending;
}

using DoorCall = std::function<absl::StatusOr<v1::Server>(Client&, const std::string&)>;
// Asked before the calls, with those servers of which something is known yet.
using DoorQuestion = std::function<absl::Status(const std::vector<v1::Server>&)>;

absl::StatusOr<Several> AtTheDoor(Context& context, const DoorFlags& flags, const DoorQuestion& ask,
                                  const DoorCall& call) {
  std::vector<std::string> servers = flags.servers;
  if (flags.pending != servers.empty() || (!flags.pending && !flags.selection.empty())) {
    return absl::InvalidArgumentError(
        "name the servers, or say --pending for all that wait, with --tenant, --zone, --label or "
        "--name for some of them; not both");
  }
  if (flags.pending) {
    ASSIGN_OR_RETURN(const std::vector<v1::Server> pending, ListPending(context, flags.selection));
    if (pending.empty()) {
      PrintServers(context, v1::ListServersResponse(), 0, /*details=*/false);
      context.output().Say("No server waits for admission.");
      return Several();
    }
    for (const v1::Server& server : pending) servers.push_back(server.server_id());
    RETURN_IF_ERROR(ask(pending));
  } else {
    RETURN_IF_ERROR(ask({}));
  }
  ASSIGN_OR_RETURN(Several done, CallForEach(context, servers, call));
  // With --pending the number of servers is no choice of the caller's: it is always a list.
  PrintServers(context, done.done, flags.pending ? 2 : servers.size(), /*details=*/false);
  return done;
}

// As the servers' answers write it; empty for none. Colons, blanks and capitals are other tools'.
absl::StatusOr<std::string> FingerprintOf(const std::string& text) {
  std::string hex;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    hex.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  const bool is_hex =
      std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (text.empty() || (is_hex && hex.size() == 64)) return hex;
  return absl::InvalidArgumentError(
      "--fingerprint: not the 64 hexadecimal digits that 'muster-worker status' says after 'key'");
}

// What is known of servers that are named, as far as they are found: who is not is told by the call.
std::vector<v1::Server> LookAt(Client& client, const std::vector<std::string>& servers) {
  std::vector<v1::Server> found;
  for (const std::string& server : servers) {
    v1::GetServerRequest request;
    request.set_server(server);
    if (auto shown = client.GetServer(request); shown.ok()) found.push_back(*std::move(shown));
  }
  return found;
}

std::string FullName(const v1::Server& server) {
  return absl::StrCat(server.zone_id(), "/", server.name());
}

// Whoever is let in is let in with the key that was shown here, or with none.
absl::StatusOr<ExitCode> AdmitServers(Context& context, const DoorFlags& flags) {
  ASSIGN_OR_RETURN(const std::string fingerprint, FingerprintOf(flags.fingerprint));
  if (!fingerprint.empty() && flags.servers.size() != 1) {
    return absl::InvalidArgumentError("--fingerprint is of one server; name it, and no other");
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  std::map<std::string, std::string> keys;  // By id and by full name.
  const auto ask = [&](const std::vector<v1::Server>& pending) -> absl::Status {
    std::string question = "Let in:\n";
    bool any = false;
    for (const v1::Server& server : flags.pending ? pending : LookAt(*client, flags.servers)) {
      if (!server.key_waits()) continue;
      any = true;
      keys[server.server_id()] = keys[FullName(server)] = server.key_fingerprint();
      absl::StrAppend(&question, "  ", FullName(server), "  key ", server.key_fingerprint(),
                      server.looks_like().empty() ? "" : "\n    looks like ",
                      absl::StrJoin(server.looks_like(), ", "), "\n");
    }
    if (!any || !fingerprint.empty()) return absl::OkStatus();
    return Confirm(context, flags.yes,
                   absl::StrCat(question, "'muster-worker status' says each machine's key."));
  };
  ASSIGN_OR_RETURN(
      const Several admitted,
      AtTheDoor(context, flags, ask, [&](Client& connected, const std::string& server) {
        v1::AdmitServerRequest request;
        request.set_server(server);
        const auto shown = keys.find(server);
        request.set_key_fingerprint(!fingerprint.empty()  ? fingerprint
                                    : shown != keys.end() ? shown->second
                                                          : "");
        return connected.AdmitServer(request);
      }));
  for (const v1::Server& server : admitted.done.servers()) {
    if (server.looks_like().empty()) continue;
    context.output().Hint(absl::StrCat(FullName(server), " looks like ",
                                       absl::StrJoin(server.looks_like(), ", "),
                                       " of the same zone: is it the machine that was meant?"));
  }
  return admitted.code;
}

absl::StatusOr<ExitCode> RejectServers(Context& context, const DoorFlags& flags) {
  const auto nobody_is_asked = [](const std::vector<v1::Server>&) { return absl::OkStatus(); };
  ASSIGN_OR_RETURN(const Several rejected,
                   AtTheDoor(context, flags, nobody_is_asked,
                             [&flags](Client& client, const std::string& server) {
                               v1::ChangeServerRequest request;
                               request.set_server(server);
                               request.set_action(v1::ChangeServerRequest::ACTION_REJECT);
                               request.set_reason(flags.reason);
                               return client.ChangeServer(request);
                             }));
  if (!rejected.done.servers().empty()) {
    context.output().Say(
        "Not let in. Taken back by 'muster server admit', or 'muster server restore' to wait "
        "again.");
  }
  return rejected.code;
}

}  // namespace

void AddServerDoorCommands(CommandTree& tree) {
  CLI::App& server = tree.Noun("server", "Servers: the machines in the inventory");
  const auto add_door_flags = [](CLI::App& verb, DoorFlags& door) {
    verb.add_option("server", door.servers, "Server ids (srv-…) or tenant/zone/name");
    door.selection.AddTo(verb);
    verb.add_flag("--pending", door.pending, "All selected servers that wait for admission");
  };
  auto admit_flags = std::make_shared<DoorFlags>();
  CLI::App& admit =
      tree.Verb(server, "admit", "Let pending or rejected servers in, each with the key that waits",
                "muster server admit acme/prod/WEB-01 acme/prod/WEB-02\n"
                "  muster server admit acme/prod/WEB-01 --fingerprint \"$KEY\"\n"
                "  muster server admit --zone acme/prod --pending --yes",
                [admit_flags](Context& context) { return AdmitServers(context, *admit_flags); });
  add_door_flags(admit, *admit_flags);
  admit.add_option("--fingerprint", admit_flags->fingerprint,
                   "The key that is meant, as 'muster-worker status' says it on the machine; then "
                   "nothing is asked");
  AddYesFlag(admit, admit_flags->yes);
  auto reject_flags = std::make_shared<DoorFlags>();
  CLI::App& reject =
      tree.Verb(server, "reject", "Do not let pending servers in",
                "muster server reject acme/prod/WEB-01 --reason 'not one of ours'\n"
                "  muster server reject --zone acme/prod --pending",
                [reject_flags](Context& context) { return RejectServers(context, *reject_flags); });
  add_door_flags(reject, *reject_flags);
  reject.add_option("--reason", reject_flags->reason, "Kept in the audit log");
}

}  // namespace muster::cli
