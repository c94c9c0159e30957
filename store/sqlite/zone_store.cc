#include "store/sqlite/zone_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::Blob;
using sql::ErrorKind;

constexpr char kZoneColumns[] =
    "id, tenant_id, display_name, hub_url, hub_ca_pem, max_concurrent_joins, "
    "allow_cli_join, verifier_kind, verifier_principal, verifier_secret, verifier_fingerprint, "
    "pin_version, create_time_us, service_account, verify_within_us, disconnect_patience_us, "
    "sweep_schedule, sweep_time_zone, sweep_every_us, sweep_off, sweep_ask_workers FROM zones";

absl::StatusOr<Zone> ReadZone(const sql::Row& row) {
  Zone zone;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(zone.id, zone.tenant_id, zone.display_name, zone.hub_url,
                            zone.hub_ca_pem, zone.max_concurrent_joins, zone.allow_cli_join,
                            zone.verifier.kind, zone.verifier.principal, zone.verifier.secret,
                            zone.verifier.fingerprint, zone.pin_version, zone.create_time,
                            zone.service_account, zone.verify_within, zone.disconnect_patience,
                            zone.sweep.schedule, zone.sweep.time_zone, zone.sweep.every,
                            zone.sweep.off, zone.sweep.ask_workers)
                      .status());
  return zone;
}

constexpr char kKeyColumns[] =
    "id, zone_id, version, state, client_id, secret, fingerprint, create_time_us, expire_time_us "
    "FROM joining_keys";

absl::StatusOr<JoiningKeyVersion> ReadKey(const sql::Row& row) {
  JoiningKeyVersion key;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(key.id, key.zone_id, key.version, key.state, key.client_id, key.secret,
                            key.fingerprint, key.create_time, key.expire_time)
                      .status());
  return key;
}

constexpr char kContactColumns[] =
    "zone_id, try_time_us, read_time_us, failures, failing_time_us, failure_code, failure_detail, "
    "open_time_us, not_before_us, list_kind, hub_version, clock_offset_us, instances, "
    "short_readings, short_instances, short_digest, short_time_us, accepted_instances "
    "FROM hub_contacts";

absl::StatusOr<HubContact> ReadContact(const sql::Row& row) {
  HubContact contact;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(contact.zone_id, contact.try_time, contact.read_time, contact.failures,
                            contact.failing_time, contact.failure, contact.open_time,
                            contact.not_before, contact.list_kind, contact.hub_version,
                            contact.clock_offset, contact.instances, contact.short_readings,
                            contact.short_instances, contact.short_digest, contact.short_time,
                            contact.accepted_instances)
                      .status());
  return contact;
}

}  // namespace

absl::StatusOr<std::optional<Zone>> SqliteZoneStore::Find(const ZoneId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kZoneColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadZone);
}

absl::StatusOr<std::optional<Zone>> SqliteZoneStore::Find(const TenantWall& wall,
                                                          const ZoneId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kZoneColumns, "").One(ReadZone);
}

absl::StatusOr<std::vector<Zone>> SqliteZoneStore::List(const TenantWall& wall,
                                                        const TenantId& tenant) const {
  Where where;
  where.AndWithin("tenant_id", wall);
  if (!tenant.empty()) where.And("tenant_id = ?", {tenant.value()});
  return where.Build(db_, kZoneColumns, "ORDER BY id").All(ReadZone);
}

absl::Status SqliteZoneStore::Put(const Zone& zone) {
  return Explain(
      db_.Cached(
             "INSERT INTO zones (id, tenant_id, display_name, hub_url, hub_ca_pem, "
             "max_concurrent_joins, allow_cli_join, verifier_kind, verifier_principal, "
             "verifier_secret, verifier_fingerprint, pin_version, create_time_us, service_account, "
             "verify_within_us, disconnect_patience_us, sweep_schedule, sweep_time_zone, "
             "sweep_every_us, sweep_off, sweep_ask_workers) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
             "ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, "
             "hub_url = excluded.hub_url, hub_ca_pem = excluded.hub_ca_pem, "
             "max_concurrent_joins = excluded.max_concurrent_joins, "
             "allow_cli_join = excluded.allow_cli_join, "
             "service_account = excluded.service_account, verifier_kind = excluded.verifier_kind, "
             "verifier_principal = excluded.verifier_principal, "
             "verifier_secret = excluded.verifier_secret, "
             "verifier_fingerprint = excluded.verifier_fingerprint, "
             "verify_within_us = excluded.verify_within_us, "
             "disconnect_patience_us = excluded.disconnect_patience_us, "
             "sweep_schedule = excluded.sweep_schedule, "
             "sweep_time_zone = excluded.sweep_time_zone, "
             "sweep_every_us = excluded.sweep_every_us, sweep_off = excluded.sweep_off, "
             "sweep_ask_workers = excluded.sweep_ask_workers, "
             "pin_version = max(excluded.pin_version, pin_version + (hub_url <> excluded.hub_url "
             "OR allow_cli_join <> excluded.allow_cli_join "
             "OR service_account <> excluded.service_account))")
          .RunWith(zone.id, zone.tenant_id, zone.display_name, zone.hub_url, zone.hub_ca_pem,
                   zone.max_concurrent_joins, zone.allow_cli_join, ToString(zone.verifier.kind),
                   zone.verifier.principal, Blob{zone.verifier.secret.bytes},
                   zone.verifier.fingerprint, zone.pin_version, zone.create_time,
                   zone.service_account, zone.verify_within, zone.disconnect_patience,
                   zone.sweep.schedule, zone.sweep.time_zone, zone.sweep.every, zone.sweep.off,
                   zone.sweep.ask_workers),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", zone.id.value(), ": tenant ", zone.tenant_id.value(),
                   " does not exist; create it first"));
}

