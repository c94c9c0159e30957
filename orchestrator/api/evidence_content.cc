#include "orchestrator/api/evidence_content.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/failure_words.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/evidence/pack_tables.h"

namespace muster::api {
namespace {

using evidence::PackTable;

constexpr int kEventsAPage = 1000;
constexpr int kServersAPage = 200;
constexpr int kLastAttempts = 20;       // Of a server: a join is among them, or long over.
constexpr size_t kMostPageRows = 1000;  // Of a table on the page; the CSV has all.

std::string TimeOrNone(const std::optional<absl::Time>& time) {
  return time.has_value() ? UtcText(*time) : "";
}

// What the page shows of a table.
PackTable Shortened(PackTable table) {
  if (table.rows.size() <= kMostPageRows) return table;
  absl::StrAppend(&table.title, " (the first ", kMostPageRows, " of ", table.rows.size(),
                  "; all are in ", table.name, ".csv)");
  table.rows.resize(kMostPageRows);
  return table;
}

class Content {
 public:
  Content(const EvidencePeriod& period, const ReadPage& read, evidence::PackWriter& out,
          evidence::Manifest& manifest)
      : period_(period), read_(read), out_(out), manifest_(manifest) {}

  absl::Status Write() {
    RETURN_IF_ERROR(out_.Add(evidence::kReadmeName, evidence::PackText(evidence::kReadmeName)));
    RETURN_IF_ERROR(out_.Add(evidence::kScriptName, evidence::PackText(evidence::kScriptName)));
    RETURN_IF_ERROR(Events());
    RETURN_IF_ERROR(Receipts());
    return Report();
  }

 private:
  absl::Status Events() {
    int64_t after = 0;
    std::string link;
    const absl::Status begun = read_([&](const store::WalledSnapshot& snapshot) -> absl::Status {
      ASSIGN_OR_RETURN(after, snapshot.LastSequenceBefore(period_.since));
      ASSIGN_OR_RETURN(link, snapshot.AuditLinkAt(period_.tenant, after));
      return absl::OkStatus();
    });
    RETURN_IF_ERROR(begun);
    manifest_.link_before = absl::BytesToHexString(link);
    RETURN_IF_ERROR(out_.Begin(evidence::kEventsName));
    for (bool more = true; more;) {
      const absl::Status page = read_([&](const store::WalledSnapshot& snapshot) -> absl::Status {
        ASSIGN_OR_RETURN(const auto events,
                         snapshot.ListLinkedEvents(period_.tenant, after, kEventsAPage));
        more = events.size() == kEventsAPage;
        for (const store::LinkedEvent& linked : events) {
          after = linked.event.sequence;
          if (after > period_.last_sequence) {
            more = false;
            break;
          }
          RETURN_IF_ERROR(Event(linked, link));
        }
        return absl::OkStatus();
      });
      RETURN_IF_ERROR(page);
    }
    if (manifest_.last_event != period_.last_sequence) {
      return absl::UnavailableError("the audit log was pruned meanwhile; try again");
    }
    manifest_.link = absl::BytesToHexString(link);
    return out_.End();
  }

  absl::Status Event(const store::LinkedEvent& linked, std::string& link) {
    const store::AuditEvent& event = linked.event;
    const evidence::PackEvent written{.sequence = event.sequence,
                                      .time = event.time,
                                      .actor = event.actor,
                                      .action = event.action,
                                      .subject = event.subject,
                                      .tenant = event.tenant_id.value(),
                                      .detail = event.detail,
                                      .link = linked.link};
    if (linked.link.empty()) {
      ++manifest_.events_without_link;
    } else {
      link = evidence::LinkOf(link, written);
      if (link != linked.link) {
        return FailureStatus(
            FailureCode::kStoreCorrupt,
            absl::StrCat("the audit log's chain of tenant ", period_.tenant.value(),
                         " breaks at event ", event.sequence, "; see 'muster audit verify'"));
      }
    }
    if (manifest_.events++ == 0) manifest_.first_event = event.sequence;
    manifest_.last_event = event.sequence;
    if (event.action == "server.verified") proven_by_[event.subject] = event.sequence;
    return out_.Put(evidence::LineOf(written) + "\n");
  }

  absl::Status Receipts() {
    RETURN_IF_ERROR(out_.Begin(evidence::kReceiptsName));
    RETURN_IF_ERROR(out_.Put(evidence::ReceiptHeader() + "\n"));
    store::ServerQuery query{.limit = kServersAPage};
    for (bool more = true; more;) {
      const absl::Status page = read_([&](const store::WalledSnapshot& snapshot) -> absl::Status {
        ASSIGN_OR_RETURN(const auto servers, snapshot.ListServers(query));
        more = servers.size() == kServersAPage;
        for (const store::Server& server : servers) {
          query.after = store::CursorOf(server);
          if (server.create_time >= period_.since)
            ++arrivals_[UtcText(server.create_time).substr(0, 10)];
          ASSIGN_OR_RETURN(const std::string line, Receipt(snapshot, server));
          RETURN_IF_ERROR(out_.Put(line + "\n"));
          ++manifest_.receipts;
        }
        return absl::OkStatus();
      });
      RETURN_IF_ERROR(page);
    }
    return out_.End();
  }

