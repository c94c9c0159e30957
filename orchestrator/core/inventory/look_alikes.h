// Names of a zone that people take for another one: a warning, never a refusal.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_LOOK_ALIKES_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_LOOK_ALIKES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/interface/walled_snapshot.h"

namespace muster::core {

// On the strand only. A zone's names are read from the store once, when it is first asked about;
// what is inserted later is told. What the store does not have any more is no answer, so that a turn
// that fails after it told leaves nothing wrong.
class LookAlikes {
 public:
  // The zone's servers that look like `name` and are not called so; the retired excepted.
  absl::StatusOr<std::vector<std::string>> Find(Turn& turn, const ZoneId& zone,
                                                absl::string_view name);
  // A server of the zone is called so from now on.
  void Add(const ZoneId& zone, const std::string& name);
  // Find for a server that is about to come into being, said in the log.
  absl::StatusOr<std::vector<std::string>> Warn(Turn& turn, const ZoneId& zone,
                                                const std::string& name);

 private:
  using Names = std::map<std::string, std::set<std::string>>;  // By their look (ShapeOf).
  std::map<ZoneId, Names> zones_;                              // Those that were asked about.
};

// The same for one server, from a snapshot: reads all names of its zone.
absl::StatusOr<std::vector<std::string>> FindLookAlikes(const store::WalledSnapshot& snapshot,
                                                        const store::Server& server);

// "looks like db-01 and db-o1 of the same zone", for log, audit and hints; empty without any.
std::string SayLookAlikes(const std::vector<std::string>& names);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_LOOK_ALIKES_H_
