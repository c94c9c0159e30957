#include "orchestrator/core/enrollment/matcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace muster::core {

Match Matcher::One(int position, store::MatchKind by) const {
  if (position == HubIndex::kSeveral) return {Match::Kind::kSeveral, nullptr, by};
  const HubInstance& instance = index_.list_.instances[static_cast<size_t>(position)];
  if (index_.Contradiction(instance.id) != nullptr) return {Match::Kind::kSeveral, nullptr, by};
  if (taken_(instance.id)) return {Match::Kind::kTaken, &instance, by};
  return {Match::Kind::kOne, &instance, by};
}

Match Matcher::ByHubId(const MatchSubject& subject) const {
  if (subject.hub_instance_id.empty()) return {};
  const auto it = index_.by_id_.find(subject.hub_instance_id);
  if (it == index_.by_id_.end()) return {};
  return One(it->second, store::MatchKind::kHubId);
}

Match Matcher::ByInternalId(const MatchSubject& subject) const {
  if (subject.internal_instance_id.empty()) return {};
  const auto it = index_.by_internal_id_.find(absl::AsciiStrToLower(subject.internal_instance_id));
  if (it == index_.by_internal_id_.end()) return {};
  return One(it->second, store::MatchKind::kInternalId);
}

Match Matcher::ByName(const MatchSubject& subject) const {
  if (!subject.hub_instance_id.empty() || subject.machine_name.empty()) return {};
  const auto it = index_.by_title_.find(absl::AsciiStrToLower(subject.machine_name));
  if (it == index_.by_title_.end()) return {};
  if (it->second == HubIndex::kSeveral) {
    return {Match::Kind::kSeveral, nullptr, store::MatchKind::kMachineName};
  }
  const HubInstance& instance = index_.list_.instances[static_cast<size_t>(it->second)];
  const bool other_service =
      !subject.internal_instance_id.empty() && !instance.internal_instance_id.empty();
  // Equal internal ids would have matched before.
  if (other_service || taken_(instance.id)) return {};
  return One(it->second, store::MatchKind::kMachineName);
}

Match Matcher::Find(const MatchSubject& subject) const {
  if (const Match match = ByHubId(subject); match.kind != Match::Kind::kNone) return match;
  if (const Match match = ByInternalId(subject); match.kind != Match::Kind::kNone) return match;
  return ByName(subject);
}

bool ProvesEnrollment(const HubInstance& instance, const HubList& list, const ProofRule& rule) {
  if (instance.pending.value_or(false)) return false;
  if (!instance.reported_time.has_value()) return false;
  const absl::Time reported = *instance.reported_time - list.clock_offset;
  if (rule.join_start.has_value() && reported + rule.clock_tolerance < *rule.join_start) {
    return false;
  }
  if (instance.connected.has_value()) return *instance.connected;
  return !instance.title.empty() && reported + rule.fresh_report >= rule.now;
}

bool HasAnonymousRecord(const HubList& list, const GhostRule& rule, const TakenByAnother& taken) {
  return std::any_of(
      list.instances.begin(), list.instances.end(), [&](const HubInstance& instance) {
        if (!instance.title.empty() || instance.connected.value_or(false)) return false;
        if (taken(instance.id)) return false;
        if (!rule.internal_instance_id.empty() && !instance.internal_instance_id.empty() &&
            !absl::EqualsIgnoreCase(rule.internal_instance_id,
                                    instance.internal_instance_id.str())) {
          return false;
        }
        const std::optional<absl::Time> registered = instance.registered_time.has_value()
                                                         ? instance.registered_time
                                                         : instance.reported_time;
        if (!registered.has_value()) return true;
        const absl::Time ours = *registered - list.clock_offset;
        return ours + rule.clock_tolerance >= rule.since &&
               ours - rule.clock_tolerance <= rule.until;
      });
}

}  // namespace muster::core
