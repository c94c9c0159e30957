#include "store/sqlite/certificate_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kCertificateColumns[] =
    "id, server_id, zone_id, token_id, state, confirmed, public_key_hash, not_before_us, "
    "not_after_us, create_time_us, certificate_pem, admitted FROM worker_certificates";
constexpr char kNewestCertificate[] = "ORDER BY create_time_us DESC, rowid DESC";

absl::StatusOr<WorkerCertificate> ReadCertificate(const sql::Row& row) {
  WorkerCertificate certificate;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(certificate.id, certificate.server_id, certificate.zone_id,
                            certificate.token_id, certificate.state, certificate.confirmed,
                            certificate.public_key_hash, certificate.not_before,
                            certificate.not_after, certificate.create_time, certificate.pem,
                            certificate.admitted)
                      .status());
  return certificate;
}

std::string Name(const CertificateId& id) { return absl::StrCat("certificate ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<WorkerCertificate>> SqliteCertificateStore::Find(
    const CertificateId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kCertificateColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadCertificate);
}

absl::StatusOr<std::vector<WorkerCertificate>> SqliteCertificateStore::ListOf(
    const ServerId& server) const {
  return ListOf(TenantWall::Everything(), server);
}

absl::StatusOr<std::vector<WorkerCertificate>> SqliteCertificateStore::ListOf(
    const TenantWall& wall, const ServerId& server) const {
  Where where;
  where.And("server_id = ?", {server.value()}).AndOwnedWithin("server_id", "servers", wall);
  return where.Build(db_, kCertificateColumns, kNewestCertificate).All(ReadCertificate);
}

absl::StatusOr<int> SqliteCertificateStore::CountUnconfirmed(const TokenId& token, absl::Time since,
                                                             absl::Time now) const {
  ASSIGN_OR_RETURN(const std::optional<int> count,
                   db_.Cached("SELECT count(DISTINCT c.server_id) FROM worker_certificates c "
                              "JOIN servers s ON s.id = c.server_id "
                              "WHERE c.token_id = ? AND c.state = 'active' AND c.confirmed = 0 "
                              "AND c.create_time_us >= ? AND c.not_after_us > ? "
                              "AND s.admission <> 'rejected'")
                       .BindAll(token, since, now)
                       .One([](const sql::Row& row) { return row.Get<int>(0); }));
  return count.value_or(0);
}

absl::StatusOr<std::optional<absl::Time>> SqliteCertificateStore::NewestWaitingTime(
    const ZoneId& zone) const {
  return db_
      .Cached(
          "SELECT create_time_us FROM worker_certificates WHERE zone_id = ? AND state = 'active' "
          "AND confirmed = 0 ORDER BY create_time_us DESC LIMIT 1")
      .BindAll(zone)
      .One([](const sql::Row& row) { return row.Get<absl::Time>(0); });
}

absl::StatusOr<bool> SqliteCertificateStore::IsRevokedKey(absl::string_view public_key_hash) const {
  ASSIGN_OR_RETURN(const auto found,
                   db_.Cached("SELECT 1 FROM worker_certificates WHERE public_key_hash = ? "
                              "AND state = 'revoked' LIMIT 1")
                       .BindAll(public_key_hash)
                       .One([](const sql::Row&) { return true; }));
  return found.has_value();
}

absl::StatusOr<int> SqliteCertificateStore::CountEnding(absl::Time before) const {
  ASSIGN_OR_RETURN(
      const std::optional<int> count,
      db_.Cached("SELECT count(*) FROM (SELECT max(c.not_after_us) AS end_us "
                 "FROM worker_certificates c JOIN servers s ON s.id = c.server_id "
                 "WHERE c.state = 'active' AND s.admission = 'admitted' GROUP BY c.server_id) "
                 "WHERE end_us < ?")
          .BindAll(before)
          .One([](const sql::Row& row) { return row.Get<int>(0); }));
  return count.value_or(0);
}

absl::StatusOr<CertificateStore::Endings> SqliteCertificateStore::LookAtEndings(
    absl::Time now, absl::Time before) const {
  ASSIGN_OR_RETURN(
      const std::optional<Endings> endings,
      db_.Cached("SELECT coalesce(sum(end_us <= ?1), 0), "
                 "coalesce(sum(end_us > ?1 AND end_us < ?2), 0), "
                 "min(CASE WHEN end_us > ?1 THEN end_us END) FROM "
                 "(SELECT max(c.not_after_us) AS end_us "
                 "FROM worker_certificates c JOIN servers s ON s.id = c.server_id "
                 "WHERE c.state = 'active' AND s.admission = 'admitted' GROUP BY c.server_id)")
          .BindAll(now, before)
          .One([](const sql::Row& row) {
            return Endings{row.Get<int>(0), row.Get<int>(1), row.Get<std::optional<absl::Time>>(2)};
          }));
  return endings.value_or(Endings());
}

absl::Status SqliteCertificateStore::Insert(const WorkerCertificate& certificate) {
  const absl::Status status =
      db_.Cached(
             "INSERT INTO worker_certificates (id, server_id, zone_id, token_id, state, "
             "confirmed, public_key_hash, not_before_us, not_after_us, create_time_us, "
             "certificate_pem, admitted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(certificate.id, certificate.server_id, certificate.zone_id,
                   OrNull(certificate.token_id), ToString(certificate.state), certificate.confirmed,
                   certificate.public_key_hash, certificate.not_before, certificate.not_after,
                   certificate.create_time, certificate.pem, certificate.admitted);
  return Explain(
      Explain(status, ErrorKind::kConstraintForeignKey,
              absl::StrCat(Name(certificate.id), ": server ", certificate.server_id.value(),
                           " is not in zone ", certificate.zone_id.value(),
                           ", or its token does not exist")),
      ErrorKind::kConstraintUnique,
      absl::StrCat(Name(certificate.id), " exists: serial numbers are used once"));
}

absl::Status SqliteCertificateStore::Confirm(const CertificateId& id) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE worker_certificates SET confirmed = 1 WHERE id = ?").RunWith(id));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteCertificateStore::SetAdmitted(const CertificateId& id) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE worker_certificates SET admitted = 1 WHERE id = ?").RunWith(id));
  return CheckChanged(db_, Name(id));
}

absl::Status SqliteCertificateStore::SetState(const CertificateId& id, CertificateState from,
                                              CertificateState to) {
  RETURN_IF_ERROR(CheckMove(Name(id), from, to));
  RETURN_IF_ERROR(db_.Cached("UPDATE worker_certificates SET state = ? WHERE id = ? AND state = ?")
                      .RunWith(ToString(to), id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current,
                   db_.Cached("SELECT state FROM worker_certificates WHERE id = ?")
                       .BindAll(id)
                       .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(id), current, ToString(from));
}

absl::StatusOr<int> SqliteCertificateStore::Prune(absl::Time expired_before, int limit) {
  // A server that has been away for long is told from a stranger by its last one.
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM worker_certificates WHERE id IN (SELECT id FROM worker_certificates "
                 "AS old WHERE not_after_us < ? AND state <> 'revoked' AND EXISTS (SELECT 1 FROM "
                 "worker_certificates AS "
                 "newer WHERE newer.server_id = old.server_id AND newer.create_time_us > "
                 "old.create_time_us) LIMIT ?)")
          .RunWith(expired_before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