  // What is on record of the server's last join, and what its hub showed for it last.
  absl::StatusOr<std::string> Receipt(const store::WalledSnapshot& snapshot,
                                      const store::Server& server) {
    std::string attempt;
    std::string sent;
    ASSIGN_OR_RETURN(const auto attempts, snapshot.ListAttempts(server.id, kLastAttempts));
    for (const store::Attempt& one : attempts) {
      if (one.kind != store::CommandKind::kJoin) continue;
      attempt = absl::StrCat(one.id.value(), " ", store::ToString(one.state));
      sent = TimeOrNone(one.sent_time);
      break;
    }
    const store::HubProof proof = server.proof.value_or(store::HubProof());
    const bool proven = server.proof.has_value();
    const auto event = proven_by_.find(server.id.value());
    return evidence::ReceiptLine(
        {server.id.value(), server.name, server.zone_id.value(),
         std::string(store::ToString(server.enrollment)), attempt, sent,
         proof.hub_instance_id.value(), proof.title.str(), proof.internal_instance_id.str(),
         proven ? std::string(store::ToString(proof.match)) : "",
         proven ? UtcText(proof.reported_time) : "", proven ? UtcText(proof.verified_time) : "",
         event == proven_by_.end() ? "" : absl::StrCat(event->second)});
  }

  absl::Status Report() {
    std::vector<PackTable> tables;
    const absl::Status read = read_([&](const store::WalledSnapshot& snapshot) -> absl::Status {
      core::ReportQuery query;
      query.selection.tenant_id = period_.tenant;
      ASSIGN_OR_RETURN(const core::Report report, core::MakeReport(snapshot, query, period_.now));
      ASSIGN_OR_RETURN(tables.emplace_back(), Coverage(snapshot, report));
      tables.push_back(Causes(report));
      tables.push_back(Failures(report));
      ASSIGN_OR_RETURN(tables.emplace_back(), Findings(snapshot));
      ASSIGN_OR_RETURN(tables.emplace_back(), Rollouts(snapshot));
      return absl::OkStatus();
    });
    RETURN_IF_ERROR(read);
    PackTable arrivals{
        "arrivals", "Arrivals: servers new in the inventory", {"day", "servers"}, {}};
    for (const auto& [day, servers] : arrivals_) {
      arrivals.rows.push_back({day, absl::StrCat(servers)});
    }
    tables.push_back(std::move(arrivals));
    for (const PackTable& table : tables) {
      RETURN_IF_ERROR(out_.Add(absl::StrCat(table.name, ".csv"), evidence::CsvOf(table)));
    }
    RETURN_IF_ERROR(out_.Add("report.json", evidence::JsonOf(tables)));
    for (PackTable& table : tables) table = Shortened(std::move(table));
    return out_.Add(
        "report.html",
        evidence::PageOf(
            absl::StrCat("Evidence: ", period_.tenant.value()),
            {absl::StrCat("From ", UtcText(period_.since), " to ", UtcText(period_.now),
                          ", by Muster ", MUSTER_VERSION, "."),
             absl::StrCat("Proven: the hub's own list has shown the server within the time that "
                          "its zone sets (verify_within). What is older counts for nothing."),
             "This page is part of a signed pack; README.txt beside it says how to check it."},
            tables));
  }

  absl::StatusOr<PackTable> Coverage(const store::WalledSnapshot& snapshot,
                                     const core::Report& report) {
    PackTable table{
        "coverage",
        "Trust zones, with the joining keys in use and exceptions",
        {"zone", "hub", "servers", "enrolled", "proven", "in_progress", "failed", "in_doubt",
         "not_enrolled", "degraded", "proven_within", "hub_last_read", "hub_records",
         "hub_records_of_nobody", "why_not_read", "joining_key", "exception"},
        {}};
    for (const core::ReportZone& zone : report.zones) {
      ASSIGN_OR_RETURN(const auto key, snapshot.FindActiveKey(zone.zone_id));
      table.rows.push_back(
          {zone.zone_id.value(), zone.hub_url, absl::StrCat(zone.servers),
           absl::StrCat(zone.enrolled), absl::StrCat(zone.proven), absl::StrCat(zone.in_progress),
           absl::StrCat(zone.failed), absl::StrCat(zone.in_doubt), absl::StrCat(zone.not_enrolled),
           absl::StrCat(zone.other), absl::FormatDuration(zone.verify_within),
           TimeOrNone(zone.hub_read_time), absl::StrCat(zone.hub_instances),
           absl::StrCat(zone.hub_unmatched),
           zone.hub_failure.has_value()
               ? absl::StrCat(TextOf(zone.hub_failure->code), ": ", zone.hub_failure->detail)
               : "",
           key.has_value() ? absl::StrCat("version ", key->version, ", client ", key->client_id)
                           : "none",
           zone.service_account.empty()
               ? ""
               : absl::StrCat("what belongs to account ", zone.service_account,
                              " is believed to be the Certify service")});
    }
    return table;
  }

