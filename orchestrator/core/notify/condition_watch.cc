#include "orchestrator/core/notify/condition_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/notify/channel_rules.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/core/report/coverage.h"

namespace muster::core {
namespace {

using store::Condition;
using store::NotificationEvent;
using store::NotificationKind;
using store::Severity;

constexpr absl::Duration kBetweenZones = absl::Milliseconds(50);
std::string CoverageSubject(const ChannelId& channel, const ZoneId& zone) {
  return absl::StrCat(channel.value(), " ", zone.value());
}

NotificationEvent ConditionEvent(Turn& turn, NotificationKind kind) {
  NotificationEvent event;
  event.kind = kind;
  event.time = turn.now();
  event.severity = kind == NotificationKind::kOperatorExpiring   ? Severity::kMedium
                   : kind == NotificationKind::kCoverageRestored ? Severity::kLow
                                                                 : Severity::kHigh;
  return event;
}

NotificationEvent EventOf(Turn& turn, const SystemCondition& condition) {
  NotificationEvent event = ConditionEvent(turn, condition.kind);
  event.subject = condition.subject;
  event.summary = condition.summary;
  event.next = condition.next;
  return event;
}

absl::StatusOr<ZoneCoverage> CoverageOfZone(Turn& turn, const ZoneId& zone) {
  store::ServerQuery query;
  query.selection.zone_id = zone;
  query.wall = store::TenantWall::Of({TenantOf(zone)});
  ASSIGN_OR_RETURN(const auto counts, turn.store().servers().CountByEnrollment(query));
  ASSIGN_OR_RETURN(const auto proven, turn.store().servers().CountProven(query, turn.now()));
  return CoverageByZone(counts, proven)[zone];
}

NotificationEvent CoverageEvent(Turn& turn, bool low, const ZoneId& zone,
                                const ZoneCoverage& coverage, int target) {
  NotificationEvent event = ConditionEvent(
      turn, low ? NotificationKind::kCoverageLow : NotificationKind::kCoverageRestored);
  event.tenant_id = TenantOf(zone);
  event.subject = zone.value();
  event.summary =
      absl::StrCat(coverage.proven, " of ", coverage.servers, " servers of ", zone.value(),
                   " are enrolled and proven; the target is ", target, "%");
  event.next = absl::StrCat("muster report --zone ", zone.value());
  return event;
}

}  // namespace

void ConditionWatch::Start(absl::Time now) {
  agenda_.At(now + options_.look_at_coverage_every,
             [this](Turn& turn) { return LookAtCoverage(turn); });
  agenda_.At(now + options_.look_at_coverage_every,
             [this](Turn& turn) { return LookAtEndings(turn); });
}

absl::Status ConditionWatch::Compare(Turn& turn, NotificationKind kind, Events found) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const std::vector<Condition> known, store.ListConditions(kind));
  std::set<std::string> told;
  for (const Condition& condition : known) told.insert(condition.subject);
  std::set<std::string> now;
  for (NotificationEvent& event : found) {
    now.insert(event.subject);
    if (told.contains(event.subject)) continue;
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
  system_ = found;
  if (!outbox_.has_channels()) return absl::OkStatus();
  for (const NotificationKind kind :
       {NotificationKind::kCertificateExpiring, NotificationKind::kBackupOld}) {
    Events of_kind;
    for (const SystemCondition& condition : found) {
      if (condition.kind == kind) of_kind.push_back(EventOf(turn, condition));
    }
    RETURN_IF_ERROR(Compare(turn, kind, std::move(of_kind)));
  }
  return absl::OkStatus();
}

absl::Status ConditionWatch::LookAtEndings(Turn& turn) {
  agenda_.At(turn.now() + options_.look_at_endings_every,
             [this](Turn& later) { return LookAtEndings(later); });
  if (!outbox_.has_channels()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Events operators, EndingOperators(turn));
  RETURN_IF_ERROR(Compare(turn, NotificationKind::kOperatorExpiring, std::move(operators)));
  ASSIGN_OR_RETURN(Events keys, EndingKeys(turn));
  return Compare(turn, NotificationKind::kKeyExpiring, std::move(keys));
}

absl::StatusOr<ConditionWatch::Events> ConditionWatch::EndingOperators(Turn& turn) const {
  ASSIGN_OR_RETURN(const auto operators, turn.store().operators().List());
  Events found;
  for (const store::Operator& op : operators) {
    if (!IsUsable(op, turn.now()) || EndOf(op) > turn.now() + options_.ends_soon) continue;
    NotificationEvent event = ConditionEvent(turn, NotificationKind::kOperatorExpiring);
    event.subject = op.id.value();
    // Whoever is of several tenants is the provider's matter.
    if (op.tenants.size() == 1) event.tenant_id = op.tenants.front();
    event.summary =
        absl::StrCat("operator ", op.name, " can come in until ", UtcText(EndOf(op)), " only");
    event.next = absl::StrCat("muster operator renew ", op.id.value());
    found.push_back(std::move(event));
  }
  return found;
}

