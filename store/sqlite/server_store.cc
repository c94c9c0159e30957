// One file because all of it reads and writes one table by one list of columns.
#include "store/sqlite/server_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/names.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

// SQLite refuses deeper expressions and more values; all are far beyond what a person writes.
constexpr size_t kMostLabels = 100;
constexpr size_t kMostPrefixes = 500;
constexpr size_t kMostNames = 30'000;

// When the hub proved the server last: what whole readings confirmed of a zone counts for each of
// its enrolled servers that they did not question.
#define MUSTER_PROVEN_TIME                                                               \
  "CASE WHEN s.enrollment = 'enrolled' AND s.proof_questioned_time_us IS NULL "          \
  "THEN max(s.proof_verified_time_us, coalesce((SELECT time_us FROM zone_confirmations " \
  "WHERE zone_id = s.zone_id), 0)) ELSE s.proof_verified_time_us END"
constexpr char kVerifyWithin[] = "(SELECT verify_within_us FROM zones WHERE id = s.zone_id)";

// The labels come as one text (columns.h), made here so that a list needs no query per server.
constexpr char kServerColumns[] =
    "s.id, s.tenant_id, s.zone_id, s.name, "
    "coalesce((SELECT group_concat(length(CAST(key AS BLOB)) || ':' || key || "
    "length(CAST(value AS BLOB)) || ':' || value, '') "
    "FROM server_labels WHERE server_id = s.id), ''), "
    "s.admission, s.enrollment, s.failure_code, s.failure_detail, "
    "s.machine_name, s.machine_os, s.machine_os_version, s.machine_architecture, "
    "s.machine_worker_version, s.machine_id_hash, "
    "s.service_presence, s.service_endpoint, s.service_version, s.service_hub_instance_id, "
    "s.service_hub_url, s.service_hub_connected, s.service_internal_instance_id, "
    "s.last_contact_time_us, s.create_time_us, s.admission_time_us, "
    "s.claim_join_start_time_us, s.claim_verify_deadline_us, s.claim_hub_instance_id, "
    "s.claim_internal_instance_id, s.claim_machine_name, " MUSTER_PROVEN_TIME
    ", s.proof_reported_time_us, s.proof_hub_instance_id, s.proof_match, s.proof_title, "
    "s.proof_internal_instance_id, s.proof_questioned_time_us FROM servers s";

absl::StatusOr<Server> ReadServer(const sql::Row& row) {
  Server server;
  ColumnReader in(row);
  in.Read(server.id, server.tenant_id, server.zone_id, server.name, server.labels, server.admission,
          server.enrollment, server.failure);
  MachineFacts& machine = server.machine;
  in.Read(machine.machine_name, machine.os, machine.os_version, machine.architecture,
          machine.worker_version, machine.machine_id_hash);
  ServiceFacts& service = server.service;
  in.Read(service.presence, service.endpoint, service.version, service.hub_instance_id,
          service.hub_url, service.hub_connected, service.internal_instance_id);
  in.Read(server.last_contact_time, server.create_time, server.admission_time);
  if (in.NextIsNull()) {
    in.Skip(5);
  } else {
    Claim& claim = server.claim.emplace();
    in.Read(claim.join_start_time, claim.verify_deadline, claim.hub_instance_id,
            claim.internal_instance_id, claim.machine_name);
  }
  if (!in.NextIsNull()) {
    HubProof& proof = server.proof.emplace();
    in.Read(proof.verified_time, proof.reported_time, proof.hub_instance_id, proof.match,
            proof.title, proof.internal_instance_id, proof.questioned_time);
  }
  RETURN_IF_ERROR(in.status());
  return server;
}

