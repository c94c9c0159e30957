#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/server.h"
#include "orchestrator/cli/server_file.h"
#include "orchestrator/cli/several.h"
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

// "E-CLOCK-SKEW: the server's clock is 3h behind (4 times since 2026-07-18T09:00:00Z). Set it."
std::string ObservedText(const v1::Server& server) {
  std::string text;
  for (const v1::Observation& seen : server.observations()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", seen.failure().code(), ": ",
                    seen.failure().detail(), " (", seen.times(), " times since ",
                    TextOf(seen.first_seen_time()), "). ", seen.failure().remedy());
  }
  return text;
}

std::string KeyStateText(const v1::Server& server) {
  if (server.key_fingerprint().empty()) return "";
  return server.key_waits() ? "waits" : "in use";
}

constexpr Field<v1::Server> kServerFields[] = {
    {"zone", Show::kAlways, [](const v1::Server& s) { return s.zone_id(); }, Unit::kName},
    {"name", Show::kAlways, [](const v1::Server& s) { return s.name(); }, Unit::kName},
    {"server_id", Show::kDetails, [](const v1::Server& s) { return s.server_id(); }},
    {"enrollment", Show::kAlways, [](const v1::Server& s) { return WordOf(s.enrollment()); }},
    {"connectivity", Show::kAlways, [](const v1::Server& s) { return WordOf(s.connectivity()); }},
    {"admission", Show::kAlways, [](const v1::Server& s) { return WordOf(s.admission()); }},
    {"failure", Show::kAlways, [](const v1::Server& s) { return s.failure().code(); }, Unit::kName},
    {"failure_detail", Show::kDetails, [](const v1::Server& s) { return s.failure().detail(); }},
    {"remedy", Show::kDetails, [](const v1::Server& s) { return s.failure().remedy(); }},
    {"observed", Show::kDetails, ObservedText},
    {"key_fingerprint", Show::kDetails, [](const v1::Server& s) { return s.key_fingerprint(); },
     Unit::kName},
    {"key_state", Show::kDetails, KeyStateText},
    {"looks_like", Show::kDetails,
     [](const v1::Server& s) { return absl::StrJoin(s.looks_like(), ", "); }},
    {"labels", Show::kAlways, [](const v1::Server& s) { return TextOf(s.labels()); }},
    {"hub_instance_id", Show::kDetails, [](const v1::Server& s) { return s.hub_instance_id(); }},
    {"match_kind", Show::kDetails, [](const v1::Server& s) { return WordOf(s.match_kind()); }},
    {"questioned", Show::kDetails, [](const v1::Server& s) { return TextOf(s.questioned_time()); },
     Unit::kTime},
    {"verified", Show::kAlways, [](const v1::Server& s) { return TextOf(s.verified_time()); },
     Unit::kTime},
    {"last_contact", Show::kDetails,
     [](const v1::Server& s) { return TextOf(s.last_contact_time()); }, Unit::kTime},
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
    {"created", Show::kDetails, [](const v1::Server& s) { return TextOf(s.create_time()); },
     Unit::kTime},
};

// What is to be known of who waits for admission.
constexpr Field<v1::Server> kPendingFields[] = {
    {"zone", Show::kAlways, [](const v1::Server& s) { return s.zone_id(); }},
    {"name", Show::kAlways, [](const v1::Server& s) { return s.name(); }},
    {"server_id", Show::kDetails, [](const v1::Server& s) { return s.server_id(); }},
    {"machine_name", Show::kAlways, [](const v1::Server& s) { return s.machine().machine_name(); }},
    {"created", Show::kAlways, [](const v1::Server& s) { return TextOf(s.create_time()); },
     Unit::kTime},
    {"key_fingerprint", Show::kAlways, [](const v1::Server& s) { return s.key_fingerprint(); },
     Unit::kName},
};

struct Entry {
  std::string server;  // acme/prod/WEB-01
  v1::ExplainServerResponse::Entry said;
};
constexpr Field<Entry> kEntryFields[] = {
    {"time", Show::kAlways, [](const Entry& e) { return TextOf(e.said.time()); }, Unit::kTime},
    {"source", Show::kAlways, [](const Entry& e) { return WordOf(e.said.source()); }},
    {"text", Show::kAlways, [](const Entry& e) { return e.said.text(); }, Unit::kProse},
    {"server", Show::kDetails, [](const Entry& e) { return e.server; }, Unit::kName},
};