absl::Status SqliteZoneStore::Delete(const ZoneId& id) {
  for (const char* statement :
       {"DELETE FROM hub_readings WHERE zone_id = ?", "DELETE FROM hub_contacts WHERE zone_id = ?",
        "DELETE FROM joining_keys WHERE zone_id = ?",
        "DELETE FROM bootstrap_tokens WHERE zone_id = ?", "DELETE FROM zones WHERE id = ?"}) {
    RETURN_IF_ERROR(Explain(db_.Cached(statement).RunWith(id), ErrorKind::kConstraintForeignKey,
                            absl::StrCat("zone ", id.value(), " still has servers")));
  }
  return CheckChanged(db_, absl::StrCat("zone ", id.value()));
}

absl::StatusOr<std::optional<JoiningKeyVersion>> SqliteZoneStore::FindActiveKey(
    const ZoneId& zone) const {
  return FindActiveKey(TenantWall::Everything(), zone);
}

absl::StatusOr<std::optional<JoiningKeyVersion>> SqliteZoneStore::FindActiveKey(
    const TenantWall& wall, const ZoneId& zone) const {
  Where where;
  where.And("zone_id = ? AND state = 'active'", {zone.value()})
      .AndOwnedWithin("zone_id", "zones", wall);
  return where.Build(db_, kKeyColumns, "").One(ReadKey);
}

absl::StatusOr<std::optional<JoiningKeyVersion>> SqliteZoneStore::FindKey(
    const KeyVersionId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kKeyColumns, " WHERE id = ?")).BindAll(id).One(ReadKey);
}

absl::Status SqliteZoneStore::ActivateKey(const JoiningKeyVersion& key) {
  RETURN_IF_ERROR(db_.Cached("UPDATE joining_keys SET state = 'tainted' "
                             "WHERE zone_id = ? AND state = 'active'")
                      .RunWith(key.zone_id));
  const absl::Status status =
      db_.Cached(
             "INSERT INTO joining_keys (id, zone_id, version, state, client_id, secret, "
             "fingerprint, create_time_us, expire_time_us) VALUES (?, ?, ?, 'active', ?, ?, ?, ?, "
             "?)")
          .RunWith(key.id, key.zone_id, key.version, key.client_id, Blob{key.secret.bytes},
                   key.fingerprint, key.create_time, key.expire_time);
  return Explain(
      Explain(status, ErrorKind::kConstraintForeignKey,
              absl::StrCat("zone ", key.zone_id.value(), " does not exist; create it first")),
      ErrorKind::kConstraintUnique,
      absl::StrCat("zone ", key.zone_id.value(), " has a joining key version ", key.version));
}

absl::Status SqliteZoneStore::TaintActiveKey(const ZoneId& zone) {
  RETURN_IF_ERROR(db_.Cached("UPDATE joining_keys SET state = 'tainted' "
                             "WHERE zone_id = ? AND state = 'active'")
                      .RunWith(zone));
  if (db_.changes() > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("zone ", zone.value(), " has no active joining key"));
}

absl::StatusOr<std::vector<ZoneId>> SqliteZoneStore::ListWithoutKey(const TenantWall& wall,
                                                                    const TenantId& tenant) const {
  Where where;
  where.AndWithin("tenant_id", wall)
      .And(
          "NOT EXISTS (SELECT 1 FROM joining_keys k WHERE k.zone_id = zones.id AND k.state = "
          "'active')");
  if (!tenant.empty()) where.And("tenant_id = ?", {tenant.value()});
  return where.Build(db_, "id FROM zones", "ORDER BY id").All([](const sql::Row& row) {
    return row.Get<ZoneId>(0);
  });
}

absl::StatusOr<int> SqliteZoneStore::HighestKeyVersion(const ZoneId& zone) const {
  ASSIGN_OR_RETURN(const std::optional<int> highest,
                   db_.Cached("SELECT max(version) FROM joining_keys WHERE zone_id = ?")
                       .BindAll(zone)
                       .One([](const sql::Row& row) { return row.Get<int>(0); }));
  return highest.value_or(0);
}