absl::Status AddNames(const std::vector<std::string>& names, Where& where) {
  if (names.empty()) return absl::OkStatus();
  std::string condition;
  std::vector<Where::Value> values;
  std::vector<Where::Value> exact;
  for (const std::string& name : names) {
    if (name.empty() || name.back() != '*') {
      exact.emplace_back(FoldName(name));
      continue;
    }
    std::string beginning = FoldName(name.substr(0, name.size() - 1));
    if (absl::EndsWith(name, ".*")) beginning += ".";  // Here it is no dot at the end.
    const std::string prefix =
        absl::StrReplaceAll(beginning, {{"\\", "\\\\"}, {"%", "\\%"}, {"_", "\\_"}});
    absl::StrAppend(&condition, condition.empty() ? "" : " OR ", "s.name_key LIKE ? ESCAPE '\\'");
    values.emplace_back(absl::StrCat(prefix, "%"));
  }
  if (values.size() > kMostPrefixes || exact.size() > kMostNames) {
    return absl::InvalidArgumentError(
        absl::StrCat("a selection holds at most ", kMostNames, " names and ", kMostPrefixes,
                     " names with '*'; select by labels, or in several steps"));
  }
  if (!exact.empty()) {
    absl::StrAppend(&condition, condition.empty() ? "" : " OR ", "s.name_key IN (?");
    for (size_t i = 1; i < exact.size(); ++i) condition += ", ?";
    condition += ")";
    for (Where::Value& name : exact) values.push_back(std::move(name));
  }
  where.And(absl::StrCat("(", condition, ")"), std::move(values));
  return absl::OkStatus();
}

void AddEnrollments(const ServerQuery& query, Where& where) {
  if (!query.or_unproven_at.has_value()) {
    where.AndIn("s.enrollment", Texts(query.enrollments));
    return;
  }
  std::string states;
  std::vector<Where::Value> values;
  for (const Enrollment state : query.enrollments) {
    absl::StrAppend(&states, states.empty() ? "s.enrollment IN (?" : ", ?");
    values.emplace_back(std::string(ToString(state)));
  }
  if (!states.empty()) states += ") OR ";
  where.And(absl::StrCat("(", states, "(s.enrollment = 'enrolled' AND coalesce(",
                         MUSTER_PROVEN_TIME, ", 0) < ? - ", kVerifyWithin, "))"),
            [&] {
              values.emplace_back(absl::ToUnixMicros(*query.or_unproven_at));
              return std::move(values);
            }());
}

absl::StatusOr<Where> Filter(const ServerQuery& query) {
  Where where;
  const Selection& selection = query.selection;
  if (!selection.tenant_id.empty()) where.And("s.tenant_id = ?", {selection.tenant_id.value()});
  if (!selection.zone_id.empty()) where.And("s.zone_id = ?", {selection.zone_id.value()});
  where.AndWithin("s.tenant_id", query.wall);
  AddEnrollments(query, where);
  if (!query.include_retired) where.And("s.admission <> 'retired'", {});
  if (selection.labels.size() > kMostLabels) {
    return absl::InvalidArgumentError(absl::StrCat("a selection holds at most ", kMostLabels,
                                                   " labels, all of which must match"));
  }
  for (const auto& [key, value] : selection.labels) {
    where.And(
        "EXISTS (SELECT 1 FROM server_labels WHERE server_id = s.id AND key = ? AND value = ?)",
        {key, value});
  }
  if (!query.rollout_id.empty()) {
    where.And("EXISTS (SELECT 1 FROM targets WHERE rollout_id = ? AND server_id = s.id)",
              {query.rollout_id.value()});
  }
  RETURN_IF_ERROR(AddNames(selection.names, where));
  return where;
}

// The query's servers by zone and name, one page.
absl::StatusOr<sql::Statement> ListOf(sql::Database& db, absl::string_view columns_from,
                                      const ServerQuery& query) {
  ASSIGN_OR_RETURN(Where where, Filter(query));
  where.AndAfter("s.zone_id", "s.name", query.after, query.selection.zone_id.value());
  return where.Build(db, columns_from,
                     absl::StrCat("ORDER BY s.zone_id, s.name ", LimitClause(query.limit)));
}

