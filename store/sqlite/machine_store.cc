#include "store/sqlite/machine_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

constexpr char kMachineColumns[] =
    "id, server_id, standing, shown, issued, machine_name, machine_id_hash, boot, address, "
    "first_seen_us, last_seen_us, returned_us FROM identity_machines";

absl::StatusOr<IdentityMachine> ReadMachine(const sql::Row& row) {
  IdentityMachine machine;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(machine.id, machine.server_id, machine.standing, machine.shown,
                            machine.issued, machine.machine_name, machine.machine_id_hash,
                            machine.boot, machine.address, machine.first_seen, machine.last_seen,
                            machine.returned_time)
                      .status());
  return machine;
}

}  // namespace

absl::StatusOr<std::vector<IdentityMachine>> SqliteMachineStore::ListOf(
    const ServerId& server) const {
  return db_.Cached(absl::StrCat("SELECT ", kMachineColumns, " WHERE server_id = ? ORDER BY id"))
      .BindAll(server)
      .All(ReadMachine);
}

absl::StatusOr<std::vector<IdentityMachine>> SqliteMachineStore::ListContested(
    const ZoneId& zone) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kMachineColumns,
                           " WHERE standing <> 'known' AND (? = '' OR server_id IN "
                           "(SELECT id FROM servers WHERE zone_id = ?)) ORDER BY server_id, id"))
      .BindAll(zone, zone)
      .All(ReadMachine);
}

absl::Status SqliteMachineStore::Put(const IdentityMachine& machine) {
  return db_
      .Cached(
          "INSERT INTO identity_machines (id, server_id, standing, shown, issued, machine_name, "
          "machine_id_hash, boot, address, first_seen_us, last_seen_us, returned_us) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET standing = excluded.standing, shown = excluded.shown, "
          "issued = excluded.issued, machine_name = excluded.machine_name, "
          "machine_id_hash = excluded.machine_id_hash, boot = excluded.boot, "
          "address = excluded.address, last_seen_us = excluded.last_seen_us, "
          "returned_us = excluded.returned_us")
      .RunWith(machine.id, machine.server_id, ToString(machine.standing), machine.shown,
               EncodeList(machine.issued), machine.machine_name, machine.machine_id_hash,
               machine.boot, machine.address, machine.first_seen, machine.last_seen,
               machine.returned_time);
}

absl::Status SqliteMachineStore::Delete(const MachineId& machine) {
  return db_.Cached("DELETE FROM identity_machines WHERE id = ?").RunWith(machine);
}

}  // namespace muster::store
