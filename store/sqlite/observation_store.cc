#include "store/sqlite/observation_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

constexpr char kObservationColumns[] =
    "o.server_id, o.code, o.detail, o.first_seen_us, o.last_seen_us, o.times "
    "FROM server_observations o";

absl::StatusOr<Observation> ReadObservation(const sql::Row& row) {
  Observation observation;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(observation.server_id, observation.code, observation.detail,
                            observation.first_seen, observation.last_seen, observation.times)
                      .status());
  return observation;
}

}  // namespace

absl::StatusOr<std::optional<Observation>> SqliteObservationStore::Find(const ServerId& server,
                                                                        FailureCode code) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kObservationColumns, " WHERE o.server_id = ? AND o.code = ?"))
      .BindAll(server, TextOf(code))
      .One(ReadObservation);
}

absl::StatusOr<std::vector<Observation>> SqliteObservationStore::ListOf(
    const ServerId& server) const {
  return ListOf(TenantWall::Everything(), server);
}

absl::StatusOr<std::vector<Observation>> SqliteObservationStore::ListOf(
    const TenantWall& wall, const ServerId& server) const {
  Where where;
  where.And("o.server_id = ?", {server.value()}).AndOwnedWithin("o.server_id", "servers", wall);
  return where.Build(db_, kObservationColumns, "ORDER BY o.last_seen_us DESC, o.code")
      .All(ReadObservation);
}

absl::Status SqliteObservationStore::Note(const ServerId& server, FailureCode code,
                                          absl::string_view detail, absl::Time time) {
  return db_
      .Cached(
          "INSERT INTO server_observations (server_id, code, detail, first_seen_us, last_seen_us, "
          "times) SELECT ?, ?, ?, ?, ?, 1 WHERE EXISTS (SELECT 1 FROM servers WHERE id = ?) "
          "ON CONFLICT (server_id, code) DO UPDATE SET detail = excluded.detail, "
          "last_seen_us = excluded.last_seen_us, times = times + 1")
      .RunWith(server, TextOf(code), detail, time, time, server);
}

absl::StatusOr<bool> SqliteObservationStore::Clear(const ServerId& server, FailureCode code) {
  RETURN_IF_ERROR(db_.Cached("DELETE FROM server_observations WHERE server_id = ? AND code = ?")
                      .RunWith(server, TextOf(code)));
  return db_.changes() > 0;
}

}  // namespace muster::store
