#include "orchestrator/core/notify/happenings.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/report/finding_text.h"
#include "store/model/finding.h"

namespace muster::core {
namespace {

using store::AuditEvent;
using store::Finding;
using store::FindingState;
using store::NotificationEvent;
using store::NotificationKind;
using store::RolloutState;
using store::Severity;

constexpr char kArrow[] = " → ";
constexpr char kRolloutMoved[] = "rollout.state";

// "finding: suspected → open; …" and "running → paused (…)": the two ends.
std::pair<absl::string_view, absl::string_view> EndsOf(absl::string_view detail) {
  const size_t arrow = detail.find(kArrow);
  if (arrow == absl::string_view::npos) return {};
  absl::string_view from = detail.substr(0, arrow);
  absl::ConsumePrefix(&from, "finding: ");
  absl::string_view to = detail.substr(arrow + sizeof(kArrow) - 1);
  return {from, to.substr(0, to.find_first_of(" ;("))};
}

absl::Status Describe(Turn& turn, const Finding& finding, bool opened, NotificationEvent& told) {
  std::string about = finding.zone_id.value();
  std::string server;
  if (!finding.server_id.empty()) {
    ASSIGN_OR_RETURN(const auto found, turn.store().servers().Find(finding.server_id));
    if (found.has_value()) {
      server = absl::StrCat(found->zone_id.value(), "/", found->name);
      about = server;
    }
  }
  absl::string_view seen = finding.evidence.str();  // Often it begins with whom it is about.
  absl::ConsumePrefix(&seen, absl::StrCat(about, ": "));
  told.kind = opened ? NotificationKind::kFindingOpened : NotificationKind::kFindingResolved;
  told.severity = opened ? store::SeverityOf(finding.kind) : Severity::kLow;
  told.summary = absl::StrCat(
      store::ToString(finding.kind), ", ", about,
      opened ? absl::StrCat(": ", seen) : std::string(": readings do not show it any more"));
  told.next = opened ? CommandFor(finding, server)
                     : absl::StrCat("muster finding show ", finding.id.value());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<NotificationEvent>> OfFinding(Turn& turn, const AuditEvent& event,
                                                           NotificationEvent told) {
  const auto from = store::ParseFindingState(EndsOf(event.detail).first);
  const auto to = store::ParseFindingState(EndsOf(event.detail).second);
  if (!from.has_value() || !to.has_value()) return std::nullopt;
  const bool opened = *to != FindingState::kResolved;
  // Who takes an acknowledgement back knows; what was never confirmed was told to nobody, and what
  // is suppressed nobody wants to hear of.
  if (opened && absl::StartsWith(event.actor, "operator:")) return std::nullopt;
  if (!opened && (*from == FindingState::kSuspected || *from == FindingState::kSuppressed)) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const auto finding,
                   turn.store().findings().Find(store::TenantWall::Of({event.tenant_id}),
                                                FindingId(event.subject)));
  if (!finding.has_value()) return std::nullopt;
  RETURN_IF_ERROR(Describe(turn, *finding, opened, told));
  return told;
}

std::optional<NotificationEvent> OfRollout(const AuditEvent& event, NotificationEvent told) {
  const auto to = store::ParseRolloutState(EndsOf(event.detail).second);
  if (!to.has_value() || (*to != RolloutState::kPaused && !IsFinal(*to))) return std::nullopt;
  told.kind = IsFinal(*to) ? NotificationKind::kRolloutFinished : NotificationKind::kRolloutPaused;
  switch (*to) {
    case RolloutState::kPaused:
    case RolloutState::kCompletedWithFailures:
      told.severity = Severity::kHigh;
      break;
    case RolloutState::kCompletedWithStragglers:
      told.severity = Severity::kMedium;
      break;
    default:
      told.severity = Severity::kLow;
  }
  absl::string_view why = event.detail;
  const size_t open = why.find('(');
  why = open == absl::string_view::npos ? "" : why.substr(open + 1);
  absl::ConsumeSuffix(&why, ")");
  told.summary = absl::StrCat("rollout ", event.subject, " is ", store::ToString(*to),
                              why.empty() ? "" : ": ", why);
  told.next = absl::StrCat("muster rollout show ", event.subject);
  return told;
}

}  // namespace

const std::vector<std::string>& ToldActions() {
  static const auto* const actions =
      new std::vector<std::string>{absl::StrCat("finding.", ToString(FindingState::kOpen)),
                                   absl::StrCat("finding.", ToString(FindingState::kReopened)),
                                   absl::StrCat("finding.", ToString(FindingState::kResolved)),
                                   kRolloutMoved, kBootstrapRefused};
  return *actions;
}

absl::StatusOr<std::optional<NotificationEvent>> HappeningOf(Turn& turn, const AuditEvent& event) {
  NotificationEvent told{
      .time = event.time, .tenant_id = event.tenant_id, .subject = event.subject};
  if (absl::StartsWith(event.action, "finding.")) return OfFinding(turn, event, std::move(told));
  if (event.action == kRolloutMoved) return OfRollout(event, std::move(told));
  told.kind = NotificationKind::kTokenRefused;
  told.severity = Severity::kMedium;
  told.summary = absl::StrCat("a machine was refused", event.subject.empty() ? "" : " with token ",
                              event.subject, ": ", event.detail);
  told.next = "muster audit list --since 1d";
  return told;
}

absl::StatusOr<OpenFindings> OpenFindingsOf(Turn& turn, const store::TenantWall& wall, int most) {
  store::FindingQuery query;
  query.wall = wall;
  query.states = {FindingState::kOpen, FindingState::kReopened, FindingState::kAcknowledged,
                  FindingState::kRemediating};
  ASSIGN_OR_RETURN(const auto counts, turn.store().findings().CountBy(query));
  // By severity, the worst first.
  std::map<std::pair<int, store::FindingKind>, int> kinds;
  for (const auto& count : counts) {
    kinds[{-static_cast<int>(store::SeverityOf(count.kind)), count.kind}] += count.findings;
  }
  OpenFindings open;
  for (const auto& [kind, findings] : kinds) {
    const int room = most - static_cast<int>(open.events.size());
    open.left_out += std::max(0, findings - room);
    if (room <= 0) continue;
    query.kinds = {kind.second};
    query.limit = room;
    ASSIGN_OR_RETURN(const auto page, turn.store().findings().List(query));
    for (const Finding& finding : page) {
      NotificationEvent told{.time = finding.state_time,
                             .tenant_id = finding.tenant_id,
                             .subject = finding.id.value()};
      RETURN_IF_ERROR(Describe(turn, finding, /*opened=*/true, told));
      open.events.push_back(std::move(told));
    }
  }
  return open;
}

}  // namespace muster::core
