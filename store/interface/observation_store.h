// Observations about servers. See store.h for how it is reached, for errors and threads.
#ifndef MUSTER_STORE_INTERFACE_OBSERVATION_STORE_H_
#define MUSTER_STORE_INTERFACE_OBSERVATION_STORE_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/observation.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

class ObservationStore {
 public:
  virtual ~ObservationStore() = default;
  virtual absl::StatusOr<std::optional<Observation>> Find(const ServerId& server,
                                                          FailureCode code) const = 0;
  // Of one server, newest first.
  virtual absl::StatusOr<std::vector<Observation>> ListOf(const ServerId& server) const = 0;
  virtual absl::StatusOr<std::vector<Observation>> ListOf(const TenantWall& wall,
                                                          const ServerId& server) const = 0;
  // Inserts the row, or counts one more and takes over detail and time. Does nothing for a server
  // that does not exist (any more).
  virtual absl::Status Note(const ServerId& server, FailureCode code, absl::string_view detail,
                            absl::Time time) = 0;
  // Whether there was such a row.
  virtual absl::StatusOr<bool> Clear(const ServerId& server, FailureCode code) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_OBSERVATION_STORE_H_