std::string Name(const ServerId& id) { return absl::StrCat("server ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Server>> SqliteServerStore::Find(const ServerId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kServerColumns, " WHERE s.id = ?"))
      .BindAll(id)
      .One(ReadServer);
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::FindByName(const ZoneId& zone,
                                                                    absl::string_view name) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kServerColumns, " WHERE s.zone_id = ? AND s.name_key = ?"))
      .BindAll(zone, FoldName(name))
      .One(ReadServer);
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::Find(const TenantWall& wall,
                                                              const ServerId& id) const {
  Where where;
  where.And("s.id = ?", {id.value()}).AndWithin("s.tenant_id", wall);
  return where.Build(db_, kServerColumns, "").One(ReadServer);
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::FindByName(const TenantWall& wall,
                                                                    const ZoneId& zone,
                                                                    absl::string_view name) const {
  Where where;
  where.And("s.zone_id = ? AND s.name_key = ?", {zone.value(), FoldName(name)})
      .AndWithin("s.tenant_id", wall);
  return where.Build(db_, kServerColumns, "").One(ReadServer);
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::FindNamesake(
    const ZoneId& zone, absl::string_view name) const {
  const std::string short_name = FoldedShortName(name);
  if (!short_name.empty()) {
    return db_
        .Cached(absl::StrCat("SELECT ", kServerColumns, " WHERE s.zone_id = ? AND s.name_key = ?"))
        .BindAll(zone, short_name)
        .One(ReadServer);
  }
  // Between "web-01." and "web-01/", the character after the dot: all that begins so.
  const std::string folded = FoldName(name);
  return db_
      .Cached(absl::StrCat("SELECT ", kServerColumns,
                           " WHERE s.zone_id = ? AND s.name_key > ? AND s.name_key < ? LIMIT 1"))
      .BindAll(zone, absl::StrCat(folded, "."), absl::StrCat(folded, "/"))
      .One(ReadServer);
}

absl::StatusOr<std::vector<Server>> SqliteServerStore::List(const ServerQuery& query) const {
  ASSIGN_OR_RETURN(sql::Statement list, ListOf(db_, kServerColumns, query));
  return list.All(ReadServer);
}

absl::StatusOr<std::vector<ServerState>> SqliteServerStore::ListStates(
    const ServerQuery& query) const {
  ASSIGN_OR_RETURN(
      sql::Statement list,
      ListOf(db_,
             "s.id, s.zone_id, s.name, s.admission, s.enrollment, s.failure_code FROM servers s",
             query));
  return list.All([](const sql::Row& row) -> absl::StatusOr<ServerState> {
    ServerState state;
    ColumnReader in(row);
    in.Read(state.id, state.zone_id, state.name, state.admission, state.enrollment);
    if (!in.NextIsNull()) in.Read(state.failure.emplace());
    RETURN_IF_ERROR(in.status());
    return state;
  });
}

absl::StatusOr<std::vector<ServerStore::EnrollmentCount>> SqliteServerStore::CountByEnrollment(
    const ServerQuery& query) const {
  ASSIGN_OR_RETURN(const Where where, Filter(query));
  return where
      .Build(db_, "s.zone_id, s.enrollment, count(*) FROM servers s",
             "GROUP BY s.zone_id, s.enrollment ORDER BY s.zone_id, s.enrollment")
      .All([](const sql::Row& row) -> absl::StatusOr<EnrollmentCount> {
        EnrollmentCount count;
        RETURN_IF_ERROR(
            ColumnReader(row).Read(count.zone_id, count.enrollment, count.servers).status());
        return count;
      });
}

absl::StatusOr<std::vector<ServerStore::ProvenCount>> SqliteServerStore::CountProven(
    const ServerQuery& query, absl::Time now) const {
  ASSIGN_OR_RETURN(Where where, Filter(query));
  where.And("s.enrollment = 'enrolled'");
  const auto read = [](const sql::Row& row) -> absl::StatusOr<ProvenCount> {
    ProvenCount count;
    RETURN_IF_ERROR(ColumnReader(row).Read(count.zone_id, count.proven, count.oldest).status());
    return count;
  };
  constexpr char kEnd[] = "GROUP BY s.zone_id ORDER BY s.zone_id";
  ASSIGN_OR_RETURN(
      std::vector<ProvenCount> counts,
      where.Build(db_, "s.zone_id, 0, min(" MUSTER_PROVEN_TIME ") FROM servers s", kEnd).All(read));
  where.And(absl::StrCat("coalesce(", MUSTER_PROVEN_TIME, ", 0) >= ? - ", kVerifyWithin),
            {absl::ToUnixMicros(now)});
  ASSIGN_OR_RETURN(const std::vector<ProvenCount> proven,
                   where.Build(db_, "s.zone_id, count(*), NULL FROM servers s", kEnd).All(read));
  auto next = proven.begin();
  for (ProvenCount& count : counts) {
    if (next == proven.end() || next->zone_id != count.zone_id) continue;
    count.proven = (next++)->proven;
  }
  return counts;
}

absl::Status SqliteServerStore::ForEachStanding(
    const ServerQuery& query, absl::FunctionRef<void(const Standing&)> each) const {
  ASSIGN_OR_RETURN(const Where where, Filter(query));
  return where.Build(db_, "s.id, s.zone_id, s.admission, s.last_contact_time_us FROM servers s", "")
      .ForEach([&each](const sql::Row& row) -> absl::Status {
        Standing standing;
        RETURN_IF_ERROR(
            ColumnReader(row)
                .Read(standing.id, standing.zone_id, standing.admission, standing.last_contact_time)
                .status());
        each(standing);
        return absl::OkStatus();
      });
}

absl::StatusOr<std::vector<Server>> SqliteServerStore::ListSharedMachines(const TenantId& tenant,
                                                                          int limit) const {
  return db_
      .Cached(absl::StrCat(
          "SELECT ", kServerColumns,
          " WHERE s.tenant_id = ? AND s.admission NOT IN ('retired', 'banned', 'rejected') "
          "AND s.machine_id_hash IN (SELECT machine_id_hash FROM servers "
          "WHERE machine_id_hash <> '' GROUP BY machine_id_hash HAVING count(*) > 1) "
          "ORDER BY s.machine_id_hash, s.id LIMIT ?"))
      .BindAll(tenant, limit)
      .All(ReadServer);
}

absl::StatusOr<std::vector<ServerStore::Observed>> SqliteServerStore::ListObserved(
    const ServerQuery& query) const {
  ASSIGN_OR_RETURN(const Where where, Filter(query));
  return where
      .Build(db_,
             "s.zone_id, s.name, o.server_id, o.code, o.detail, o.first_seen_us, o.last_seen_us, "
             "o.times FROM server_observations o JOIN servers s ON s.id = o.server_id",
             absl::StrCat("ORDER BY s.zone_id, s.name, o.last_seen_us DESC, o.code ",
                          LimitClause(query.limit)))
      .All([](const sql::Row& row) -> absl::StatusOr<Observed> {
        Observed observed;
        store::Observation& seen = observed.observation;
        RETURN_IF_ERROR(ColumnReader(row)
                            .Read(observed.zone_id, observed.name, seen.server_id, seen.code,
                                  seen.detail, seen.first_seen, seen.last_seen, seen.times)
                            .status());
        return observed;
      });
}

absl::StatusOr<std::optional<absl::Time>> SqliteServerStore::NewestAdmissionTime(
    const ZoneId& zone) const {
  return db_
      .Cached(
          "SELECT admission_time_us FROM servers WHERE zone_id = ? AND admission_time_us IS NOT "
          "NULL "
          "ORDER BY admission_time_us DESC LIMIT 1")
      .BindAll(zone)
      .One([](const sql::Row& row) { return row.Get<absl::Time>(0); });
}

absl::StatusOr<std::vector<Server>> SqliteServerStore::ListUnproven(const ZoneId& zone) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kServerColumns,
                           " WHERE s.zone_id = ? "
                           "AND s.enrollment IN ('joined_unverified', 'in_doubt') "
                           "AND s.claim_join_start_time_us IS NOT NULL ORDER BY s.name"))
      .BindAll(zone)
      .All(ReadServer);
}

