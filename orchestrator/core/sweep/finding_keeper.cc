#include "orchestrator/core/sweep/finding_keeper.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::Finding;
using store::FindingKind;
using store::FindingState;

constexpr absl::Duration kLongestSuppression = absl::Hours(24 * 366);
// The row of what is seen again and again is written so often at least.
constexpr absl::Duration kSeenAgain = absl::Minutes(30);

using Key = std::pair<FindingKind, std::string>;
Key KeyOf(const Finding& finding) { return {finding.kind, finding.subject}; }
Key KeyOf(const Sighting& sighting) { return {sighting.kind, sighting.subject}; }

// How long what flaps stays after it was seen last.
absl::Duration StaysFor(const Finding& finding, const SweepOptions& options) {
  // What several machines show in turns; clones of a worker are on record until they are cured.
  const bool flaps = finding.kind == FindingKind::kDuplicateIdentity &&
                     !absl::StartsWith(finding.subject, store::kWorkerSubject);
  return flaps ? options.flap_within : absl::ZeroDuration();
}

}  // namespace

absl::Status FindingKeeper::Put(Turn& turn, Finding& finding, FindingState from,
                                const std::string& actor) {
  if (finding.state != from) {
    finding.state_time = turn.now();
    if (finding.state != FindingState::kSuppressed) finding.suppressed_until.reset();
  }
  RETURN_IF_ERROR(turn.store().findings().Update(finding, from));
  if (finding.state == from) return absl::OkStatus();
  return Audit(
      turn, actor, absl::StrCat("finding.", store::ToString(finding.state)), finding.id.value(),
      finding.tenant_id,
      absl::StrCat("finding: ", store::ToString(from), " → ", store::ToString(finding.state), "; ",
                   store::ToString(finding.kind), " of ", finding.subject,
                   finding.reason.empty() || actor == kSystemActor
                       ? ""
                       : absl::StrCat("; ", finding.reason)));
}

absl::Status FindingKeeper::Begin(Turn& turn, const ZoneId& zone, const Sighting& sighting) {
  Finding finding;
  finding.id = ids_.Next<FindingId>(turn.now());
  finding.tenant_id = TenantOf(zone);
  finding.zone_id = zone;
  finding.kind = sighting.kind;
  finding.subject = sighting.subject;
  finding.server_id = sighting.server;
  finding.hub_instance_id = sighting.record;
  finding.state = FindingState::kSuspected;
  finding.evidence = sighting.evidence;
  finding.times = 1;
  finding.first_seen = finding.last_seen = finding.state_time = turn.now();
  finding.seen_since = turn.now();
  RETURN_IF_ERROR(turn.store().findings().Insert(finding));
  return Audit(turn, kSystemActor, "finding.suspected", finding.id.value(), finding.tenant_id,
               absl::StrCat("finding: new → suspected; ", store::ToString(finding.kind), " of ",
                            finding.subject));
}

absl::Status FindingKeeper::See(Turn& turn, const ZoneId& zone, const Sighting& sighting,
                                const Finding* known) {
  if (known == nullptr) return Begin(turn, zone, sighting);
  Finding finding = *known;
  const FindingState from = finding.state;
  const bool news = finding.evidence != ForeignText(sighting.evidence) ||
                    finding.server_id != sighting.server ||
                    finding.last_seen + kSeenAgain <= turn.now();
  finding.server_id = sighting.server;
  finding.hub_instance_id = sighting.record;
  finding.evidence = sighting.evidence;
  const bool anew = !finding.seen_since.has_value();
  if (anew) finding.seen_since = turn.now();
  const bool confirmed =
      sighting.lasts && turn.now() >= *finding.seen_since + options_.confirm_after;
  switch (from) {
    case FindingState::kSuspected:
      if (confirmed) finding.state = FindingState::kOpen;
      break;
    case FindingState::kResolved:
      if (confirmed) finding.state = FindingState::kReopened;
      break;
    case FindingState::kSuppressed:
      if (confirmed && finding.suppressed_until.value_or(turn.now()) <= turn.now()) {
        finding.state = FindingState::kReopened;
      }
      break;
    case FindingState::kRemediating: {
      ASSIGN_OR_RETURN(const auto server, turn.store().servers().Find(finding.server_id));
      if (!server.has_value() || !IsBeingJoined(*server)) finding.state = FindingState::kReopened;
      break;
    }
    case FindingState::kOpen:
    case FindingState::kAcknowledged:
    case FindingState::kReopened:
      break;
  }
  if (!news && !anew && finding.state == from) return absl::OkStatus();
  finding.last_seen = turn.now();
  ++finding.times;
  return Put(turn, finding, from, kSystemActor);
}

absl::Status FindingKeeper::Miss(Turn& turn, Finding finding) {
  const FindingState from = finding.state;
  if (!finding.server_id.empty()) {
    ASSIGN_OR_RETURN(const auto server, turn.store().servers().Find(finding.server_id));
    // It is not there to be seen while it is joined again: nothing is cured yet.
    if (server.has_value() && IsBeingJoined(*server)) {
      if (MayMove(from, FindingState::kRemediating)) finding.state = FindingState::kRemediating;
      return finding.state == from ? absl::OkStatus() : Put(turn, finding, from, kSystemActor);
    }
  }
  if (finding.last_seen + StaysFor(finding, options_) > turn.now()) return absl::OkStatus();
  finding.state = FindingState::kResolved;
  finding.seen_since.reset();
  return Put(turn, finding, from, kSystemActor);
}