void SetLabelCells(const v1::ListServersResponse& response, Table& table) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].name != "labels") continue;
    for (size_t r = 0; r < table.rows.size(); ++r) {
      table.rows[r][i] = LabelsCell(response.servers(static_cast<int>(r)).labels());
    }
  }
}

struct ListFlags {
  SelectionFlags selection;
  std::vector<std::string> enrollments;
  std::vector<std::string> connectivities;
  std::vector<std::string> admissions;
  bool pending = false;
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
  for (const std::string& text : flags.connectivities) {
    ASSIGN_OR_RETURN(const types::v1::Connectivity connectivity,
                     ParseWordFlag<types::v1::Connectivity>("--connectivity", text));
    request.add_connectivities(connectivity);
  }
  for (const std::string& text : flags.admissions) {
    ASSIGN_OR_RETURN(const types::v1::Admission admission,
                     ParseWordFlag<types::v1::Admission>("--admission", text));
    request.add_admissions(admission);
  }
  if (flags.pending) request.add_admissions(types::v1::ADMISSION_PENDING);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListServersResponse response,
                   client->ListServers(request, flags.limit));
  if (flags.pending) {
    context.output().Print(response, MakeTable(kPendingFields, response.servers()));
    context.output().Say(
        absl::StrCat(Counted(response.servers_size(), "server"),
                     response.servers_size() == 0
                         ? "."
                         : ". Compare the key with what 'muster-worker status' says on the machine "
                           "before 'muster server admit'."));
    return ExitCode::kOk;
  }
  Table table = MakeTable(kServerFields, response.servers());
  // As a file that can be imported again.
  if (context.output().format() == OutputFormat::kCsv) SetLabelCells(response, table);
  context.output().Print(response, table);
  context.output().Say(absl::StrCat(Counted(response.servers_size(), "server"), "."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowServers(Context& context, const std::vector<std::string>& servers) {
  ASSIGN_OR_RETURN(const Several shown,
                   CallForEach(context, servers, [](Client& client, const std::string& server) {
                     v1::GetServerRequest request;
                     request.set_server(server);
                     return client.GetServer(request);
                   }));
  PrintServers(context, shown.done, servers.size(), /*details=*/true);
  return shown.code;
}

std::vector<Entry> EntriesOf(const v1::ExplainServerResponse& response) {
  std::vector<Entry> entries;
  for (const auto& entry : response.entries()) {
    entries.push_back(
        {absl::StrCat(response.server().zone_id(), "/", response.server().name()), entry});
  }
  return entries;
}

// One server as the answer of its call, several as a list.
void PrintStories(Context& context, const std::vector<v1::ExplainServerResponse>& stories,
                  size_t asked) {
  Output& output = context.output();
  if (output.for_people()) {
    for (size_t i = 0; i < stories.size(); ++i) {
      output.Say(absl::StrCat(i == 0 ? "" : "\n", stories[i].summary(), "\n"));
      output.Print(MakeTable(kEntryFields, EntriesOf(stories[i])));
    }
    return;
  }
  std::vector<Entry> entries;
  std::vector<const google::protobuf::Message*> messages;
  for (const v1::ExplainServerResponse& story : stories) {
    messages.push_back(&story);
    for (Entry& entry : EntriesOf(story)) entries.push_back(std::move(entry));
  }
  const Table table = MakeTable(kEntryFields, entries);
  if (asked == 1) {
    output.Print(stories[0], table);
  } else {
    output.PrintList("explanations", messages, table);
  }
}

absl::StatusOr<ExitCode> ExplainServers(Context& context, const std::vector<std::string>& servers) {
  std::vector<v1::ExplainServerResponse> stories;
  ASSIGN_OR_RETURN(
      const Several told,
      CallForEach(
          context, servers,
          [&stories](Client& client, const std::string& server) -> absl::StatusOr<v1::Server> {
            v1::GetServerRequest request;
            request.set_server(server);
            ASSIGN_OR_RETURN(v1::ExplainServerResponse story, client.ExplainServer(request));
            stories.push_back(std::move(story));
            return stories.back().server();
          }));
  PrintStories(context, stories, servers.size());
  return told.code;
}

struct EvictFlags {
  std::vector<std::string> servers;
  std::string reason;
};

absl::StatusOr<ExitCode> EvictServers(Context& context, const EvictFlags& flags) {
  ASSIGN_OR_RETURN(
      const Several evicted,
      CallForEach(context, flags.servers, [&flags](Client& client, const std::string& server) {
        v1::EvictServerRequest request;
        request.set_server(server);
        request.set_reason(flags.reason);
        return client.EvictServer(request);
      }));
  PrintServers(context, evicted.done, flags.servers.size(), /*details=*/false);
  if (flags.servers.size() == 1) {
    const v1::Server& server = evicted.done.servers(0);
    context.output().Say(
        absl::StrCat("The worker is out. To let it back in: muster token create --zone ",
                     server.zone_id(), " --server-name ", server.name()));
  }
  return evicted.code;
}

struct ReleaseFlags {
  std::string server;
  std::string reason;
};

absl::StatusOr<ExitCode> ReleaseRecord(Context& context, const ReleaseFlags& flags) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::ReleaseServerRecordRequest request;
  request.set_server(flags.server);
  request.set_reason(flags.reason);
  ASSIGN_OR_RETURN(const v1::Server response, client->ReleaseServerRecord(request));
  context.output().PrintDetails(response, MakeRow(kServerFields, response));
  context.output().Say(
      "The hub's record is nobody's. Run a rollout over the server that it belongs to.");
  return ExitCode::kOk;
}

struct CureFlags {
  std::string server;
  std::string keep;
  std::string reason;
};

absl::StatusOr<ExitCode> CureClone(Context& context, const CureFlags& flags) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::CureCloneRequest request;
  request.set_server(flags.server);
  request.set_machine(flags.keep);
  request.set_reason(flags.reason);
  ASSIGN_OR_RETURN(const v1::Server response, client->CureClone(request));
  context.output().PrintDetails(response, MakeRow(kServerFields, response));
  context.output().Say(absl::StrCat(
      flags.keep,
      " goes on; every other machine with this identity is refused with E-SESSION-PUT-OUT. To take "
      "one in as a server of its own: muster token create --zone ",
      response.zone_id(),
      " --server-name NEW-NAME, then on it: muster-worker enroll --token-file FILE --server-name "
      "NEW-NAME"));
  return ExitCode::kOk;
}

