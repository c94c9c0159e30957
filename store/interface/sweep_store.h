// Sweeps. See store.h for how it is reached, for errors and threads.
#ifndef MUSTER_STORE_INTERFACE_SWEEP_STORE_H_
#define MUSTER_STORE_INTERFACE_SWEEP_STORE_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/sweep.h"

namespace muster::store {

class SweepStore {
 public:
  virtual ~SweepStore() = default;
  virtual absl::StatusOr<std::optional<Sweep>> Find(const TenantWall& wall,
                                                    const SweepId& id) const = 0;
  virtual absl::StatusOr<std::vector<Sweep>> List(
      const SweepQuery& query) const = 0;  // Newest first.
  // Of the zone, the newest; none: there was no sweep.
  virtual absl::StatusOr<std::optional<Sweep>> FindLast(const ZoneId& zone) const = 0;
  virtual absl::StatusOr<std::vector<Sweep>> ListRunning() const = 0;

  virtual absl::Status Insert(const Sweep& sweep) = 0;
  // Compare-and-set, as the other stores' moves.
  virtual absl::Status Update(const Sweep& sweep, SweepState from) = 0;
  // Deletes those that began before, at most `limit`; how many. None that is running.
  virtual absl::StatusOr<int> Prune(absl::Time before, int limit) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_SWEEP_STORE_H_
