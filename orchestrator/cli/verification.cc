#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "muster/admin/v1/verification.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/finding_table.h"
#include "orchestrator/cli/report_gather.h"
#include "orchestrator/cli/report_page.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

using ReportLine = v1::Report::ZoneLine;
using ReportProblem = v1::Report::ProblemLine;
using ReportObservation = v1::Report::ObservationLine;

constexpr absl::Duration kPagePeriod = absl::Hours(24 * 30);

constexpr Field<v1::ZoneVerification> kVerificationFields[] = {
    {"zone", Show::kAlways, [](const v1::ZoneVerification& z) { return z.zone_id(); }, Unit::kName},
    {"state", Show::kAlways, [](const v1::ZoneVerification& z) { return WordOf(z.state()); }},
    {"instances", Show::kAlways,
     [](const v1::ZoneVerification& z) { return absl::StrCat(z.instances()); }},
    {"enrolled", Show::kAlways,
     [](const v1::ZoneVerification& z) { return absl::StrCat(z.enrolled()); }},
    {"confirmed", Show::kAlways,
     [](const v1::ZoneVerification& z) { return absl::StrCat(z.confirmed()); }},
    {"degraded", Show::kAlways,
     [](const v1::ZoneVerification& z) { return absl::StrCat(z.degraded()); }},
    {"healed", Show::kAlways,
     [](const v1::ZoneVerification& z) { return absl::StrCat(z.healed()); }},
    {"failure", Show::kAlways, [](const v1::ZoneVerification& z) { return TextOf(z.failure()); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const v1::ZoneVerification& z) { return z.failure().remedy(); }},
};

constexpr Field<ReportLine> kReportLineFields[] = {
    {"zone", Show::kAlways, [](const ReportLine& z) { return z.zone_id(); }, Unit::kName},
    {"hub_url", Show::kDetails, [](const ReportLine& z) { return z.hub_url(); }},
    {"servers", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.servers()); }},
    {"enrolled", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.enrolled()); }},
    {"proven", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.proven()); }},
    {"in_progress", Show::kAlways,
     [](const ReportLine& z) { return absl::StrCat(z.in_progress()); }},
    {"failed", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.failed()); }},
    {"in_doubt", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.in_doubt()); }},
    {"not_enrolled", Show::kAlways,
     [](const ReportLine& z) { return absl::StrCat(z.not_enrolled()); }},
    {"other", Show::kAlways, [](const ReportLine& z) { return absl::StrCat(z.other()); }},
    {"hub_instances", Show::kAlways,
     [](const ReportLine& z) {
       return z.has_hub_read_time() ? absl::StrCat(z.hub_instances()) : std::string();
     }},
    {"hub_unmatched", Show::kAlways,
     [](const ReportLine& z) {
       return z.has_hub_read_time() ? absl::StrCat(z.hub_unmatched()) : std::string();
     }},
    {"hub_read", Show::kAlways,
     [](const ReportLine& z) {
       return z.has_hub_read_time() ? TextOf(z.hub_read_time()) : std::string("never");
     },
     Unit::kTime},
    {"oldest_proof", Show::kDetails,
     [](const ReportLine& z) { return TextOf(z.oldest_proof_time()); }, Unit::kTime},
    {"verify_within", Show::kDetails,
     [](const ReportLine& z) { return TextOf(z.verify_within()); }},
    {"hub_failure", Show::kDetails, [](const ReportLine& z) { return TextOf(z.hub_failure()); },
     Unit::kProse},
    {"service_account", Show::kDetails, [](const ReportLine& z) { return z.service_account(); }},
};

constexpr Field<ReportProblem> kReportProblemFields[] = {
    {"zone", Show::kAlways, [](const ReportProblem& p) { return p.zone_id(); }, Unit::kName},
    {"server", Show::kAlways, [](const ReportProblem& p) { return p.server(); }, Unit::kName},
    {"server_id", Show::kDetails, [](const ReportProblem& p) { return p.server_id(); }},
    {"enrollment", Show::kAlways, [](const ReportProblem& p) { return WordOf(p.enrollment()); }},
    {"failure", Show::kAlways, [](const ReportProblem& p) { return p.failure().code(); },
     Unit::kName},
    {"detail", Show::kAlways, [](const ReportProblem& p) { return p.failure().detail(); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const ReportProblem& p) { return p.failure().remedy(); }},
};

const types::v1::Failure& Seen(const ReportObservation& o) { return o.observation().failure(); }

