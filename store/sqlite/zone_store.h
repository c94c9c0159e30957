// ZoneStore in SQLite: trust zones, the versions of their joining keys, readings of their hubs.
#ifndef MUSTER_STORE_SQLITE_ZONE_STORE_H_
#define MUSTER_STORE_SQLITE_ZONE_STORE_H_

#include "base/sql/database.h"
#include "store/interface/inventory_store.h"

namespace muster::store {

// Tables zones, joining_keys, hub_readings, hub_contacts.
class SqliteZoneStore final : public ZoneStore {
 public:
  explicit SqliteZoneStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Zone>> Find(const ZoneId& id) const override;
  absl::StatusOr<std::optional<Zone>> Find(const TenantWall& wall, const ZoneId& id) const override;
  absl::StatusOr<std::vector<Zone>> List(const TenantWall& wall,
                                         const TenantId& tenant) const override;
  absl::Status Put(const Zone& zone) override;
  absl::Status Delete(const ZoneId& id) override;

  absl::StatusOr<std::optional<JoiningKeyVersion>> FindActiveKey(const ZoneId& zone) const override;
  absl::StatusOr<std::optional<JoiningKeyVersion>> FindActiveKey(const TenantWall& wall,
                                                                 const ZoneId& zone) const override;
  absl::StatusOr<std::optional<JoiningKeyVersion>> FindKey(const KeyVersionId& id) const override;
  absl::Status ActivateKey(const JoiningKeyVersion& key) override;
  absl::Status TaintActiveKey(const ZoneId& zone) override;
  absl::StatusOr<std::vector<ZoneId>> ListWithoutKey(const TenantWall& wall,
                                                     const TenantId& tenant) const override;
  absl::StatusOr<int> HighestKeyVersion(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<JoiningKeyVersion>> ListKeys(const ZoneId& zone) const override;
  absl::Status SetKeyExpiry(const KeyVersionId& id, std::optional<absl::Time> time) override;
  absl::StatusOr<std::vector<JoiningKeyVersion>> ListKeysEnding(absl::Time time) const override;
  absl::Status DropReading(const ZoneId& zone) override;
  absl::Status Confirm(const ZoneId& zone, absl::Time time) override;

  absl::StatusOr<std::optional<HubReading>> FindReading(const ZoneId& zone) const override;
  absl::StatusOr<std::optional<HubReading>> FindReading(const TenantWall& wall,
                                                        const ZoneId& zone) const override;
  absl::Status PutReading(const HubReading& reading) override;

  absl::StatusOr<std::optional<HubContact>> FindContact(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<HubContact>> ListContacts(const TenantWall& wall,
                                                       const TenantId& tenant) const override;
  absl::Status PutContact(const HubContact& contact) override;
  absl::Status DropContact(const ZoneId& zone) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_ZONE_STORE_H_
