// TokenStore in SQLite: bootstrap tokens, their uses and what was refused.
#ifndef MUSTER_STORE_SQLITE_TOKEN_STORE_H_
#define MUSTER_STORE_SQLITE_TOKEN_STORE_H_

#include "base/sql/database.h"
#include "store/interface/identity_store.h"

namespace muster::store {

// Tables bootstrap_tokens, token_refusals. Of the refusals the newest 10,000 are kept: anyone who
// reaches the bootstrap listener can make them.
class SqliteTokenStore final : public TokenStore {
 public:
  explicit SqliteTokenStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<BootstrapToken>> Find(const TokenId& id) const override;
  absl::StatusOr<std::optional<BootstrapToken>> FindByHash(
      absl::string_view secret_hash) const override;
  absl::StatusOr<std::optional<BootstrapToken>> Find(const TenantWall& wall,
                                                     const TokenId& id) const override;
  absl::StatusOr<std::vector<BootstrapToken>> List(const TenantWall& wall,
                                                   const ZoneId& zone) const override;
  absl::Status Insert(const BootstrapToken& token) override;
  absl::Status Consume(const TokenId& id) override;
  absl::Status SetState(const TokenId& id, TokenState from, TokenState to) override;
  absl::Status AddRefusal(const TokenRefusal& refusal) override;
  absl::StatusOr<std::vector<TokenRefusal>> ListRefusals(const TokenId& id,
                                                         int limit) const override;
  absl::StatusOr<std::vector<TokenRefusal>> ListRefusals(const TenantWall& wall, const TokenId& id,
                                                         int limit) const override;
  absl::StatusOr<int> PruneRefusals(absl::Time before, int limit) override;
  absl::StatusOr<int> Prune(absl::Time expired_before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_TOKEN_STORE_H_
