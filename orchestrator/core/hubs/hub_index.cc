#include "orchestrator/core/hubs/hub_index.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace muster::core {
namespace {

bool Contradict(const HubInstance& first, const HubInstance& second) {
  return !absl::EqualsIgnoreCase(first.title.str(), second.title.str()) ||
         !absl::EqualsIgnoreCase(first.internal_instance_id.str(),
                                 second.internal_instance_id.str());
}

}  // namespace

void HubIndex::Add(ByText& map, std::string&& key, int position) {
  if (key.empty()) return;
  const auto [it, fresh] = map.try_emplace(std::move(key), position);
  if (!fresh) it->second = kSeveral;
}

HubIndex::HubIndex(const HubList& list) : list_(list) {
  by_id_.reserve(list.instances.size());
  for (size_t i = 0; i < list.instances.size(); ++i) {
    const HubInstance& instance = list.instances[i];
    const int position = static_cast<int>(i);
    const auto [first, fresh] = by_id_.try_emplace(instance.id, position);
    if (!fresh && Contradict(list.instances[static_cast<size_t>(first->second)], instance)) {
      contradictions_.try_emplace(instance.id, position);
    }
    if (instance.reported_time.has_value()) {
      newest_report_ =
          std::max(newest_report_.value_or(absl::InfinitePast()), *instance.reported_time);
    }
    Add(by_internal_id_, absl::AsciiStrToLower(instance.internal_instance_id.str()), position);
    Add(by_title_, absl::AsciiStrToLower(instance.title.str()), position);
  }
}

bool HubIndex::IsShared(absl::string_view internal_instance_id) const {
  const auto it = by_internal_id_.find(absl::AsciiStrToLower(internal_instance_id));
  return it != by_internal_id_.end() && it->second == kSeveral;
}

void HubIndex::ForEachShared(const std::function<void(const std::string&)>& found) const {
  for (const auto& [id, position] : by_internal_id_) {
    if (position == kSeveral) found(id);
  }
}

const HubInstance* HubIndex::ById(const HubInstanceId& id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &list_.instances[static_cast<size_t>(it->second)];
}

const HubInstance* HubIndex::Contradiction(const HubInstanceId& id) const {
  const auto it = contradictions_.find(id);
  return it == contradictions_.end() ? nullptr : &list_.instances[static_cast<size_t>(it->second)];
}

}  // namespace muster::core
