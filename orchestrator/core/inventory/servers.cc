#include "orchestrator/core/inventory/servers.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/inventory/names.h"

namespace muster::core {
namespace {

// Looks rows up and judges them; remembers which zones exist.
class RowJudge {
 public:
  RowJudge(Turn& turn, const Actor& actor) : turn_(turn), actor_(actor) {}

  // The reason why the row is bad, or empty.
  absl::StatusOr<std::string> ProblemOf(const ServerInput& row) {
    if (!MaySee(actor_, row.tenant_id)) {
      return absl::StrCat("tenant ", row.tenant_id.value(), " is unknown");
    }
    const ZoneId zone = MakeZoneId(row.tenant_id, row.zone_slug);
    auto it = zones_.find(zone);
    if (it == zones_.end()) {
      ASSIGN_OR_RETURN(const std::optional<store::Zone> found, turn_.store().zones().Find(zone));
      it = zones_.emplace(zone, found.has_value()).first;
    }
    if (!it->second) return absl::StrCat("zone ", zone.value(), " is unknown");
    if (!IsServerName(row.name)) {
      return absl::StrCat("\"", row.name,
                          "\" is not a server name (1 to 253 characters without blanks, '/', '*' "
                          "and ',')");
    }
    if (std::string labels = ProblemOfLabels(row.labels); !labels.empty()) return labels;
    const std::string key = absl::StrCat(zone.value(), "/", absl::AsciiStrToLower(row.name));
    const auto [seen, fresh] = lines_.emplace(key, row.line);
    if (!fresh) return absl::StrCat(key, " is already on line ", seen->second);
    return std::string();
  }

 private:
  Turn& turn_;
  const Actor& actor_;
  std::map<ZoneId, bool> zones_;
  std::map<std::string, int> lines_;
};

absl::Status ImportRow(Turn& turn, OrderedIds& ids, const Actor& actor, const ServerInput& row,
                       bool dry_run, ImportOutcome& outcome) {
  const ZoneId zone = MakeZoneId(row.tenant_id, row.zone_slug);
  ASSIGN_OR_RETURN(const std::optional<store::Server> before,
                   turn.store().servers().FindByName(zone, row.name));
  if (before.has_value() && before->labels == row.labels) {
    ++outcome.unchanged;
    return absl::OkStatus();
  }
  ++(before.has_value() ? outcome.updated : outcome.created);
  if (dry_run) return absl::OkStatus();
  if (before.has_value()) {
    RETURN_IF_ERROR(turn.store().servers().SetLabels(before->id, row.labels));
    return Audit(turn, actor.name, "server.labels", before->id.value(), row.tenant_id,
                 "labels changed by import");
  }
  store::Server server;
  server.id = ids.Next<ServerId>(turn.now());
  server.tenant_id = row.tenant_id;
  server.zone_id = zone;
  server.name = row.name;
  server.labels = row.labels;
  server.create_time = turn.now();
  ServerChange change(turn, actor.name, "server.create", server.id, zone);
  RETURN_IF_ERROR(change.Insert(server));
  return change.Record();
}

}  // namespace

absl::StatusOr<ImportOutcome> Servers::Import(Turn& turn, const Actor& actor,
                                              const std::vector<ServerInput>& rows, bool partial,
                                              bool dry_run) {
  ImportOutcome outcome;
  RowJudge judge(turn, actor);
  std::vector<const ServerInput*> good;
  for (const ServerInput& row : rows) {
    ASSIGN_OR_RETURN(std::string problem, judge.ProblemOf(row));
    if (problem.empty()) {
      good.push_back(&row);
    } else {
      outcome.problems.push_back({row.line, std::move(problem)});
    }
  }
  if (!outcome.problems.empty() && !partial) return outcome;
  for (const ServerInput* row : good) {
    RETURN_IF_ERROR(ImportRow(turn, ids_, actor, *row, dry_run, outcome));
  }
  return outcome;
}

absl::StatusOr<store::Server> GetVisibleServer(Turn& turn, const Actor& actor,
                                               const ServerId& server) {
  ASSIGN_OR_RETURN(std::optional<store::Server> found, turn.store().servers().Find(server));
  if (!found.has_value() || !MaySee(actor, found->tenant_id)) {
    return FailureStatus(FailureCode::kServerUnknown, absl::StrCat("no server ", server.value()));
  }
  return *std::move(found);
}

absl::StatusOr<store::Server> Servers::Evict(Turn& turn, const Actor& actor, const ServerId& server,
                                             const std::string& reason) {
  ASSIGN_OR_RETURN(store::Server found, GetVisibleServer(turn, actor, server));
  if (found.admission != store::Admission::kAdmitted) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         absl::StrCat("server ", found.name, " is ",
                                      store::ToString(found.admission), ", not admitted"));
  }
  ServerChange change(turn, actor.name, "server.evict", server, found.zone_id);
  RETURN_IF_ERROR(change.Admission(found.admission, store::Admission::kEvicted));
  found.admission = store::Admission::kEvicted;
  ASSIGN_OR_RETURN(const std::vector<store::WorkerCertificate> certificates,
                   turn.store().certificates().ListOf(server));
  for (const store::WorkerCertificate& certificate : certificates) {
    if (certificate.state != store::CertificateState::kActive) continue;
    RETURN_IF_ERROR(change.Certificate(certificate.id, store::CertificateState::kActive,
                                       store::CertificateState::kRevoked));
  }
  if (!reason.empty()) change.Note(reason);
  RETURN_IF_ERROR(change.Record());
  RETURN_IF_ERROR(dispatcher_.EndSession(
      turn, server, Failure{FailureCode::kCertRevoked, "evicted by an operator"}, false));
  return found;
}

absl::StatusOr<store::Server> Servers::Admit(Turn& turn, const Actor& actor,
                                             const ServerId& server) {
  ASSIGN_OR_RETURN(store::Server found, GetVisibleServer(turn, actor, server));
  if (found.admission != store::Admission::kPending) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         absl::StrCat("server ", found.name, " is ",
                                      store::ToString(found.admission), ", not pending"));
  }
  ServerChange change(turn, actor.name, "server.admit", server, found.zone_id);
  RETURN_IF_ERROR(change.Admission(found.admission, store::Admission::kAdmitted));
  found.admission = store::Admission::kAdmitted;
  RETURN_IF_ERROR(change.Record());
  return found;
}

}  // namespace muster::core