struct SettleFlags {
  std::vector<std::string> servers;
  std::string reason;
  bool absent = false;
  bool joined = false;
};

absl::StatusOr<ExitCode> SettleServers(Context& context, const SettleFlags& flags) {
  if (!flags.absent && !flags.joined) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         "say what you found on the server: --absent or --joined");
  }
  ASSIGN_OR_RETURN(
      const Several settled,
      CallForEach(context, flags.servers, [&flags](Client& client, const std::string& server) {
        v1::SettleServerRequest request;
        request.set_server(server);
        request.set_reason(flags.reason);
        request.set_verdict(flags.joined ? v1::SettleServerRequest::VERDICT_JOINED
                                         : v1::SettleServerRequest::VERDICT_ABSENT);
        return client.SettleServer(request);
      }));
  PrintServers(context, settled.done, flags.servers.size(), /*details=*/false);
  if (settled.done.servers().empty()) return settled.code;
  context.output().Say(
      flags.joined
          ? absl::StrCat("The hub is asked to prove it. To see what it says: muster verify --zone ",
                         settled.done.servers(0).zone_id())
          : std::string(
                "The doubt is over; the server's rollout, or the next one, tries it again."));
  return settled.code;
}

void AddExplainVerb(CommandTree& tree, CLI::App& parent, const char* name, const char* example) {
  auto servers = std::make_shared<std::vector<std::string>>();
  CLI::App& verb =
      tree.Verb(parent, name, "Tell why servers are where they are, in order of time", example,
                [servers](Context& context) { return ExplainServers(context, *servers); });
  verb.add_option("server", *servers, "Server ids (srv-…) or tenant/zone/name")->required();
}

}  // namespace

void PrintServers(Context& context, const v1::ListServersResponse& servers, size_t asked,
                  bool details) {
  if (asked == 1) {
    const v1::Server& server = servers.servers(0);
    context.output().PrintDetails(server, MakeRow(kServerFields, server));
  } else if (details) {
    context.output().PrintDetails(servers, MakeTable(kServerFields, servers.servers()));
  } else {
    context.output().Print(servers, MakeTable(kServerFields, servers.servers()));
  }
}