constexpr Field<ReportObservation> kReportObservationFields[] = {
    {"zone", Show::kAlways, [](const ReportObservation& o) { return o.zone_id(); }, Unit::kName},
    {"server", Show::kAlways, [](const ReportObservation& o) { return o.server(); }, Unit::kName},
    {"server_id", Show::kDetails, [](const ReportObservation& o) { return o.server_id(); }},
    {"observed", Show::kAlways, [](const ReportObservation& o) { return Seen(o).code(); },
     Unit::kName},
    {"times", Show::kDetails,
     [](const ReportObservation& o) { return absl::StrCat(o.observation().times()); }},
    {"since", Show::kDetails,
     [](const ReportObservation& o) { return TextOf(o.observation().first_seen_time()); },
     Unit::kTime},
    {"last_seen", Show::kAlways,
     [](const ReportObservation& o) { return TextOf(o.observation().last_seen_time()); },
     Unit::kTime},
    {"detail", Show::kAlways, [](const ReportObservation& o) { return Seen(o).detail(); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const ReportObservation& o) { return Seen(o).remedy(); }},
};

absl::StatusOr<ExitCode> Verify(Context& context, const SelectionFlags& flags) {
  v1::VerifyNowRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.ToProto());
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::VerifyNowResponse response, client->VerifyNow(request));
  context.output().Print(response, MakeTable(kVerificationFields, response.zones()));
  ExitCode code = ExitCode::kOk;
  for (const v1::ZoneVerification& zone : response.zones()) {
    if (const int missing = zone.enrolled() - zone.confirmed(); missing > 0) {
      code = ExitCode::kNotAllWell;
      if (zone.state() != v1::READING_STATE_FAILED) {
        context.output().Hint(
            absl::StrCat(zone.zone_id(), ": the hub's list does not show ", missing, " of ",
                         Counted(zone.enrolled(), "enrolled server"),
                         "; a second reading a minute later decides, see 'muster finding list'."));
      }
    }
    if (zone.degraded() > 0) {
      code = ExitCode::kNotAllWell;
      context.output().Hint(absl::StrCat(zone.zone_id(), ": ", Counted(zone.degraded(), "server"),
                                         " enrolled until now; 'muster report --section problems' "
                                         "says why not any more."));
    }
    if (zone.state() == v1::READING_STATE_COMPLETED) continue;
    code = ExitCode::kNotAllWell;
    if (!zone.failure().remedy().empty()) {
      context.output().Hint(absl::StrCat(zone.zone_id(), ": ", zone.failure().remedy()));
    }
  }
  return code;
}

// Why what the report says of the zone's hub is not of now; empty: it is. Of a zone without servers
// nothing is claimed.
std::string UnreadText(Context& context, const ReportLine& zone) {
  if (zone.servers() == 0 || !zone.has_hub_failure()) return "";
  const std::string since =
      zone.has_hub_read_time()
          ? absl::StrCat("not read since ", context.output().TimeText(TextOf(zone.hub_read_time())))
          : "never read";
  return absl::StrCat(zone.zone_id(), ": hub ", zone.hub_url(), " ", since, ": ",
                      TextOf(zone.hub_failure()), ". ", zone.hub_failure().remedy(),
                      " 'muster hub check ", zone.zone_id(), "' looks at it step by step.");
}

struct ReportFlags {
  SelectionFlags selection;
  std::string rollout;
  std::string section;
  std::string since;
  bool html = false;
  bool check = false;
};

// What is shown.
struct Sections {
  explicit Sections(const std::string& asked)
      : zones(asked.empty() || asked == "zones"),
        problems(asked.empty() || asked == "problems"),
        observations(asked.empty() || asked == "observations"),
        findings(asked.empty() || asked == "findings"),
        unmatched(asked == "unmatched") {}
  bool zones;
  bool problems;
  bool observations;
  bool findings;
  bool unmatched;  // Of the findings, those about records of nobody.
};

// Records of the hubs that fit no server, and why.
constexpr v1::FindingKind kUnmatchedKinds[] = {v1::FINDING_KIND_GHOST, v1::FINDING_KIND_UNKNOWN,
                                               v1::FINDING_KIND_WRONG_ZONE,
                                               v1::FINDING_KIND_DUPLICATE_IDENTITY};

absl::StatusOr<v1::ListFindingsResponse> FindingsOf(Client& client, const v1::Selection& selection,
                                                    const Sections& sections) {
  v1::ListFindingsRequest request;
  request.mutable_selection()->set_tenant_id(selection.tenant_id());
  request.mutable_selection()->set_zone_id(selection.zone_id());
  if (sections.unmatched) {
    for (const v1::FindingKind kind : kUnmatchedKinds) request.add_kinds(kind);
  }
  return client.ListFindings(std::move(request), 0);
}

