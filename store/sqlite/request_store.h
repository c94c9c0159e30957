// RequestStore in SQLite: what was made on which request.
#ifndef MUSTER_STORE_SQLITE_REQUEST_STORE_H_
#define MUSTER_STORE_SQLITE_REQUEST_STORE_H_

#include "base/sql/database.h"
#include "store/interface/identity_store.h"

namespace muster::store {

// Table request_ids.
class SqliteRequestStore final : public RequestStore {
 public:
  explicit SqliteRequestStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Made>> Find(const RequestKey& key,
                                           absl::string_view content) const override;
  absl::Status Put(const RequestKey& key, absl::string_view content, absl::string_view made,
                   absl::Time time) override;
  absl::StatusOr<int> Prune(absl::Time before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_REQUEST_STORE_H_
