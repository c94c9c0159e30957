#include "orchestrator/core/notify/condition_watch.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/notify/channel_rules.h"
#include "orchestrator/core/operators/rights.h"

namespace muster::core {
namespace {

using store::Condition;
using store::NotificationEvent;
using store::NotificationKind;
using store::Severity;

constexpr absl::Duration kBetweenZones = absl::Milliseconds(50);
// A zone whose channel or itself is gone leaves its condition behind; nothing looks at it again.
std::string CoverageSubject(const ChannelId& channel, const ZoneId& zone) {
  return absl::StrCat(channel.value(), " ", zone.value());
}

Severity SeverityOfCondition(NotificationKind kind) {
  return kind == NotificationKind::kOperatorExpiring ? Severity::kMedium : Severity::kHigh;
}

}  // namespace

void ConditionWatch::Start(absl::Time now) {
  agenda_.At(now + options_.look_at_coverage_every,
             [this](Turn& turn) { return LookAtCoverage(turn); });
  agenda_.At(now + options_.look_at_coverage_every,
             [this](Turn& turn) { return LookAtOperators(turn); });
}

absl::Status ConditionWatch::Compare(Turn& turn, NotificationKind kind,
                                     std::vector<NotificationEvent> found) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const std::vector<Condition> known, store.ListConditions(kind));
  std::set<std::string> told;
  for (const Condition& condition : known) told.insert(condition.subject);
  std::set<std::string> now;
  for (NotificationEvent& event : found) {
    now.insert(event.subject);
    if (told.contains(event.subject)) continue;
    event.kind = kind;
    event.time = turn.now();
    event.severity = SeverityOfCondition(kind);
    RETURN_IF_ERROR(
        store.PutCondition({kind, event.subject, event.tenant_id, /*since=*/turn.now()}));
    RETURN_IF_ERROR(outbox_.Tell(turn, event));
  }
  for (const Condition& condition : known) {
    if (!now.contains(condition.subject)) RETURN_IF_ERROR(store.DeleteCondition(condition));
  }
  return absl::OkStatus();
}

absl::Status ConditionWatch::TakeSystem(Turn& turn, const std::vector<SystemCondition>& found) {
  if (!outbox_.has_channels()) return absl::OkStatus();
  for (const NotificationKind kind :
       {NotificationKind::kCertificateExpiring, NotificationKind::kBackupOld}) {
    std::vector<NotificationEvent> of_kind;
    for (const SystemCondition& condition : found) {
      if (condition.kind != kind) continue;
      NotificationEvent event;
      event.subject = condition.subject;
      event.summary = condition.summary;
      event.next = condition.next;
      of_kind.push_back(std::move(event));
    }
    RETURN_IF_ERROR(Compare(turn, kind, std::move(of_kind)));
  }
  return absl::OkStatus();
}

absl::Status ConditionWatch::LookAtOperators(Turn& turn) {
  agenda_.At(turn.now() + options_.look_at_operators_every,
             [this](Turn& later) { return LookAtOperators(later); });
  if (!outbox_.has_channels()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto operators, turn.store().operators().List());
  std::vector<NotificationEvent> found;
  for (const store::Operator& op : operators) {
    if (!IsUsable(op, turn.now()) || EndOf(op) > turn.now() + options_.operator_ends_soon) continue;
    NotificationEvent event;
    event.subject = op.id.value();
    // Whoever is of several tenants is the provider's matter.
    if (op.tenants.size() == 1) event.tenant_id = op.tenants.front();
    event.summary =
        absl::StrCat("operator ", op.name, " can come in until ", UtcText(EndOf(op)), " only");
    event.next = absl::StrCat("muster operator renew ", op.id.value());
    found.push_back(std::move(event));
  }
  return Compare(turn, NotificationKind::kOperatorExpiring, std::move(found));
}

absl::Status ConditionWatch::LookAtCoverage(Turn& turn) {
  agenda_.At(turn.now() + options_.look_at_coverage_every,
             [this](Turn& later) { return LookAtCoverage(later); });
  if (!outbox_.has_channels()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto channels, turn.store().notifications().ListChannels());
  ASSIGN_OR_RETURN(const auto zones,
                   turn.store().zones().List(store::TenantWall::Everything(), TenantId()));
  absl::Time when = turn.now();
  for (const store::Channel& channel : channels) {
    if (channel.coverage_target == 0) continue;
    for (const store::Zone& zone : zones) {
      if (!channel.tenant_id.empty() && zone.tenant_id != channel.tenant_id) continue;
      agenda_.At(when, [this, channel = channel.id, zone = zone.id](Turn& later) {
        return LookAtZone(later, channel, zone);
      });
      when += kBetweenZones;
    }
  }
  return absl::OkStatus();
}

absl::Status ConditionWatch::LookAtZone(Turn& turn, const ChannelId& id, const ZoneId& zone) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const auto channel, store.FindChannel(id));
  if (!channel.has_value() || channel->coverage_target == 0) return absl::OkStatus();
  store::ServerQuery query;
  query.selection.zone_id = zone;
  query.wall = store::TenantWall::Of({TenantOf(zone)});
  ASSIGN_OR_RETURN(const auto proven, turn.store().servers().CountProven(query, turn.now()));
  ASSIGN_OR_RETURN(const auto counts, turn.store().servers().CountByEnrollment(query));
  int servers = 0;
  for (const auto& count : counts) servers += count.servers;
  const int covered = proven.empty() ? 0 : proven.front().proven;
  const bool low = int64_t{covered} * 100 < int64_t{servers} * channel->coverage_target;
  const Condition condition{NotificationKind::kCoverageLow, CoverageSubject(id, zone),
                            TenantOf(zone), turn.now()};
  ASSIGN_OR_RETURN(const auto known, store.ListConditions(NotificationKind::kCoverageLow));
  const bool told = std::any_of(known.begin(), known.end(), [&](const Condition& one) {
    return one.subject == condition.subject;
  });
  if (low == told) return absl::OkStatus();
  RETURN_IF_ERROR(low ? store.PutCondition(condition) : store.DeleteCondition(condition));
  NotificationEvent event;
  event.kind = low ? NotificationKind::kCoverageLow : NotificationKind::kCoverageRestored;
  event.severity = low ? Severity::kHigh : Severity::kLow;
  event.time = turn.now();
  event.tenant_id = TenantOf(zone);
  event.subject = zone.value();
  event.summary =
      absl::StrCat(covered, " of ", servers, " servers of ", zone.value(),
                   " are enrolled and proven; the target is ", channel->coverage_target, "%");
  event.next = absl::StrCat("muster report --zone ", zone.value());
  if (!Hears(*channel, event)) return absl::OkStatus();
  return outbox_.TellOne(turn, *channel, event);
}

}  // namespace muster::core