absl::StatusOr<std::vector<ZoneId>> SqliteServerStore::ListUnprovenZones() const {
  return db_
      .Cached(
          "SELECT DISTINCT zone_id FROM servers INDEXED BY servers_unproven "
          "WHERE enrollment IN ('joined_unverified', 'in_doubt') "
          "AND claim_join_start_time_us IS NOT NULL ORDER BY zone_id")
      .All([](const sql::Row& row) { return row.Get<ZoneId>(0); });
}

absl::Status SqliteServerStore::Insert(const Server& server) {
  const MachineFacts& machine = server.machine;
  const ServiceFacts& service = server.service;
  const absl::Status status =
      db_.Cached(
             "INSERT INTO servers (id, tenant_id, zone_id, name, name_key, admission, enrollment, "
             "failure_code, failure_detail, machine_name, machine_os, machine_os_version, "
             "machine_architecture, machine_worker_version, machine_id_hash, service_presence, "
             "service_endpoint, service_version, service_hub_instance_id, service_hub_url, "
             "service_hub_connected, service_internal_instance_id, last_contact_time_us, "
             "create_time_us) VALUES "
             "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(server.id, server.tenant_id, server.zone_id, server.name, FoldName(server.name),
                   ToString(server.admission), ToString(server.enrollment), CodeOf(server.failure),
                   DetailOf(server.failure), machine.machine_name, machine.os, machine.os_version,
                   machine.architecture, machine.worker_version, machine.machine_id_hash,
                   ToString(service.presence), service.endpoint, service.version,
                   service.hub_instance_id, service.hub_url, service.hub_connected,
                   service.internal_instance_id, server.last_contact_time, server.create_time);
  RETURN_IF_ERROR(Explain(
      Explain(status, ErrorKind::kConstraintUnique,
              absl::StrCat("zone ", server.zone_id.value(), " has a server named ", server.name)),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", server.zone_id.value(), " of tenant ", server.tenant_id.value(),
                   " does not exist")));
  if (!server.labels.empty()) RETURN_IF_ERROR(SetLabels(server.id, server.labels));
  if (server.claim.has_value()) RETURN_IF_ERROR(SetClaim(server.id, server.claim));
  if (server.proof.has_value()) RETURN_IF_ERROR(SetProof(server.id, *server.proof));
  return absl::OkStatus();
}

