// AttemptStore in SQLite: commands and the attempts to deliver them (invariants 1, 6 and 11).
#ifndef MUSTER_STORE_SQLITE_ATTEMPT_STORE_H_
#define MUSTER_STORE_SQLITE_ATTEMPT_STORE_H_

#include "base/sql/database.h"
#include "store/interface/work_store.h"

namespace muster::store {

// Tables commands, attempts.
class SqliteAttemptStore final : public AttemptStore {
 public:
  explicit SqliteAttemptStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Command>> FindCommand(const CommandId& id) const override;
  absl::StatusOr<std::vector<Attempt>> ListOf(const CommandId& command) const override;
  absl::StatusOr<std::vector<Attempt>> ListOfServer(const ServerId& server,
                                                    int limit) const override;
  absl::StatusOr<std::vector<Attempt>> ListOfServer(const TenantWall& wall, const ServerId& server,
                                                    int limit) const override;
  absl::StatusOr<std::vector<Attempt>> ListOpen() const override;
  absl::StatusOr<std::vector<Attempt>> ListOpenOf(const ServerId& server) const override;

  absl::Status InsertCommand(const Command& command) override;
  absl::Status Insert(const Attempt& attempt) override;
  absl::Status Update(const Attempt& attempt, AttemptState from) override;
  absl::StatusOr<int> Prune(absl::Time expired_before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_ATTEMPT_STORE_H_
