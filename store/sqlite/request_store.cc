#include "store/sqlite/request_store.h"

#include "base/crypto/digest.h"
#include "store/sqlite/columns.h"

namespace muster::store {

absl::StatusOr<std::optional<RequestStore::Made>> SqliteRequestStore::Find(
    const RequestKey& key, absl::string_view content) const {
  const std::string hash = crypto::Sha256Hex(content);
  return db_
      .Cached(
          "SELECT made, content_hash FROM request_ids "
          "WHERE actor = ? AND tenant_id = ? AND request_id = ?")
      .BindAll(key.actor, key.tenant_id, key.request_id)
      .One([&hash](const sql::Row& row) {
        const std::string known = row.Text(1);
        return Made{row.Text(0), known.empty() || known == hash};
      });
}

absl::Status SqliteRequestStore::Put(const RequestKey& key, absl::string_view content,
                                     absl::string_view made, absl::Time time) {
  return db_
      .Cached(
          "INSERT OR REPLACE INTO request_ids (actor, tenant_id, request_id, content_hash, made, "
          "create_time_us) VALUES (?, ?, ?, ?, ?, ?)")
      .RunWith(key.actor, key.tenant_id, key.request_id, crypto::Sha256Hex(content), made, time);
}

absl::StatusOr<int> SqliteRequestStore::Prune(absl::Time before, int limit) {
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM request_ids WHERE (actor, tenant_id, request_id) IN (SELECT actor, "
                 "tenant_id, request_id FROM request_ids WHERE create_time_us < ? "
                 "ORDER BY create_time_us LIMIT ?)")
          .RunWith(before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