// The remedies of the codes that occur, once each.
void PrintRemedies(Context& context, const v1::Report& report, const Sections& sections) {
  std::map<std::string, std::pair<int, std::string>> remedies;
  const auto count_in = [&remedies](const types::v1::Failure& failure) {
    if (failure.code().empty()) return;
    auto& [count, remedy] = remedies[failure.code()];
    ++count;
    remedy = failure.remedy();
  };
  if (sections.problems) {
    for (const ReportProblem& problem : report.problems()) count_in(problem.failure());
  }
  if (sections.observations) {
    for (const ReportObservation& observation : report.observations()) count_in(Seen(observation));
  }
  if (remedies.empty()) return;
  Table table{
      {{"failure", Show::kAlways, Unit::kName}, {"servers"}, {"next", Show::kAlways, Unit::kProse}},
      {}};
  for (const auto& [code, entry] : remedies) {
    table.rows.push_back({code, absl::StrCat(entry.first), entry.second});
  }
  context.output().Say("");
  context.output().Print(table);
}

constexpr Field<v1::Report::AuditHead> kReportHeadFields[] = {
    {"sequence", Show::kAlways,
     [](const v1::Report::AuditHead& h) { return absl::StrCat(h.sequence()); }},
    {"time", Show::kAlways, [](const v1::Report::AuditHead& h) { return TextOf(h.time()); },
     Unit::kTime},
    {"hash", Show::kAlways, [](const v1::Report::AuditHead& h) { return h.hash(); }},
    {"signature", Show::kAlways, [](const v1::Report::AuditHead& h) { return h.signature(); }},
    {"head", Show::kAlways, [](const v1::Report::AuditHead& h) { return h.line(); }},
};

// One row, or none.
Table HeadOf(const v1::Report& report) {
  std::vector<v1::Report::AuditHead> heads;
  if (report.has_audit_head()) heads.push_back(report.audit_head());
  return MakeTable(kReportHeadFields, heads);
}

// The report as a page, of a tenant or a zone over a time.
absl::StatusOr<ExitCode> PrintPage(Context& context, const ReportFlags& flags,
                                   const v1::Selection& place) {
  if (!flags.rollout.empty() || !flags.section.empty() ||
      place.labels_size() + place.names_size() > 0) {
    return absl::InvalidArgumentError(
        "--html shows a tenant, a zone or all of them: leave out --rollout, --section, --label and "
        "--name");
  }
  const absl::Time now = context.environment().now();
  absl::Time from = now - kPagePeriod;
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(const auto since,
                     ParseTimeFlag("--since", flags.since, context.environment()));
    from = rpc::FromProto(since);
    if (from >= now) return absl::InvalidArgumentError("--since is not in the past");
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const ReportPageInput input, GatherReportPage(*client, place, from, now));
  context.environment().out << ReportPage(input);
  if (!flags.check) return ExitCode::kOk;
  const bool well = std::all_of(
      input.report.zones().begin(), input.report.zones().end(), [](const ReportLine& zone) {
        return zone.proven() == zone.servers() && (zone.servers() == 0 || !zone.has_hub_failure());
      });
  return well ? ExitCode::kOk : ExitCode::kNotAllWell;
}

