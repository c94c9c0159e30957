// ObservationStore in SQLite: what was noticed about servers and is shown until it is settled.
#ifndef MUSTER_STORE_SQLITE_OBSERVATION_STORE_H_
#define MUSTER_STORE_SQLITE_OBSERVATION_STORE_H_

#include "base/sql/database.h"
#include "store/interface/observation_store.h"

namespace muster::store {

// Table server_observations.
class SqliteObservationStore final : public ObservationStore {
 public:
  explicit SqliteObservationStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Observation>> Find(const ServerId& server,
                                                  FailureCode code) const override;
  absl::StatusOr<std::vector<Observation>> ListOf(const ServerId& server) const override;
  absl::StatusOr<std::vector<Observation>> ListOf(const TenantWall& wall,
                                                  const ServerId& server) const override;
  absl::Status Note(const ServerId& server, FailureCode code, absl::string_view detail,
                    absl::Time time) override;
  absl::StatusOr<bool> Clear(const ServerId& server, FailureCode code) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_OBSERVATION_STORE_H_