absl::StatusOr<ConditionWatch::Events> ConditionWatch::EndingKeys(Turn& turn) const {
  ASSIGN_OR_RETURN(const auto keys,
                   turn.store().zones().ListKeysEnding(turn.now() + options_.ends_soon));
  Events found;
  for (const store::JoiningKeyVersion& key : keys) {
    NotificationEvent event = ConditionEvent(turn, NotificationKind::kKeyExpiring);
    event.tenant_id = TenantOf(key.zone_id);
    event.subject = key.zone_id.value();
    event.summary = absl::StrCat("the joining key of ", key.zone_id.value(), ", version ",
                                 key.version, " with client id ", key.client_id, ", ",
                                 *key.expire_time > turn.now() ? "ends at " : "has ended at ",
                                 UtcText(*key.expire_time), "; nobody joins with it afterwards");
    event.next = absl::StrCat("muster key set ", key.zone_id.value());
    found.push_back(std::move(event));
  }
  return found;
}

absl::StatusOr<ConditionWatch::Events> ConditionWatch::NowOf(Turn& turn,
                                                             const store::Channel& channel) {
  ASSIGN_OR_RETURN(Events all, EndingOperators(turn));
  ASSIGN_OR_RETURN(Events keys, EndingKeys(turn));
  all.insert(all.end(), keys.begin(), keys.end());
  for (const SystemCondition& condition : system_) all.push_back(EventOf(turn, condition));
  // Coverage is found for the channel itself.
  ASSIGN_OR_RETURN(const auto known,
                   turn.store().notifications().ListConditions(NotificationKind::kCoverageLow));
  for (const Condition& condition : known) {
    absl::string_view zone = condition.subject;
    if (channel.coverage_target == 0 ||
        !absl::ConsumePrefix(&zone, absl::StrCat(channel.id.value(), " "))) {
      continue;
    }
    ASSIGN_OR_RETURN(const ZoneCoverage coverage, CoverageOfZone(turn, ZoneId(zone)));
    all.push_back(CoverageEvent(turn, true, ZoneId(zone), coverage, channel.coverage_target));
  }
  std::erase_if(all, [&](const NotificationEvent& event) { return !Hears(channel, event); });
  return all;
}

absl::Status ConditionWatch::LookAtCoverage(Turn& turn) {
  agenda_.At(turn.now() + options_.look_at_coverage_every,
             [this](Turn& later) { return LookAtCoverage(later); });
  if (!outbox_.has_channels()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto channels, turn.store().notifications().ListChannels());
  ASSIGN_OR_RETURN(const auto zones,
                   turn.store().zones().List(store::TenantWall::Everything(), TenantId()));
  absl::Time when = turn.now();
  std::set<std::string> looked_at;
  for (const store::Channel& channel : channels) {
    if (channel.coverage_target == 0) continue;
    for (const store::Zone& zone : zones) {
      if (!channel.tenant_id.empty() && zone.tenant_id != channel.tenant_id) continue;
      looked_at.insert(CoverageSubject(channel.id, zone.id));
      agenda_.At(when, [this, channel = channel.id, zone = zone.id](Turn& later) {
        return LookAtZone(later, channel, zone);
      });
      when += kBetweenZones;
    }
  }
  // Of zones that are gone, and channels that have no target any more: told anew when they have one.
  ASSIGN_OR_RETURN(const auto known,
                   turn.store().notifications().ListConditions(NotificationKind::kCoverageLow));
  for (const Condition& condition : known) {
    if (looked_at.contains(condition.subject)) continue;
    RETURN_IF_ERROR(turn.store().notifications().DeleteCondition(condition));
  }
  return absl::OkStatus();
}

absl::Status ConditionWatch::LookAtZone(Turn& turn, const ChannelId& id, const ZoneId& zone) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const auto channel, store.FindChannel(id));
  if (!channel.has_value() || channel->coverage_target == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ZoneCoverage coverage, CoverageOfZone(turn, zone));
  const bool low = coverage.IsBelow(channel->coverage_target);
  const Condition condition{NotificationKind::kCoverageLow, CoverageSubject(id, zone),
                            TenantOf(zone), turn.now()};
  ASSIGN_OR_RETURN(const auto known, store.ListConditions(NotificationKind::kCoverageLow));
  const bool told = std::any_of(known.begin(), known.end(), [&](const Condition& one) {
    return one.subject == condition.subject;
  });
  if (low == told) return absl::OkStatus();
  RETURN_IF_ERROR(low ? store.PutCondition(condition) : store.DeleteCondition(condition));
  const NotificationEvent event =
      CoverageEvent(turn, low, zone, coverage, channel->coverage_target);
  if (!Hears(*channel, event)) return absl::OkStatus();
  return outbox_.TellOne(turn, *channel, event);
}

}  // namespace muster::core