  static PackTable Causes(const core::Report& report) {
    PackTable table{
        "causes", "Failures by cause", {"code", "servers", "to_be_mended_by", "remedy"}, {}};
    std::map<std::string, std::pair<int, FailureCode>> causes;
    for (const core::ReportProblem& problem : report.problems) {
      const auto at =
          causes.try_emplace(TextOf(problem.failure.code), 0, problem.failure.code).first;
      ++at->second.first;
    }
    for (const auto& [code, cause] : causes) {
      const FailureInfo& info = InfoOf(cause.second);
      table.rows.push_back({code, absl::StrCat(cause.first), WordOf(info.owner), info.remedy});
    }
    return table;
  }

  static PackTable Failures(const core::Report& report) {
    PackTable table{"failures",
                    "Servers that are not enrolled, or not proven to be",
                    {"zone", "server", "enrollment", "code", "detail"},
                    {}};
    for (const core::ReportProblem& problem : report.problems) {
      table.rows.push_back({problem.zone_id.value(), problem.server,
                            std::string(store::ToString(problem.enrollment)),
                            TextOf(problem.failure.code), problem.failure.detail});
    }
    return table;
  }

  absl::StatusOr<PackTable> Findings(const store::WalledSnapshot& snapshot) {
    PackTable table{"findings",
                    "Findings: what the hubs' lists show otherwise",
                    {"finding", "zone", "kind", "severity", "state", "subject", "seen",
                     "first_seen", "last_seen", "by", "reason"},
                    {}};
    for (const bool over : {false, true}) {
      store::FindingQuery query{.limit = 0};
      if (over) query.states = {store::FindingState::kResolved};
      ASSIGN_OR_RETURN(const auto findings, snapshot.ListFindings(query));
      for (const store::Finding& finding : findings) {
        if (over && finding.state_time < period_.since) continue;
        table.rows.push_back({finding.id.value(), finding.zone_id.value(),
                              std::string(store::ToString(finding.kind)),
                              std::string(store::ToString(store::SeverityOf(finding.kind))),
                              std::string(store::ToString(finding.state)), finding.subject,
                              finding.evidence.str(), UtcText(finding.first_seen),
                              UtcText(finding.last_seen), finding.actor, finding.reason});
      }
    }
    return table;
  }

  absl::StatusOr<PackTable> Rollouts(const store::WalledSnapshot& snapshot) {
    PackTable table{"rollouts",
                    "Rollouts of this customer alone",
                    {"rollout", "kind", "state", "reason", "made", "finished", "by", "servers",
                     "succeeded", "failed", "stragglers", "in_doubt"},
                    {}};
    ASSIGN_OR_RETURN(const auto rollouts, snapshot.ListRollouts({.limit = 0}));
    for (const store::Rollout& rollout : rollouts) {
      if (rollout.finish_time.value_or(period_.now) < period_.since) continue;
      ASSIGN_OR_RETURN(const store::TargetCounts counts, snapshot.CountTargets(rollout.id));
      table.rows.push_back({rollout.id.value(), std::string(store::ToString(rollout.kind)),
                            std::string(store::ToString(rollout.state)), rollout.reason,
                            UtcText(rollout.create_time), TimeOrNone(rollout.finish_time),
                            rollout.created_by, absl::StrCat(counts.total),
                            absl::StrCat(counts.succeeded), absl::StrCat(counts.failed),
                            absl::StrCat(counts.stragglers), absl::StrCat(counts.in_doubt)});
    }
    return table;
  }

  const EvidencePeriod& period_;
  const ReadPage& read_;
  evidence::PackWriter& out_;
  evidence::Manifest& manifest_;
  std::map<std::string, int64_t> proven_by_;  // By server: the event that says so last.
  std::map<std::string, int> arrivals_;       // By day.
};

}  // namespace

absl::Status WriteEvidence(const EvidencePeriod& period, const ReadPage& read,
                           evidence::PackWriter& out, evidence::Manifest& manifest) {
  return Content(period, read, out, manifest).Write();
}

}  // namespace muster::api