absl::StatusOr<ExitCode> PrintReport(Context& context, const ReportFlags& flags) {
  v1::GetReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.selection.ToProto());
  if (flags.html) return PrintPage(context, flags, request.selection());
  if (!flags.since.empty()) {
    return absl::InvalidArgumentError("--since goes with --html: the other forms are of now");
  }
  request.set_rollout_id(flags.rollout);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Report report, client->GetReport(request));
  Output& output = context.output();
  const Sections sections(flags.section);
  v1::ListFindingsResponse findings;
  // They are of zones, not of rollouts, labels or names.
  const v1::Selection& selection = request.selection();
  const bool narrow =
      !flags.rollout.empty() || selection.labels_size() + selection.names_size() > 0;
  if ((sections.findings && !narrow) || sections.unmatched || flags.section == "findings") {
    ASSIGN_OR_RETURN(findings, FindingsOf(*client, selection, sections));
  }
  if (flags.section == "findings" || flags.section == "unmatched") {
    output.Print(findings, FindingTable(findings.findings()));
    return flags.check && !findings.findings().empty() ? ExitCode::kNotAllWell : ExitCode::kOk;
  }
  const Table zones = MakeTable(kReportLineFields, report.zones());
  const Table problems = MakeTable(kReportProblemFields, report.problems());
  const Table observations = MakeTable(kReportObservationFields, report.observations());
  int64_t servers = 0;
  int64_t enrolled = 0;
  int64_t proven = 0;
  std::vector<std::string> unread;
  for (const ReportLine& zone : report.zones()) {
    servers += zone.servers();
    enrolled += zone.enrolled();
    proven += zone.proven();
    if (std::string why = UnreadText(context, zone); !why.empty()) unread.push_back(std::move(why));
  }
  if (!output.for_people()) {
    // CSV holds one table: the one that is asked for.
    output.Print(report, flags.section == "zones"          ? zones
                         : flags.section == "observations" ? observations
                         : flags.section == "audit"        ? HeadOf(report)
                                                           : problems);
    // A table of CSV has no place for it.
    if (output.format() == OutputFormat::kCsv && report.has_audit_head()) {
      output.Hint(absl::StrCat("Signed audit head: ", report.audit_head().line()));
    }
  } else {
    if (sections.zones) output.Print(report, zones);
    if (sections.problems && !problems.rows.empty()) {
      if (sections.zones) output.Say("");
      output.Print(report, problems);
    }
    if (sections.observations && !observations.rows.empty()) {
      if (sections.zones) output.Say("\nObserved, whatever the enrollment:");
      output.Print(report, observations);
    }
    if (sections.findings && !findings.findings().empty()) {
      output.Say("\nFindings, what the hubs' lists show otherwise:");
      output.Print(findings, FindingTable(findings.findings()));
    }
    for (const ReportLine& zone : report.zones()) {
      if (!sections.zones || zone.service_account().empty()) continue;
      output.Say(absl::StrCat("Exception in ", zone.zone_id(), ": what belongs to account ",
                              zone.service_account(),
                              " is believed to be the Certify service (service_account)."));
    }
    if (flags.section != "zones") PrintRemedies(context, report, sections);
    if (flags.section != "audit") {
      output.Say(absl::StrCat(
          flags.section == "zones" ? "" : "\n", proven, " of ", Counted(servers, "server"),
          " proven to be enrolled by the hubs' own lists.",
          proven < enrolled
              ? absl::StrCat(" ", enrolled - proven,
                             " more were, longer ago than their zones' verify_within: they count "
                             "for nothing; run 'muster verify'.")
              : ""));
    }
    if (report.has_audit_head()) {
      output.Say(absl::StrCat("The audit log is signed up to event ",
                              report.audit_head().sequence(), ":"));
      output.Say(report.audit_head().line());
    }
  }
  for (const std::string& why : unread) output.Hint(why);
  return flags.check && (proven < servers || !unread.empty()) ? ExitCode::kNotAllWell
                                                              : ExitCode::kOk;
}

}  // namespace

void AddVerificationCommands(CommandTree& tree) {
  auto place = std::make_shared<SelectionFlags>();
  CLI::App& verify =
      tree.Verb(tree.root(), "verify", "Read the hubs' lists now and settle what they prove",
                "muster verify --zone acme/prod",
                [place](Context& context) { return Verify(context, *place); });
  AddPlaceFlags(verify, *place);

  auto flags = std::make_shared<ReportFlags>();
  CLI::App& report = tree.Verb(tree.root(), "report",
                               "Show per zone what is enrolled, and every server that is not",
                               "muster report --tenant acme -o csv > acme.csv",
                               [flags](Context& context) { return PrintReport(context, *flags); });
  flags->selection.AddTo(report);
  report.add_option("--rollout", flags->rollout, "Only servers of this rollout");
  report
      .add_option("--section", flags->section,
                  "zones, problems, observations, findings, unmatched hub records or the signed "
                  "audit head alone (CSV: default problems, it holds one table)")
      ->check(
          CLI::IsMember({"zones", "problems", "observations", "findings", "unmatched", "audit"}));
  report.add_flag("--html", flags->html,
                  "As a page for a browser or a printer, with plots, on the standard output");
  report.add_option("--since", flags->since,
                    "With --html: what the page looks back to, such as 90d or 2026-07-01 (default: "
                    "30d)");
  report.add_flag(
      "--check", flags->check,
      "Exit code 5 when a server is not proven to be enrolled, or a hub could not be read");
}

}  // namespace muster::cli
