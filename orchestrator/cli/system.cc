#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "muster/admin/v1/system.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr size_t kMostHeadBytes = 3 << 20;  // Of one call, with room for the rest of the message.

using v1::SystemStatus;

std::string NotReadyBecause(const SystemStatus& status) {
  if (status.ready()) return "yes";
  std::string why = "no";
  for (const v1::SystemCheck& check : status.checks()) {
    if (check.result() == "problem") absl::StrAppend(&why, "; ", check.name(), ": ", check.seen());
  }
  return why;
}

constexpr Field<SystemStatus> kStatusFields[] = {
    {"version", Show::kAlways, [](const SystemStatus& s) { return s.version(); }},
    {"started", Show::kAlways, [](const SystemStatus& s) { return TextOf(s.start_time()); },
     Unit::kTime},
    {"workers_connected", Show::kAlways,
     [](const SystemStatus& s) { return absl::StrCat(s.sessions()); }},
    {"running_rollouts", Show::kAlways,
     [](const SystemStatus& s) { return absl::StrCat(s.running_rollouts()); }},
    {"store", Show::kAlways,
     [](const SystemStatus& s) {
       return s.store_read_only() ? absl::StrCat("read-only: ", s.store_reason())
                                  : std::string("ok");
     }},
    {"schema_version", Show::kAlways,
     [](const SystemStatus& s) { return absl::StrCat(s.schema_version()); }},
    {"ca_fingerprint", Show::kAlways, [](const SystemStatus& s) { return s.ca_fingerprint(); }},
    {"ca_expires", Show::kAlways, [](const SystemStatus& s) { return TextOf(s.ca_expire_time()); },
     Unit::kTime},
    {"ready", Show::kAlways, [](const SystemStatus& s) { return NotReadyBecause(s); }},
    {"disk_free", Show::kAlways,
     [](const SystemStatus& s) {
       return s.has_disk_free_bytes() ? absl::StrCat(s.disk_free_bytes() >> 20, " MiB")
                                      : std::string("not known");
     }},
    {"open_files", Show::kDetails,
     [](const SystemStatus& s) {
       return s.open_files_limit() == 0
                  ? std::string()
                  : absl::StrCat(s.open_files(), " of ", s.open_files_limit());
     }},
    {"last_backup", Show::kAlways,
     [](const SystemStatus& s) {
       return s.has_last_backup_time() ? TextOf(s.last_backup_time()) : std::string("none");
     }},
    {"restored_from_backup_of", Show::kDetails,
     [](const SystemStatus& s) {
       return s.has_restored_backup_time() ? TextOf(s.restored_backup_time()) : std::string();
     }},
};

std::string RefusedText(const v1::ListenerCounts& listener) {
  std::vector<std::string> reasons;
  for (const auto& refused : listener.refused()) {
    reasons.push_back(absl::StrCat(refused.count(), " ", refused.reason()));
  }
  return absl::StrJoin(reasons, ", ");
}

constexpr Field<v1::ListenerCounts> kListenerFields[] = {
    {"listener", Show::kAlways, [](const v1::ListenerCounts& l) { return l.name(); }},
    {"connections", Show::kAlways,
     [](const v1::ListenerCounts& l) { return absl::StrCat(l.connections()); }},
    {"limit", Show::kAlways, [](const v1::ListenerCounts& l) { return absl::StrCat(l.limit()); }},
    {"handshakes", Show::kAlways,
     [](const v1::ListenerCounts& l) { return absl::StrCat(l.handshakes()); }},
    {"taken", Show::kAlways, [](const v1::ListenerCounts& l) { return absl::StrCat(l.taken()); }},
    {"refused_since_start", Show::kAlways, RefusedText, Unit::kProse},
};

constexpr Field<v1::AuditEvent> kEventFields[] = {
    {"sequence", Show::kAlways, [](const v1::AuditEvent& e) { return absl::StrCat(e.sequence()); }},
    {"time", Show::kAlways, [](const v1::AuditEvent& e) { return TextOf(e.time()); }, Unit::kTime},
    {"actor", Show::kAlways, [](const v1::AuditEvent& e) { return e.actor(); }, Unit::kName},
    {"action", Show::kAlways, [](const v1::AuditEvent& e) { return e.action(); }},
    {"subject", Show::kAlways, [](const v1::AuditEvent& e) { return e.subject(); }, Unit::kName},
    {"tenant", Show::kDetails, [](const v1::AuditEvent& e) { return e.tenant_id(); }},
    {"detail", Show::kAlways, [](const v1::AuditEvent& e) { return e.detail(); }, Unit::kProse},
};

constexpr Field<v1::VerifyAuditResponse> kAuditFields[] = {
    {"intact", Show::kAlways,
     [](const v1::VerifyAuditResponse& a) { return std::string(a.intact() ? "yes" : "no"); }},
    {"state", Show::kAlways, [](const v1::VerifyAuditResponse& a) { return WordOf(a.state()); }},
    {"heads", Show::kAlways,
     [](const v1::VerifyAuditResponse& a) { return absl::StrCat(a.heads()); }},
    {"checkpoint", Show::kDetails,
     [](const v1::VerifyAuditResponse& a) { return absl::StrCat(a.checkpoint()); }},
    {"last_sequence", Show::kDetails,
     [](const v1::VerifyAuditResponse& a) { return absl::StrCat(a.last_sequence()); }},
    {"events", Show::kAlways,
     [](const v1::VerifyAuditResponse& a) { return absl::StrCat(a.events()); }},
    {"first_bad_sequence", Show::kAlways,
     [](const v1::VerifyAuditResponse& a) {
       return a.first_bad_sequence() == 0 ? std::string() : absl::StrCat(a.first_bad_sequence());
     }},
};

