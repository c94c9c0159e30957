// The machines that use the identities of workers. See store.h for how it is reached, for errors and
// threads.
#ifndef MUSTER_STORE_INTERFACE_MACHINE_STORE_H_
#define MUSTER_STORE_INTERFACE_MACHINE_STORE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/identity_machine.h"

namespace muster::store {

class MachineStore {
 public:
  virtual ~MachineStore() = default;
  // Of one server, in the order in which they were seen first.
  virtual absl::StatusOr<std::vector<IdentityMachine>> ListOf(const ServerId& server) const = 0;
  // Those that are not known, but cloned or put out: of the zone's servers, by server. Empty zone: of
  // all.
  virtual absl::StatusOr<std::vector<IdentityMachine>> ListContested(const ZoneId& zone) const = 0;

  // Inserts or overwrites.
  virtual absl::Status Put(const IdentityMachine& machine) = 0;
  // Nothing where there is none.
  virtual absl::Status Delete(const MachineId& machine) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_MACHINE_STORE_H_
