#include "store/sqlite/token_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr int kKeptRefusals = 10'000;

constexpr char kTokenColumns[] =
    "id, tenant_id, zone_id, secret_hash, state, mode, max_uses, uses, server_names, "
    "any_name, create_time_us, expire_time_us FROM bootstrap_tokens";

absl::StatusOr<BootstrapToken> ReadToken(const sql::Row& row) {
  BootstrapToken token;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(token.id, token.tenant_id, token.zone_id, token.secret_hash,
                            token.state, token.mode, token.max_uses, token.uses, token.server_names,
                            token.any_name, token.create_time, token.expire_time)
                      .status());
  return token;
}

constexpr char kRefusalColumns[] =
    "token_id, time_us, address, server_name, code, times FROM token_refusals";

absl::StatusOr<TokenRefusal> ReadRefusal(const sql::Row& row) {
  TokenRefusal refusal;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(refusal.token_id, refusal.time, refusal.address, refusal.server_name,
                            refusal.code, refusal.times)
                      .status());
  return refusal;
}

std::string NewestRefusals(int limit) {
  return absl::StrCat("ORDER BY sequence DESC ", LimitClause(limit));
}

std::string Name(const TokenId& id) { return absl::StrCat("token ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<BootstrapToken>> SqliteTokenStore::Find(const TokenId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kTokenColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadToken);
}

absl::StatusOr<std::optional<BootstrapToken>> SqliteTokenStore::FindByHash(
    absl::string_view secret_hash) const {
  return db_.Cached(absl::StrCat("SELECT ", kTokenColumns, " WHERE secret_hash = ?"))
      .BindAll(secret_hash)
      .One(ReadToken);
}

absl::StatusOr<std::optional<BootstrapToken>> SqliteTokenStore::Find(const TenantWall& wall,
                                                                     const TokenId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kTokenColumns, "").One(ReadToken);
}

absl::StatusOr<std::vector<BootstrapToken>> SqliteTokenStore::List(const TenantWall& wall,
                                                                   const ZoneId& zone) const {
  Where where;
  where.AndWithin("tenant_id", wall);
  if (!zone.empty()) where.And("zone_id = ?", {zone.value()});
  return where.Build(db_, kTokenColumns, "ORDER BY create_time_us DESC, id DESC").All(ReadToken);
}

absl::Status SqliteTokenStore::Insert(const BootstrapToken& token) {
  const absl::Status status =
      db_.Cached(
             "INSERT INTO bootstrap_tokens (id, tenant_id, zone_id, secret_hash, state, mode, "
             "max_uses, uses, server_names, any_name, create_time_us, "
             "expire_time_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(token.id, token.tenant_id, token.zone_id, token.secret_hash,
                   ToString(token.state), ToString(token.mode), token.max_uses, token.uses,
                   EncodeList(token.server_names), token.any_name, token.create_time,
                   token.expire_time);
  return Explain(Explain(status, ErrorKind::kConstraintForeignKey,
                         absl::StrCat("zone ", token.zone_id.value(), " of tenant ",
                                      token.tenant_id.value(), " does not exist")),
                 ErrorKind::kConstraintUnique,
                 absl::StrCat(Name(token.id), ": its id or secret is taken"));
}

absl::Status SqliteTokenStore::Consume(const TokenId& id) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE bootstrap_tokens SET uses = uses + 1, "
                 "state = CASE WHEN state = 'active' AND uses + 1 >= max_uses THEN 'exhausted' "
                 "ELSE state END "
                 "WHERE id = ? AND (state = 'active' OR state = 'expired') AND uses < max_uses")
          .RunWith(id));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto state, db_.Cached("SELECT state FROM bootstrap_tokens WHERE id = ?")
                                         .BindAll(id)
                                         .One([](const sql::Row& row) { return row.Text(0); }));
  if (!state.has_value()) return absl::NotFoundError(absl::StrCat(Name(id), " does not exist"));
  return absl::FailedPreconditionError(
      absl::StrCat(Name(id), " is ", *state, ": no use is left; make a new token"));
}

absl::Status SqliteTokenStore::SetState(const TokenId& id, TokenState from, TokenState to) {
  RETURN_IF_ERROR(CheckMove(Name(id), from, to));
  RETURN_IF_ERROR(db_.Cached("UPDATE bootstrap_tokens SET state = ? WHERE id = ? AND state = ?")
                      .RunWith(ToString(to), id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT state FROM bootstrap_tokens WHERE id = ?")
                                           .BindAll(id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(id), current, ToString(from));
}

absl::Status SqliteTokenStore::AddRefusal(const TokenRefusal& refusal) {
  RETURN_IF_ERROR(db_.Cached("INSERT INTO token_refusals (token_id, time_us, address, server_name, "
                             "code, times) VALUES (?, ?, ?, ?, ?, ?)")
                      .RunWith(refusal.token_id, refusal.time, refusal.address, refusal.server_name,
                               TextOf(refusal.code), refusal.times));
  return db_.Cached("DELETE FROM token_refusals WHERE sequence <= ?")
      .RunWith(db_.last_insert_rowid() - kKeptRefusals);
}

absl::StatusOr<std::vector<TokenRefusal>> SqliteTokenStore::ListRefusals(const TokenId& id,
                                                                         int limit) const {
  Where where;
  if (!id.empty()) where.And("token_id = ?", {id.value()});
  return where.Build(db_, kRefusalColumns, NewestRefusals(limit)).All(ReadRefusal);
}

absl::StatusOr<std::vector<TokenRefusal>> SqliteTokenStore::ListRefusals(const TenantWall& wall,
                                                                         const TokenId& id,
                                                                         int limit) const {
  Where where;
  where.And("token_id = ?", {id.value()}).AndOwnedWithin("token_id", "bootstrap_tokens", wall);
  return where.Build(db_, kRefusalColumns, NewestRefusals(limit)).All(ReadRefusal);
}

absl::StatusOr<int> SqliteTokenStore::PruneRefusals(absl::Time before, int limit) {
  // Sequences follow the time: the oldest come first.
  RETURN_IF_ERROR(db_.Cached("DELETE FROM token_refusals WHERE sequence IN (SELECT sequence FROM "
                             "token_refusals ORDER BY sequence LIMIT ?) AND time_us < ?")
                      .RunWith(limit, before));
  return static_cast<int>(db_.changes());
}

absl::StatusOr<int> SqliteTokenStore::Prune(absl::Time expired_before, int limit) {
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM bootstrap_tokens WHERE id IN (SELECT id FROM bootstrap_tokens "
                 "WHERE expire_time_us < ? AND NOT EXISTS (SELECT 1 FROM worker_certificates "
                 "WHERE token_id = bootstrap_tokens.id) ORDER BY create_time_us LIMIT ?)")
          .RunWith(expired_before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