absl::StatusOr<std::vector<JoiningKeyVersion>> SqliteZoneStore::ListKeys(const ZoneId& zone) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kKeyColumns, " WHERE zone_id = ? ORDER BY version DESC"))
      .BindAll(zone)
      .All(ReadKey);
}

absl::Status SqliteZoneStore::SetKeyExpiry(const KeyVersionId& id, std::optional<absl::Time> time) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE joining_keys SET expire_time_us = ? WHERE id = ?").RunWith(time, id));
  return CheckChanged(db_, absl::StrCat("joining key ", id.value()));
}

absl::StatusOr<std::vector<JoiningKeyVersion>> SqliteZoneStore::ListKeysEnding(
    absl::Time time) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kKeyColumns,
                           " WHERE state = 'active' AND expire_time_us < ? ORDER BY zone_id"))
      .BindAll(time)
      .All(ReadKey);
}

absl::Status SqliteZoneStore::DropReading(const ZoneId& zone) {
  return db_.Cached("DELETE FROM hub_readings WHERE zone_id = ?").RunWith(zone);
}

absl::Status SqliteZoneStore::Confirm(const ZoneId& zone, absl::Time time) {
  return Explain(db_.Cached("INSERT INTO zone_confirmations (zone_id, time_us) VALUES (?, ?) "
                            "ON CONFLICT (zone_id) DO UPDATE SET time_us = excluded.time_us")
                     .RunWith(zone, time),
                 ErrorKind::kConstraintForeignKey,
                 absl::StrCat("zone ", zone.value(), " does not exist"));
}

absl::StatusOr<std::optional<HubReading>> SqliteZoneStore::FindReading(const ZoneId& zone) const {
  return FindReading(TenantWall::Everything(), zone);
}

absl::StatusOr<std::optional<HubReading>> SqliteZoneStore::FindReading(const TenantWall& wall,
                                                                       const ZoneId& zone) const {
  Where where;
  where.And("zone_id = ?", {zone.value()}).AndOwnedWithin("zone_id", "zones", wall);
  return where
      .Build(db_,
             "zone_id, read_time_us, instances, unmatched, failure_code, failure_detail, "
             "try_time_us, hub_url FROM hub_readings",
             "")
      .One([](const sql::Row& row) -> absl::StatusOr<HubReading> {
        HubReading reading;
        RETURN_IF_ERROR(ColumnReader(row)
                            .Read(reading.zone_id, reading.read_time, reading.instances,
                                  reading.unmatched, reading.failure, reading.try_time,
                                  reading.hub_url)
                            .status());
        return reading;
      });
}

absl::Status SqliteZoneStore::PutReading(const HubReading& reading) {
  return Explain(
      db_.Cached(
             "INSERT OR REPLACE INTO hub_readings (zone_id, read_time_us, instances, unmatched, "
             "failure_code, failure_detail, try_time_us, hub_url) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(reading.zone_id, reading.read_time, reading.instances, reading.unmatched,
                   CodeOf(reading.failure), DetailOf(reading.failure), reading.try_time,
                   reading.hub_url),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", reading.zone_id.value(), " does not exist"));
}

absl::StatusOr<std::optional<HubContact>> SqliteZoneStore::FindContact(const ZoneId& zone) const {
  return db_.Cached(absl::StrCat("SELECT ", kContactColumns, " WHERE zone_id = ?"))
      .BindAll(zone)
      .One(ReadContact);
}

absl::StatusOr<std::vector<HubContact>> SqliteZoneStore::ListContacts(
    const TenantWall& wall, const TenantId& tenant) const {
  Where where;
  where.AndOwnedWithin("zone_id", "zones", wall);
  if (!tenant.empty()) {
    where.And("zone_id IN (SELECT id FROM zones WHERE tenant_id = ?)", {tenant.value()});
  }
  return where.Build(db_, kContactColumns, "ORDER BY zone_id").All(ReadContact);
}

absl::Status SqliteZoneStore::PutContact(const HubContact& contact) {
  return Explain(
      db_.Cached(
             "INSERT OR REPLACE INTO hub_contacts (zone_id, try_time_us, read_time_us, failures, "
             "failing_time_us, failure_code, failure_detail, open_time_us, not_before_us, "
             "list_kind, hub_version, clock_offset_us, instances, short_readings, "
             "short_instances, short_digest, short_time_us, accepted_instances) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(contact.zone_id, contact.try_time, contact.read_time, contact.failures,
                   contact.failing_time, CodeOf(contact.failure), DetailOf(contact.failure),
                   contact.open_time, contact.not_before, ToString(contact.list_kind),
                   contact.hub_version, contact.clock_offset, contact.instances,
                   contact.short_readings, contact.short_instances, contact.short_digest,
                   contact.short_time, contact.accepted_instances),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", contact.zone_id.value(), " does not exist"));
}

absl::Status SqliteZoneStore::DropContact(const ZoneId& zone) {
  return db_.Cached("DELETE FROM hub_contacts WHERE zone_id = ?").RunWith(zone);
}

}  // namespace muster::store