void AddServerCommands(CommandTree& tree) {
  CLI::App& server = tree.Noun("server", "Servers: the machines in the inventory");
  auto flags = std::make_shared<ListFlags>();
  CLI::App& list = tree.Verb(
      server, "list", "List servers and where they stand",
      "muster server list --zone acme/prod --enrollment failed,in_doubt --label site=berlin",
      [flags](Context& context) { return ListServers(context, *flags); });
  flags->selection.AddTo(list);
  const auto add_states = [&list](const char* flag, std::vector<std::string>& states,
                                  const char* description, const std::vector<std::string>& words) {
    list.add_option(flag, states, description)
        ->allow_extra_args(false)
        ->delimiter(',')
        ->check(CLI::IsMember(words));
  };
  add_states("--enrollment", flags->enrollments,
             "Only servers in this enrollment state; any may match",
             WordsOf<types::v1::Enrollment>());
  add_states("--connectivity", flags->connectivities,
             "Only servers whose worker is online, offline, …; any may match",
             WordsOf<types::v1::Connectivity>());
  add_states("--admission", flags->admissions,
             "Only servers in this admission state; any may match",
             WordsOf<types::v1::Admission>());
  list.add_flag("--pending", flags->pending,
                "Only servers that wait for admission, with their keys");
  list.add_option("--limit", flags->limit, "At most so many; 0: all")->check(LimitProblem);

  auto shown = std::make_shared<std::vector<std::string>>();
  CLI::App& show = tree.Verb(server, "show", "Show all that is known of servers",
                             "muster server show acme/prod/WEB-01 acme/prod/WEB-02",
                             [shown](Context& context) { return ShowServers(context, *shown); });
  show.add_option("server", *shown, "Server ids (srv-…) or tenant/zone/name")->required();

  AddExplainVerb(tree, server, "explain", "muster server explain acme/prod/WEB-01");

  auto evict_flags = std::make_shared<EvictFlags>();
  CLI::App& evict = tree.Verb(
      server, "evict", "End the workers' right to connect; they may come back with a new token",
      "muster server evict acme/prod/WEB-01 --reason 'disk was cloned'",
      [evict_flags](Context& context) { return EvictServers(context, *evict_flags); });
  evict.add_option("server", evict_flags->servers, "Server ids (srv-…) or tenant/zone/name")
      ->required();
  evict.add_option("--reason", evict_flags->reason, "Kept in the audit log");

  auto release_flags = std::make_shared<ReleaseFlags>();
  CLI::App& release = tree.Verb(
      server, "release-record", "Take the hub's record from a server that has it wrongly",
      "muster server release-record acme/prod/WEB-01 --reason 'it is the record of WEB-02'",
      [release_flags](Context& context) { return ReleaseRecord(context, *release_flags); });
  release.add_option("server", release_flags->server, "Server id or tenant/zone/name")->required();
  release.add_option("--reason", release_flags->reason, "Kept in the audit log");

  auto cure_flags = std::make_shared<CureFlags>();
  CLI::App& cure = tree.Verb(
      server, "cure-clone", "Say which of several machines with a server's identity goes on",
      "muster server cure-clone acme/prod/WEB-01 --keep mch-2aq7ytboi2224mrtgq2t "
      "--reason 'the other is a copy'",
      [cure_flags](Context& context) { return CureClone(context, *cure_flags); });
  cure.add_option("server", cure_flags->server, "Server id or tenant/zone/name")->required();
  cure.add_option("--keep", cure_flags->keep,
                  "The machine: its id (mch-…), as the finding says it, or its name")
      ->required();
  cure.add_option("--reason", cure_flags->reason, "Kept in the audit log");

  auto settle_flags = std::make_shared<SettleFlags>();
  CLI::App& settle =
      tree.Verb(server, "settle", "End the doubt about servers' joins, after a look at them",
                "muster server settle acme/prod/WEB-01 --absent --reason 'its disk was replaced'",
                [settle_flags](Context& context) { return SettleServers(context, *settle_flags); });
  settle.add_option("server", settle_flags->servers, "Server ids (srv-…) or tenant/zone/name")
      ->required();
  CLI::Option* absent =
      settle.add_flag("--absent", settle_flags->absent, "The join did not happen: try it again");
  CLI::Option* joined =
      settle.add_flag("--joined", settle_flags->joined, "It happened: let the hub's list prove it");
  absent->excludes(joined);
  settle.add_option("--reason", settle_flags->reason, "Kept in the audit log");

  CLI::App& explain = tree.Noun("explain", "Why something is as it is");
  AddExplainVerb(tree, explain, "server", "muster explain server acme/prod/WEB-01");
}

}  // namespace muster::cli
