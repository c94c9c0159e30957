#include "orchestrator/core/hubs/hub_reading.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "orchestrator/core/hubs/hub_standing.h"

namespace muster::core {
namespace {

// Of the ids, in whatever order: equal for two lists of the same records, in this process and the
// next. It finds differences, not forgers: who can write the list need not forge it.
std::string DigestOf(const HubList& list) {
  uint64_t sum = 0;
  uint64_t mixed = 0;
  for (const HubInstance& instance : list.instances) {
    uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    for (const char c : instance.id.value()) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    sum += hash;
    mixed ^= hash * hash;
  }
  return absl::StrCat(list.instances.size(), ":", absl::Hex(sum), ":", absl::Hex(mixed));
}

void ForgetShort(store::HubContact& contact) {
  contact.short_readings = contact.short_instances = 0;
  contact.short_digest.clear();
  contact.short_time.reset();
}

}  // namespace

bool IsPlausible(int instances, std::optional<int> last_instances) {
  return instances * 2 >= last_instances.value_or(0);
}

bool IsBelieved(store::HubContact& contact, const HubList& list, std::optional<int> last_instances,
                absl::Time started, const VerifyOptions& options) {
  const int instances = static_cast<int>(list.instances.size());
  if (contact.accepted_instances.has_value() && last_instances.has_value()) {
    last_instances = std::min(*last_instances, *contact.accepted_instances);
  }
  if (IsPlausible(instances, last_instances)) {
    ForgetShort(contact);
    contact.accepted_instances.reset();
    return true;
  }
  std::string digest = DigestOf(list);
  if (contact.short_readings == 0 || contact.short_digest != digest ||
      contact.short_time.value_or(absl::InfinitePast()) > started) {
    contact.short_readings = 1;
    contact.short_time = started;
  } else if (started >= *contact.short_time + options.short_list_between) {
    ++contact.short_readings;
    contact.short_time = started;
  }
  contact.short_instances = instances;
  contact.short_digest = std::move(digest);
  if (contact.short_readings < options.short_list_readings) return false;
  ForgetShort(contact);
  return true;
}

std::string WhyInconclusive(const HubReading& reading, int last_instances) {
  const std::string records = absl::StrCat(reading.instances(), " records");
  if (reading.list.whole) return absl::StrCat(records, ", ", last_instances, " before");
  switch (KindOf(reading.list)) {
    case store::HubListKind::kConnectedOnly:
      return absl::StrCat(records,
                          "; nothing shows that the hub lists what is not connected, as hubs of "
                          "2025 do not: it confirms who is connected, and no absence");
    case store::HubListKind::kLegacy:
      return absl::StrCat(records,
                          "; a hub of 2024 lists connected instances only: it confirms these, and "
                          "no absence");
    default:
      return absl::StrCat(records, ", ", last_instances,
                          " before; nothing shows that the list is whole");
  }
}

}  // namespace muster::core
