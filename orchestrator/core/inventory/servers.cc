#include "orchestrator/core/inventory/servers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/look_alikes.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/key_admission.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/enrollment/enrollments.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/inventory/look_alikes.h"
#include "orchestrator/core/inventory/machine_text.h"
#include "orchestrator/core/inventory/names.h"
#include "orchestrator/core/inventory/server_life.h"

namespace muster::core {
namespace {

// Looks rows up and judges them; remembers which zones exist.
class RowJudge {
 public:
  RowJudge(Turn& turn, const Actor& actor) : turn_(turn), actor_(actor) {}

  // The reason why the row is bad, or empty.
  absl::StatusOr<std::string> ProblemOf(const ServerInput& row) {
    const ZoneId zone = MakeZoneId(row.tenant_id, row.zone_slug);
    auto it = zones_.find(zone);
    if (it == zones_.end()) {
      ASSIGN_OR_RETURN(const std::optional<store::Zone> found,
                       turn_.store().zones().Find(actor_.wall, zone));
      it = zones_.emplace(zone, found.has_value()).first;
    }
    if (!it->second) return absl::StrCat("zone ", zone.value(), " is unknown");
    const absl::StatusOr<std::string> name = NormalizeServerName(row.name);
    if (!name.ok()) return std::string(name.status().message());
    if (std::string labels = ProblemOfLabels(row.labels); !labels.empty()) return labels;
    return ProblemOfNamesakes(zone, *name, row.line);
  }

 private:
  // Another row or server that goes by the same name, or by the other form of it (WEB-01 and
  // web-01.corp.example).
  absl::StatusOr<std::string> ProblemOfNamesakes(const ZoneId& zone, const std::string& name,
                                                 int line) {
    const auto key = [&zone](absl::string_view folded) {
      return absl::StrCat(zone.value(), "/", folded);
    };
    const auto [seen, fresh] = lines_.emplace(key(FoldName(name)), line);
    if (!fresh) {
      return absl::StrCat(zone.value(), "/", name, " is already on line ", seen->second);
    }
    const std::string short_name = FoldedShortName(name);
    const std::map<std::string, int>& others = short_name.empty() ? short_names_ : lines_;
    const auto other = others.find(key(short_name.empty() ? FoldName(name) : short_name));
    if (other != others.end()) {
      return absl::StrCat(name, " and the name on line ", other->second,
                          " are two forms of one machine's name; keep one of the rows, or give "
                          "both with their domain");
    }
    if (!short_name.empty()) short_names_.emplace(key(short_name), line);
    ASSIGN_OR_RETURN(const std::optional<store::Server> known,
                     turn_.store().servers().FindByName(zone, name));
    if (known.has_value()) {
      if (known->admission != store::Admission::kRetired) return std::string();
      return absl::StrCat(name, " is retired: bring it back with 'muster server restore ",
                          zone.value(), "/", known->name, "', or delete it first");
    }
    ASSIGN_OR_RETURN(const std::optional<store::Server> namesake,
                     turn_.store().servers().FindNamesake(zone, name));
    if (!namesake.has_value()) return std::string();
    return absl::StrCat("the inventory has this machine as ", namesake->name,
                        ": use that name, or rename it first with 'muster server rename ",
                        zone.value(), "/", namesake->name, " NEW-NAME'");
  }

  Turn& turn_;
  const Actor& actor_;
  std::map<ZoneId, bool> zones_;
  std::map<std::string, int> lines_;        // By zone and folded name.
  std::map<std::string, int> short_names_;  // Of the names with a domain.
};

// Of the names that come new in one import, those that look like others.
class NewNames {
 public:
  explicit NewNames(LookAlikes& look_alikes) : look_alikes_(look_alikes) {}

  // What to say of the name ("looks like …"); empty: nothing.
  absl::StatusOr<std::string> Look(Turn& turn, const ZoneId& zone, const std::string& name) {
    ASSIGN_OR_RETURN(std::vector<std::string> alike, look_alikes_.Warn(turn, zone, name));
    std::vector<std::string>& rows = rows_[absl::StrCat(zone.value(), "/", ShapeOf(name))];
    for (const std::string& row : rows) {  // Of a dry run, the store has none of them.
      if (std::find(alike.begin(), alike.end(), row) == alike.end()) alike.push_back(row);
    }
    rows.push_back(name);
    look_alikes_.Add(zone, name);
    return SayLookAlikes(alike);
  }

