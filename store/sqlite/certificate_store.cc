#include "store/sqlite/certificate_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kSelectCertificate[] =
    "SELECT id, server_id, zone_id, token_id, state, confirmed, public_key_hash, not_before_us, "
    "not_after_us, create_time_us FROM worker_certificates";

absl::StatusOr<WorkerCertificate> ReadCertificate(const sql::Row& row) {
  WorkerCertificate certificate;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(certificate.id, certificate.server_id, certificate.zone_id,
                            certificate.token_id, certificate.state, certificate.confirmed,
                            certificate.public_key_hash, certificate.not_before,
                            certificate.not_after, certificate.create_time)
                      .status());
  return certificate;
}

std::string Name(const CertificateId& id) { return absl::StrCat("certificate ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<WorkerCertificate>> SqliteCertificateStore::Find(
    const CertificateId& id) const {
  return db_.Cached(absl::StrCat(kSelectCertificate, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadCertificate);
}

absl::StatusOr<std::vector<WorkerCertificate>> SqliteCertificateStore::ListOf(
    const ServerId& server) const {
  return db_
      .Cached(absl::StrCat(kSelectCertificate,
                           " WHERE server_id = ? ORDER BY create_time_us DESC, rowid DESC"))
      .BindAll(server)
      .All(ReadCertificate);
}

absl::StatusOr<int> SqliteCertificateStore::CountUnconfirmed(const TokenId& token,
                                                             absl::Time since) const {
  ASSIGN_OR_RETURN(const std::optional<int> count,
                   db_.Cached("SELECT count(*) FROM worker_certificates c "
                              "JOIN servers s ON s.id = c.server_id "
                              "WHERE c.token_id = ? AND c.state = 'active' AND c.confirmed = 0 "
                              "AND c.create_time_us >= ? AND s.admission <> 'rejected'")
                       .BindAll(token, since)
                       .One([](const sql::Row& row) { return row.Get<int>(0); }));
  return count.value_or(0);
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

absl::Status SqliteCertificateStore::Insert(const WorkerCertificate& certificate) {
  const absl::Status status =
      db_.Cached(
             "INSERT INTO worker_certificates (id, server_id, zone_id, token_id, state, "
             "confirmed, public_key_hash, not_before_us, not_after_us, create_time_us) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(certificate.id, certificate.server_id, certificate.zone_id,
                   OrNull(certificate.token_id), ToString(certificate.state), certificate.confirmed,
                   certificate.public_key_hash, certificate.not_before, certificate.not_after,
                   certificate.create_time);
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
                 "AS old WHERE not_after_us < ? AND EXISTS (SELECT 1 FROM worker_certificates AS "
                 "newer WHERE newer.server_id = old.server_id AND newer.create_time_us > "
                 "old.create_time_us) LIMIT ?)")
          .RunWith(expired_before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
