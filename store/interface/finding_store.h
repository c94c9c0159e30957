// Findings. See store.h for how it is reached, for errors and threads. Reads that take a wall, or
// whose query holds one, serve operators; the others are the system's own.
#ifndef MUSTER_STORE_INTERFACE_FINDING_STORE_H_
#define MUSTER_STORE_INTERFACE_FINDING_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/finding.h"

namespace muster::store {

class FindingStore {
 public:
  virtual ~FindingStore() = default;
  virtual absl::StatusOr<std::optional<Finding>> Find(const TenantWall& wall,
                                                      const FindingId& id) const = 0;
  virtual absl::StatusOr<std::optional<Finding>> FindOf(const ZoneId& zone, FindingKind kind,
                                                        const std::string& subject) const = 0;
  virtual absl::StatusOr<std::vector<Finding>> List(const FindingQuery& query) const = 0;  // By id.
  // Of the zone, all that are not resolved; by id.
  virtual absl::StatusOr<std::vector<Finding>> ListUnresolved(const ZoneId& zone) const = 0;
  // Of the zone, those whose state is of after `since`, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<Finding>> ListChanged(const ZoneId& zone, absl::Time since,
                                                           int limit) const = 0;
  virtual absl::StatusOr<int> CountUnresolved(const ZoneId& zone) const = 0;
  struct Count {
    ZoneId zone_id;
    FindingKind kind = FindingKind::kMissing;
    FindingState state = FindingState::kSuspected;
    int findings = 0;
  };
  // Of the query, per zone, kind and state; page and limit are not looked at.
  virtual absl::StatusOr<std::vector<Count>> CountBy(const FindingQuery& query) const = 0;

  // AlreadyExists when zone, kind and subject are taken.
  virtual absl::Status Insert(const Finding& finding) = 0;
  // Compare-and-set of the whole row but id, zone, kind and subject: Aborted when it is not in
  // `from`; Internal when the transition table does not hold the move. Staying is no move.
  virtual absl::Status Update(const Finding& finding, FindingState from) = 0;
  // Deletes resolved ones whose state is older, at most `limit`; how many.
  virtual absl::StatusOr<int> Prune(absl::Time before, int limit) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_FINDING_STORE_H_