absl::StatusOr<ExitCode> ShowStatus(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const SystemStatus status, client->GetStatus({}));
  context.output().PrintDetails(status, MakeRow(kStatusFields, status));
  if (context.output().for_people() && !status.listeners().empty()) {
    context.output().Say("");
    context.output().Print(MakeTable(kListenerFields, status.listeners()));
  }
  return ExitCode::kOk;
}

struct AuditFlags {
  std::string subject;
  std::string since;
  std::string until;
  std::string actor;
  int limit = 100;
};

absl::StatusOr<ExitCode> ListAudit(Context& context, const AuditFlags& flags) {
  v1::ListAuditEventsRequest request;
  request.set_subject(flags.subject);
  request.set_actor(flags.actor);
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_since(),
                     ParseTimeFlag("--since", flags.since, context.environment()));
  }
  if (!flags.until.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_until(),
                     ParseTimeFlag("--until", flags.until, context.environment()));
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListAuditEventsResponse response,
                   client->ListAuditEvents(request, flags.limit));
  context.output().Print(response, MakeTable(kEventFields, response.events()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowHeads(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListAuditHeadsResponse response, client->ListAuditHeads());
  Table table{{{"head"}}, {}};
  for (const std::string& line : response.lines()) table.rows.push_back({line});
  if (context.output().for_people()) {
    for (const std::string& line : response.lines()) context.output().Say(line);
  } else {
    context.output().Print(response, table);
  }
  return ExitCode::kOk;
}

constexpr const char* kHeadKinds[] = {"head ", "checkpoint ", "restored "};
constexpr int kHeadWords = 7;

// The signed head in a line: the line, where it begins as one; else what looks like one in it.
std::string HeadIn(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  for (const absl::string_view kind : kHeadKinds) {
    const size_t at = line.find(kind);
    if (at == 0) return std::string(line);
    if (at == absl::string_view::npos) continue;
    std::vector<absl::string_view> words =
        absl::StrSplit(line.substr(at), absl::MaxSplits(' ', kHeadWords - 1));
    if (words.size() != kHeadWords || words[1].empty() ||
        words[1].find_first_not_of("0123456789") != absl::string_view::npos) {
      continue;
    }
    words.back() = words.back().substr(0, words.back().find_first_not_of("0123456789abcdef"));
    return absl::StrJoin(words, " ");
  }
  return "";
}

absl::StatusOr<ExitCode> VerifyAudit(Context& context, const std::string& heads_file) {
  v1::VerifyAuditRequest request;
  if (!heads_file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(heads_file, kMostHeadBytes));
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      if (std::string head = HeadIn(line); !head.empty())
        request.add_exported_heads(std::move(head));
    }
    if (request.exported_heads().empty()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no signed head in ", heads_file));
    }
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::VerifyAuditResponse response, client->VerifyAudit(request));
  context.output().PrintDetails(response, MakeRow(kAuditFields, response));
  for (const std::string& remark : response.remarks()) context.output().Hint(remark);
  if (response.intact()) return ExitCode::kOk;
  context.output().Hint(
      "The audit log was changed from outside. Keep the data directory as it is, compare it with a "
      "backup, and find out who had access.");
  return ExitCode::kNotAllWell;
}

}  // namespace

void AddSystemCommands(CommandTree& tree) {
  CLI::App& system = tree.Noun("system", "The orchestrator itself");
  tree.Verb(system, "status", "Show version, store, certificate authority and load",
            "muster system status", ShowStatus);

  CLI::App& audit = tree.Noun("audit", "The audit log: every change and every refusal");
  auto flags = std::make_shared<AuditFlags>();
  CLI::App& list =
      tree.Verb(audit, "list", "List audit events, newest first",
                "muster audit list --since 7d --actor opr-mzxw6ytboi4dcmrtgq2t --limit 20",
                [flags](Context& context) { return ListAudit(context, *flags); });
  list.add_option("--subject", flags->subject, "Only events about this id");
  list.add_option("--since", flags->since,
                  "Only events from then on: 2h, 7d (ago), 2026-07-18 or 2026-07-18T09:00:00Z");
  list.add_option("--until", flags->until, "Only events before then, written likewise");
  list.add_option("--actor", flags->actor, "Only what this operator or worker did, by its id");
  list.add_option("--limit", flags->limit, "At most so many; 0: all (default: 100)")
      ->check(LimitProblem);
  tree.Verb(audit, "heads", "Show the signed heads of the log, to keep them elsewhere",
            "muster audit heads >> /mnt/elsewhere/muster-heads.log", ShowHeads);
  auto heads_file = std::make_shared<std::string>();
  CLI::App& verify = tree.Verb(
      audit, "verify", "Recompute the whole log's chain and hold it against its signed heads",
      "muster audit verify --heads /mnt/elsewhere/muster-heads.log",
      [heads_file](Context& context) { return VerifyAudit(context, *heads_file); });
  verify
      .add_option("--heads", *heads_file,
                  "Also against these: of 'muster audit heads', or a report that was kept")
      ->type_name("FILE");

  tree.Verb(tree.root(), "version", "Show this program's version", "muster version",
            [](Context& context) -> absl::StatusOr<ExitCode> {
              if (context.output().for_people()) {
                context.output().Say(absl::StrCat("muster ", MUSTER_VERSION));
              } else {
                context.output().Print(Table{{{"version"}}, {{MUSTER_VERSION}}});
              }
              return ExitCode::kOk;
            });
}

}  // namespace muster::cli