absl::Status SqliteServerStore::SetName(const ServerId& id, absl::string_view name) {
  RETURN_IF_ERROR(Explain(db_.Cached("UPDATE servers SET name = ?, name_key = ? WHERE id = ?")
                              .RunWith(name, FoldName(name), id),
                          ErrorKind::kConstraintUnique,
                          absl::StrCat("its zone has another server named ", name)));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::Delete(const ServerId& id) {
  RETURN_IF_ERROR(db_.Cached("UPDATE target_counts SET targets = targets - 1 WHERE EXISTS ("
                             "SELECT 1 FROM targets t WHERE t.server_id = ? "
                             "AND t.rollout_id = target_counts.rollout_id "
                             "AND t.state = target_counts.state)")
                      .RunWith(id));
  for (const char* statement :
       {"DELETE FROM targets WHERE server_id = ?",
        "DELETE FROM commands WHERE id IN (SELECT command_id FROM attempts WHERE server_id = ?)",
        "DELETE FROM attempts WHERE server_id = ?",
        "DELETE FROM worker_certificates WHERE server_id = ?",
        "DELETE FROM servers WHERE id = ?"}) {
    RETURN_IF_ERROR(db_.Cached(statement).RunWith(id));
  }
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::SetLabels(const ServerId& id, const Labels& labels) {
  ASSIGN_OR_RETURN(
      const auto found,
      db_.Cached("SELECT 1 FROM servers WHERE id = ?").BindAll(id).One([](const sql::Row&) {
        return true;
      }));
  if (!found.has_value()) return absl::NotFoundError(absl::StrCat(Name(id), " does not exist"));
  RETURN_IF_ERROR(db_.Cached("DELETE FROM server_labels WHERE server_id = ?").RunWith(id));
  for (const auto& [key, value] : labels) {
    RETURN_IF_ERROR(db_.Cached("INSERT INTO server_labels (server_id, key, value) VALUES (?, ?, ?)")
                        .RunWith(id, key, value));
  }
  return absl::OkStatus();
}

absl::Status SqliteServerStore::SetFacts(const ServerId& id,
                                         const std::optional<MachineFacts>& machine,
                                         const std::optional<ServiceFacts>& service) {
  if (machine.has_value()) {
    RETURN_IF_ERROR(db_.Cached("UPDATE servers SET machine_name = ?, machine_os = ?, "
                               "machine_os_version = ?, machine_architecture = ?, "
                               "machine_worker_version = ?, machine_id_hash = ? WHERE id = ?")
                        .RunWith(machine->machine_name, machine->os, machine->os_version,
                                 machine->architecture, machine->worker_version,
                                 machine->machine_id_hash, id));
    RETURN_IF_ERROR(CheckChanged(db_, Name(id)));
  }
  if (service.has_value()) {
    RETURN_IF_ERROR(db_.Cached("UPDATE servers SET service_presence = ?, service_endpoint = ?, "
                               "service_version = ?, service_hub_instance_id = ?, "
                               "service_hub_url = ?, service_hub_connected = ?, "
                               "service_internal_instance_id = ? WHERE id = ?")
                        .RunWith(ToString(service->presence), service->endpoint, service->version,
                                 service->hub_instance_id, service->hub_url, service->hub_connected,
                                 service->internal_instance_id, id));
    RETURN_IF_ERROR(CheckChanged(db_, Name(id)));
  }
  return absl::OkStatus();
}

absl::Status SqliteServerStore::SetLastContact(const ServerId& id, absl::Time time) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE servers SET last_contact_time_us = ? WHERE id = ?").RunWith(time, id));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::SetClaim(const ServerId& id, const std::optional<Claim>& claim) {
  sql::Statement statement = db_.Cached(
      "UPDATE servers SET claim_hub_instance_id = ?, claim_internal_instance_id = ?, "
      "claim_machine_name = ?, claim_join_start_time_us = ?, claim_verify_deadline_us = ? "
      "WHERE id = ?");
  if (claim.has_value()) {
    statement.BindAll(claim->hub_instance_id, claim->internal_instance_id, claim->machine_name,
                      claim->join_start_time, claim->verify_deadline, id);
  } else {
    statement.BindAll(nullptr, nullptr, nullptr, nullptr, nullptr, id);
  }
  RETURN_IF_ERROR(statement.Run());
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::SetProof(const ServerId& id, const HubProof& proof) {
  RETURN_IF_ERROR(db_.Cached("UPDATE servers SET proof_hub_instance_id = ?, proof_match = ?, "
                             "proof_verified_time_us = ?, proof_reported_time_us = ?, "
                             "proof_title = ?, proof_internal_instance_id = ?, "
                             "proof_questioned_time_us = ? WHERE id = ?")
                      .RunWith(proof.hub_instance_id, ToString(proof.match), proof.verified_time,
                               proof.reported_time, proof.title, proof.internal_instance_id,
                               proof.questioned_time, id));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::DropProof(const ServerId& id) {
  RETURN_IF_ERROR(db_.Cached("UPDATE servers SET proof_hub_instance_id = NULL, proof_match = NULL, "
                             "proof_verified_time_us = NULL, proof_reported_time_us = NULL, "
                             "proof_title = '', proof_internal_instance_id = '', "
                             "proof_questioned_time_us = NULL WHERE id = ?")
                      .RunWith(id));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteServerStore::MoveAdmission(const ServerId& id, Admission from, Admission to) {
  RETURN_IF_ERROR(CheckMove(Name(id), from, to));
  RETURN_IF_ERROR(db_.Cached("UPDATE servers SET admission = ? WHERE id = ? AND admission = ?")
                      .RunWith(ToString(to), id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT admission FROM servers WHERE id = ?")
                                           .BindAll(id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(id), current, ToString(from));
}

absl::Status SqliteServerStore::SetAdmissionTime(const ServerId& id, absl::Time time) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE servers SET admission_time_us = ? WHERE id = ?").RunWith(time, id));
  return CheckChanged(db_, Name(id));
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::FindElsewhere(
    const ZoneId& zone, absl::string_view name, absl::string_view machine_id_hash,
    const std::vector<Admission>& admissions) const {
  if (admissions.empty()) return std::optional<Server>();
  const auto first = [&](absl::string_view column, absl::string_view value) {
    Where where;
    where.And(absl::StrCat(column, " = ?"), {std::string(value)})
        .And(absl::StrCat(column, " <> ''"))
        .And("s.zone_id <> ?", {zone.value()})
        .AndIn("s.admission", Texts(admissions));
    return where.Build(db_, kServerColumns, "LIMIT 1").One(ReadServer);
  };
  ASSIGN_OR_RETURN(std::optional<Server> found, first("s.name_key", FoldName(name)));
  if (found.has_value()) return found;
  return first("s.machine_id_hash", machine_id_hash);
}

absl::StatusOr<std::optional<Server>> SqliteServerStore::FindPutOut(
    const MachineQuery& query) const {
  const auto first = [&](absl::string_view condition, absl::string_view value) {
    Where where;
    where.And(condition, {std::string(value)})
        .And("s.zone_id = ? AND s.id <> ?", {query.zone_id.value(), query.except.value()})
        .And(
            "(s.admission = 'banned' "
            "OR (s.admission = 'rejected' AND coalesce(s.admission_time_us, ?) >= ?) "
            "OR (s.admission = 'evicted' AND s.admission_time_us >= ?))",
            std::vector<Where::Value>(3, absl::ToUnixMicros(query.token_create_time)));
    return where.Build(db_, kServerColumns, "ORDER BY s.admission = 'banned' DESC LIMIT 1")
        .One(ReadServer);
  };
  std::optional<Server> found;
  if (!query.machine_id_hash.empty()) {
    ASSIGN_OR_RETURN(
        found, first("s.machine_id_hash <> '' AND s.machine_id_hash = ?", query.machine_id_hash));
  }
  if (query.public_key_hash.empty() ||
      (found.has_value() && found->admission == Admission::kBanned)) {
    return found;
  }
  ASSIGN_OR_RETURN(std::optional<Server> by_key,
                   first("s.id IN (SELECT server_id FROM worker_certificates WHERE "
                         "public_key_hash = ?)",
                         query.public_key_hash));
  const bool better =
      by_key.has_value() && (!found.has_value() || by_key->admission == Admission::kBanned);
  return better ? by_key : found;
}

absl::Status SqliteServerStore::MoveEnrollment(const ServerId& id, Enrollment from, Enrollment to,
                                               const std::optional<Failure>& failure) {
  RETURN_IF_ERROR(CheckMove(Name(id), from, to));
  RETURN_IF_ERROR(
      db_.Cached("UPDATE servers SET enrollment = ?, failure_code = ?, "
                 "failure_detail = ? WHERE id = ? AND enrollment = ?")
          .RunWith(ToString(to), CodeOf(failure), DetailOf(failure), id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT enrollment FROM servers WHERE id = ?")
                                           .BindAll(id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(id), current, ToString(from));
}

}  // namespace muster::store
