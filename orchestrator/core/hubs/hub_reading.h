// One reading of a hub, and when its silence about a server counts (invariant 9). Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_READING_H_
#define MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_READING_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/options.h"
#include "store/model/hub_contact.h"

namespace muster::core {

struct HubReading {
  std::string hub_url;
  HubList list;
  absl::Time started;  // What the hub learned later need not be in the list.
  // The list is whole and plausible: it may prove absence. Else it confirms presence only.
  bool conclusive = false;

  int instances() const { return static_cast<int>(list.instances.size()); }
};

// Whether a whole list fits what is known of its hub: not less than half of what the last such list
// had. An empty one fits a hub of which nothing else is known: the hub's own record, which makes
// the list whole, was there.
bool IsPlausible(int instances, std::optional<int> last_instances);

// Whether a whole list is believed, and what `contact` remembers of short ones. A hub may really
// have lost most of its records: a short list is believed when short_list_readings readings,
// short_list_between apart, showed the same records, or an operator has said that the hub shrank.
bool IsBelieved(store::HubContact& contact, const HubList& list, std::optional<int> last_instances,
                absl::Time started, const VerifyOptions& options);

// Why the reading confirms presence only: "4 records, 40 before; …". For one that is not conclusive.
std::string WhyInconclusive(const HubReading& reading, int last_instances);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_READING_H_
