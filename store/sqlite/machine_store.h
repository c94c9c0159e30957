// MachineStore in SQLite: who uses the identity of a worker.
#ifndef MUSTER_STORE_SQLITE_MACHINE_STORE_H_
#define MUSTER_STORE_SQLITE_MACHINE_STORE_H_

#include <vector>

#include "base/sql/database.h"
#include "store/interface/machine_store.h"

namespace muster::store {

// Table identity_machines.
class SqliteMachineStore final : public MachineStore {
 public:
  explicit SqliteMachineStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::vector<IdentityMachine>> ListOf(const ServerId& server) const override;
  absl::StatusOr<std::vector<IdentityMachine>> ListContested(const ZoneId& zone) const override;
  absl::Status Put(const IdentityMachine& machine) override;
  absl::Status Delete(const MachineId& machine) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_MACHINE_STORE_H_
