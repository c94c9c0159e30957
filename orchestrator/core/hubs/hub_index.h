// A hub's list with its ways in, and a reading that has them. They are made where the hub was read: of
// a hundred thousand records they would hold up everything on the strand.
#ifndef MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_INDEX_H_
#define MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_INDEX_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "orchestrator/core/hubs/hub_reading.h"

namespace muster::core {

// A list with its three ways in. Borrows the list.
class HubIndex {
 public:
  explicit HubIndex(const HubList& list);
  const HubList& list() const { return list_; }
  // Several records have this internal id.
  bool IsShared(absl::string_view internal_instance_id) const;
  // Calls `found` with each internal id that several records have, in lower case.
  void ForEachShared(const std::function<void(const std::string&)>& found) const;
  // Null when there is none; the first when there are more.
  const HubInstance* ById(const HubInstanceId& id) const;
  // A later record with the id that has another title or another internal id: the list contradicts
  // itself, and nobody can be told by that id. Null when there is none.
  const HubInstance* Contradiction(const HubInstanceId& id) const;
  // The newest report, by the hub's clock; none: the list has no dates.
  std::optional<absl::Time> newest_report() const { return newest_report_; }

 private:
  friend class Matcher;  // core/enrollment
  // Position of the only record with the key; kSeveral when there are more.
  static constexpr int kSeveral = -1;
  using ByText = absl::flat_hash_map<std::string, int>;
  static void Add(ByText& map, std::string&& key, int position);

  const HubList& list_;
  absl::flat_hash_map<HubInstanceId, int> by_id_;
  absl::flat_hash_map<HubInstanceId, int> contradictions_;
  ByText by_internal_id_;
  ByText by_title_;  // Lower case.
  std::optional<absl::Time> newest_report_;
};

// Stays where it is: the index leads into its list.
struct IndexedReading {
  explicit IndexedReading(HubList list)
      : reading{.hub_url = {}, .list = std::move(list), .started = {}}, index(reading.list) {}
  IndexedReading(const IndexedReading&) = delete;
  IndexedReading& operator=(const IndexedReading&) = delete;

  HubReading reading;
  const HubIndex index;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_INDEX_H_