 private:
  LookAlikes& look_alikes_;
  std::map<std::string, std::vector<std::string>> rows_;
};

absl::Status ImportRow(Turn& turn, OrderedIds& ids, const Actor& actor, const ServerInput& row,
                       bool dry_run, NewNames& new_names, ImportOutcome& outcome) {
  const ZoneId zone = MakeZoneId(row.tenant_id, row.zone_slug);
  ASSIGN_OR_RETURN(const std::optional<store::Server> before,
                   turn.store().servers().FindByName(zone, row.name));
  std::string look;
  if (!before.has_value()) {
    if (std::string hint = HintOnServerName(row.name); !hint.empty()) {
      outcome.hints.push_back({row.line, std::move(hint)});
    }
    ASSIGN_OR_RETURN(const std::string name, NormalizeServerName(row.name));
    ASSIGN_OR_RETURN(look, new_names.Look(turn, zone, name));
    if (!look.empty()) outcome.hints.push_back({row.line, absl::StrCat(name, " ", look)});
  }
  if (before.has_value() && before->admission == store::Admission::kRejected) {
    outcome.hints.push_back(
        {row.line, absl::StrCat(row.name,
                                " was rejected and stays so; 'muster "
                                "server admit ",
                                zone.value(), "/", before->name, "' lets it in")});
  }
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
  ASSIGN_OR_RETURN(server.name, NormalizeServerName(row.name));
  server.labels = row.labels;
  server.create_time = turn.now();
  ServerChange change(turn, actor.name, "server.create", server.id, zone);
  RETURN_IF_ERROR(change.Insert(server));
  if (!look.empty()) change.Note(look);
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
  NewNames new_names(look_alikes_);
  for (const ServerInput* row : good) {
    RETURN_IF_ERROR(ImportRow(turn, ids_, actor, *row, dry_run, new_names, outcome));
  }
  return outcome;
}

absl::StatusOr<store::Server> GetVisibleServer(Turn& turn, const Actor& actor,
                                               const ServerId& server) {
  ASSIGN_OR_RETURN(std::optional<store::Server> found,
                   turn.store().servers().Find(actor.wall, server));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kServerUnknown, absl::StrCat("no server ", server.value()));
  }
  return *std::move(found);
}

absl::Status RevokeCertificates(Turn& turn, ServerChange& change, const ServerId& server) {
  ASSIGN_OR_RETURN(const std::vector<store::WorkerCertificate> certificates,
                   turn.store().certificates().ListOf(server));
  for (const store::WorkerCertificate& certificate : certificates) {
    if (certificate.state == store::CertificateState::kRevoked) continue;
    RETURN_IF_ERROR(
        change.Certificate(certificate.id, certificate.state, store::CertificateState::kRevoked));
  }
  return absl::OkStatus();
}

absl::StatusOr<store::Server> Servers::Change(Turn& turn, const Actor& actor,
                                              const ServerId& server, const ServerAction& action) {
  using Kind = ServerAction::Kind;
  ASSIGN_OR_RETURN(store::Server changed, ChangeServer(turn, actor, server, action));
  if (action.kind == Kind::kRename || action.kind == Kind::kRestore) {
    RETURN_IF_ERROR(look_alikes_.Warn(turn, changed.zone_id, changed.name).status());
    look_alikes_.Add(changed.zone_id, changed.name);
  }
  const bool out = action.kind == Kind::kRetire || action.kind == Kind::kDelete;
  if (out) verifier_.Release({server});
  if (out || action.kind == Kind::kBan) {
    RETURN_IF_ERROR(dispatcher_.EndSession(
        turn, server,
        Failure{FailureCode::kCertRevoked,
                absl::StrCat(out ? "taken out" : "banned", " by an operator")},
        false));
  }
  if (action.kind == Kind::kRetire) RETURN_IF_ERROR(enrollments_.TakenOut(turn, actor, server));
  if (action.kind == Kind::kBan) {
    RETURN_IF_ERROR(enrollments_.GiveBack(turn, actor, server, "banned by an operator"));
  }
  if (action.kind == Kind::kRetire || action.kind == Kind::kBan) {
    return GetVisibleServer(turn, actor, server);
  }
  return changed;
}