absl::Status FindingKeeper::Take(Turn& turn, const ZoneId& zone, Sightings sightings) {
  ASSIGN_OR_RETURN(std::vector<Finding> unresolved, turn.store().findings().ListUnresolved(zone));
  std::map<Key, Finding*> open;
  for (Finding& finding : unresolved) open[KeyOf(finding)] = &finding;
  std::set<Key> seen;
  // See may add one: a record that flips.
  for (size_t i = 0; i < sightings.all.size(); ++i) {
    const Sighting sighting = sightings.all[i];
    if (!seen.insert(KeyOf(sighting)).second) continue;
    std::optional<Finding> before;
    const Finding* known = nullptr;
    if (const auto it = open.find(KeyOf(sighting)); it != open.end()) {
      known = it->second;
    } else {
      ASSIGN_OR_RETURN(before,
                       turn.store().findings().FindOf(zone, sighting.kind, sighting.subject));
      if (before.has_value()) known = &*before;
    }
    const bool back = known != nullptr && !known->seen_since.has_value() &&
                      known->last_seen + options_.flap_within > turn.now();
    if (sighting.kind == FindingKind::kIdentityChanged && back) {
      sightings.all.push_back(
          {FindingKind::kDuplicateIdentity, sighting.subject, sighting.server, sighting.record,
           absl::StrCat("one record, two machines by turns: ", sighting.evidence)});
    }
    RETURN_IF_ERROR(See(turn, zone, sighting, known));
  }
  for (Finding& finding : unresolved) {
    if (seen.contains(KeyOf(finding)) || sightings.cut_off.contains(finding.kind)) continue;
    RETURN_IF_ERROR(Miss(turn, std::move(finding)));
  }
  return absl::OkStatus();
}

absl::Status FindingKeeper::Open(Turn& turn, const ZoneId& zone, const Sighting& sighting) {
  for (const bool again : {false, true}) {
    ASSIGN_OR_RETURN(std::optional<Finding> known,
                     turn.store().findings().FindOf(zone, sighting.kind, sighting.subject));
    if (known.has_value()) {
      // It was seen long enough already.
      known->seen_since = turn.now() - options_.confirm_after;
      return See(turn, zone, sighting, &*known);
    }
    if (!again) RETURN_IF_ERROR(Begin(turn, zone, sighting));
  }
  return absl::OkStatus();
}

absl::Status FindingKeeper::TakeUnread(Turn& turn, const store::Zone& zone,
                                       const std::string& why) {
  store::ServerQuery query;
  query.selection.zone_id = zone.id;
  query.wall = store::TenantWall::Of({zone.tenant_id});
  ASSIGN_OR_RETURN(const auto proven, turn.store().servers().CountProven(query, turn.now()));
  query.enrollments = {Enrollment::kEnrolled};
  ASSIGN_OR_RETURN(const auto enrolled, turn.store().servers().CountByEnrollment(query));
  const int said = enrolled.empty() ? 0 : enrolled.front().servers;
  const int in_time = proven.empty() ? 0 : proven.front().proven;
  if (in_time >= said) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto reading, turn.store().zones().FindReading(zone.id));
  const bool read = reading.has_value() && reading->read_time.has_value();
  const Sighting sighting{
      FindingKind::kUnproven, kTheHub, ServerId(), HubInstanceId(),
      absl::StrCat(said - in_time, " of ", said, " enrolled servers were not proven within ",
                   absl::FormatDuration(zone.verify_within), "; hub ", zone.hub_url, " not read ",
                   read ? absl::StrCat("since ", UtcText(*reading->read_time)) : "yet", ": ", why)};
  ASSIGN_OR_RETURN(const auto known,
                   turn.store().findings().FindOf(zone.id, sighting.kind, sighting.subject));
  return See(turn, zone.id, sighting, known.has_value() ? &*known : nullptr);
}

absl::StatusOr<Finding> FindingKeeper::Change(Turn& turn, const Actor& actor, const FindingId& id,
                                              const FindingAction& action) {
  ASSIGN_OR_RETURN(std::optional<Finding> found, turn.store().findings().Find(actor.wall, id));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kInventoryFinding, absl::StrCat("no finding ", id.value()));
  }
  if (const std::string problem = ProblemOfVisibleText(action.reason);
      !action.reason.empty() && !problem.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid, absl::StrCat("reason: ", problem));
  }
  Finding finding = *std::move(found);
  const FindingState from = finding.state;
  switch (action.kind) {
    case FindingAction::Kind::kAcknowledge:
      finding.state = FindingState::kAcknowledged;
      break;
    case FindingAction::Kind::kSuppress:
      if (action.until <= turn.now() || action.until > turn.now() + kLongestSuppression) {
        return FailureStatus(FailureCode::kRequestInvalid,
                             "suppress until a time ahead, at most a year");
      }
      if (action.reason.empty()) {
        return FailureStatus(FailureCode::kRequestInvalid, "say why, for whoever reads it later");
      }
      finding.state = FindingState::kSuppressed;
      finding.suppressed_until = action.until;
      break;
    case FindingAction::Kind::kReopen:
      finding.state = FindingState::kReopened;
      break;
  }
  const bool resolved = from == FindingState::kResolved;  // Readings alone say that it is back.
  if (finding.state == from && from == FindingState::kSuppressed) {
    // Another time, another reason.
  } else if (finding.state == from || resolved || !MayMove(from, finding.state)) {
    return FailureStatus(FailureCode::kRequestState,
                         absl::StrCat("finding ", id.value(), " is ", store::ToString(from)));
  }
  finding.actor = actor.name;
  finding.reason = action.reason;
  RETURN_IF_ERROR(Put(turn, finding, from, actor.name));
  return finding;
}

}  // namespace muster::core
