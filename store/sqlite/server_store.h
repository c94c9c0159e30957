// ServerStore in SQLite: the inventory of servers and their labels.
#ifndef MUSTER_STORE_SQLITE_SERVER_STORE_H_
#define MUSTER_STORE_SQLITE_SERVER_STORE_H_

#include "base/sql/database.h"
#include "store/interface/inventory_store.h"

namespace muster::store {

// Tables servers, server_labels.
class SqliteServerStore final : public ServerStore {
 public:
  explicit SqliteServerStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Server>> Find(const ServerId& id) const override;
  absl::StatusOr<std::optional<Server>> FindByName(const ZoneId& zone,
                                                   absl::string_view name) const override;
  absl::StatusOr<std::optional<Server>> Find(const TenantWall& wall,
                                             const ServerId& id) const override;
  absl::StatusOr<std::optional<Server>> FindByName(const TenantWall& wall, const ZoneId& zone,
                                                   absl::string_view name) const override;
  absl::StatusOr<std::optional<Server>> FindNamesake(const ZoneId& zone,
                                                     absl::string_view name) const override;
  absl::StatusOr<std::vector<Server>> List(const ServerQuery& query) const override;
  absl::StatusOr<std::vector<ServerState>> ListStates(const ServerQuery& query) const override;
  absl::StatusOr<std::vector<Observed>> ListObserved(const ServerQuery& query) const override;
  absl::StatusOr<std::optional<absl::Time>> NewestAdmissionTime(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<ProvenCount>> CountProven(const ServerQuery& query,
                                                       absl::Time now) const override;
  absl::Status ForEachStanding(const ServerQuery& query,
                               absl::FunctionRef<void(const Standing&)> each) const override;
  absl::StatusOr<std::vector<Server>> ListSharedMachines(const TenantId& tenant,
                                                         int limit) const override;
  absl::StatusOr<std::vector<EnrollmentCount>> CountByEnrollment(
      const ServerQuery& query) const override;
  absl::StatusOr<std::vector<Server>> ListUnproven(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<ZoneId>> ListUnprovenZones() const override;

  absl::Status Insert(const Server& server) override;
  absl::Status SetName(const ServerId& id, absl::string_view name) override;
  absl::Status Delete(const ServerId& id) override;
  absl::Status SetLabels(const ServerId& id, const Labels& labels) override;
  absl::Status SetFacts(const ServerId& id, const std::optional<MachineFacts>& machine,
                        const std::optional<ServiceFacts>& service) override;
  absl::Status SetLastContact(const ServerId& id, absl::Time time) override;
  absl::Status SetClaim(const ServerId& id, const std::optional<Claim>& claim) override;
  absl::Status SetProof(const ServerId& id, const HubProof& proof) override;
  absl::Status DropProof(const ServerId& id) override;
  absl::StatusOr<std::optional<Server>> FindElsewhere(
      const ZoneId& zone, absl::string_view name, absl::string_view machine_id_hash,
      const std::vector<Admission>& admissions) const override;
  absl::StatusOr<std::optional<Server>> FindPutOut(const MachineQuery& query) const override;
  absl::Status SetAdmissionTime(const ServerId& id, absl::Time time) override;
  absl::Status MoveAdmission(const ServerId& id, Admission from, Admission to) override;
  absl::Status MoveEnrollment(const ServerId& id, Enrollment from, Enrollment to,
                              const std::optional<Failure>& failure) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_SERVER_STORE_H_