absl::StatusOr<store::Server> Servers::Evict(Turn& turn, const Actor& actor, const ServerId& server,
                                             const std::string& reason) {
  ASSIGN_OR_RETURN(store::Server found, GetVisibleServer(turn, actor, server));
  if (found.admission != store::Admission::kAdmitted) {
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat("server ", found.name, " is ", store::ToString(found.admission),
                     ", not admitted: 'muster server ban' or 'muster server retire' keep it out"));
  }
  ServerChange change(turn, actor.name, "server.evict", server, found.zone_id);
  RETURN_IF_ERROR(change.Admission(found.admission, store::Admission::kEvicted));
  found.admission = store::Admission::kEvicted;
  RETURN_IF_ERROR(RevokeCertificates(turn, change, server));
  if (!reason.empty()) change.Note(reason);
  RETURN_IF_ERROR(change.Record());
  RETURN_IF_ERROR(dispatcher_.EndSession(
      turn, server, Failure{FailureCode::kCertRevoked, "evicted by an operator"}, false));
  RETURN_IF_ERROR(enrollments_.GiveBack(turn, actor, server, "evicted by an operator"));
  return GetVisibleServer(turn, actor, server);
}

absl::StatusOr<store::Server> Servers::Admit(Turn& turn, const Actor& actor, const ServerId& server,
                                             const std::string& key_fingerprint) {
  ASSIGN_OR_RETURN(store::Server found, GetVisibleServer(turn, actor, server));
  const bool waits = found.admission == store::Admission::kPending ||
                     found.admission == store::Admission::kRejected;
  if (!waits && found.admission != store::Admission::kAdmitted) {
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat(
            "server ", found.name, " is ", store::ToString(found.admission),
            ", not pending: its worker enrolls with a token first ('muster token create')"));
  }
  ServerChange change(turn, actor.name, "server.admit", server, found.zone_id);
  RETURN_IF_ERROR(AdmitKey(turn, change, found, key_fingerprint));
  if (waits) {
    RETURN_IF_ERROR(change.Admission(found.admission, store::Admission::kAdmitted));
    found.admission = store::Admission::kAdmitted;
  }
  RETURN_IF_ERROR(change.Record());
  return found;
}

absl::StatusOr<store::Server> Servers::Settle(Turn& turn, const Actor& actor,
                                              const ServerId& server,
                                              const Settlement& settlement) {
  ASSIGN_OR_RETURN(const store::Server found, GetVisibleServer(turn, actor, server));
  return enrollments_.Settle(turn, actor, found, settlement);
}

absl::StatusOr<store::Server> Servers::ReleaseRecord(Turn& turn, const Actor& actor,
                                                     const ServerId& server,
                                                     const std::string& reason) {
  ASSIGN_OR_RETURN(const store::Server found, GetVisibleServer(turn, actor, server));
  const std::string name = absl::StrCat(found.zone_id.value(), "/", found.name);
  if (found.enrollment == store::Enrollment::kInDoubt) {
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat("server ", name, " is in doubt and holds no record: look at it, then 'muster ",
                     "server settle ", name, " --absent' or '--joined'"));
  }
  if (!found.claim.has_value() && !found.proof.has_value()) {
    return FailureStatus(FailureCode::kRequestState,
                         absl::StrCat("server ", name, " has no hub record to release"));
  }
  RETURN_IF_ERROR(enrollments_.GiveBack(
      turn, actor, server,
      absl::StrCat("released by an operator", reason.empty() ? "" : ": ", reason)));
  return GetVisibleServer(turn, actor, server);
}

absl::StatusOr<store::Server> Servers::CureClone(Turn& turn, const Actor& actor,
                                                 const ServerId& server,
                                                 const CloneChoice& choice) {
  ASSIGN_OR_RETURN(const store::Server found, GetVisibleServer(turn, actor, server));
  ASSIGN_OR_RETURN(const std::vector<store::IdentityMachine> machines,
                   dispatcher_.clones().Choose(turn, server, choice.machine));
  // Whoever has the session shows its nonce again.
  RETURN_IF_ERROR(dispatcher_.EndSession(
      turn, server,
      Failure{FailureCode::kSessionReplaced, "an operator chose between the machines"}, true));
  ServerChange change(turn, actor.name, "server.cure_clone", server, found.zone_id);
  if (!choice.reason.empty()) change.Note(choice.reason);
  for (const store::IdentityMachine& machine : machines) {
    change.Note(
        absl::StrCat(machine.standing == store::MachineStanding::kKnown ? "kept " : "put out ",
                     TextOf(machine)));
  }
  RETURN_IF_ERROR(change.Record());
  return GetVisibleServer(turn, actor, server);
}

}  // namespace muster::core
