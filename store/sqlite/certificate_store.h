// CertificateStore in SQLite: which worker certificates were issued, and which still count.
#ifndef MUSTER_STORE_SQLITE_CERTIFICATE_STORE_H_
#define MUSTER_STORE_SQLITE_CERTIFICATE_STORE_H_

#include "base/sql/database.h"
#include "store/interface/identity_store.h"

namespace muster::store {

// Table worker_certificates.
class SqliteCertificateStore final : public CertificateStore {
 public:
  explicit SqliteCertificateStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<WorkerCertificate>> Find(const CertificateId& id) const override;
  absl::StatusOr<std::vector<WorkerCertificate>> ListOf(const ServerId& server) const override;
  absl::StatusOr<std::vector<WorkerCertificate>> ListOf(const TenantWall& wall,
                                                        const ServerId& server) const override;
  absl::StatusOr<int> CountUnconfirmed(const TokenId& token, absl::Time since,
                                       absl::Time now) const override;
  absl::StatusOr<std::optional<absl::Time>> NewestWaitingTime(const ZoneId& zone) const override;
  absl::StatusOr<bool> IsRevokedKey(absl::string_view public_key_hash) const override;
  absl::StatusOr<int> CountEnding(absl::Time before) const override;
  absl::StatusOr<Endings> LookAtEndings(absl::Time now, absl::Time before) const override;
  absl::Status Insert(const WorkerCertificate& certificate) override;
  absl::Status Confirm(const CertificateId& id) override;
  absl::Status SetAdmitted(const CertificateId& id) override;
  absl::Status SetState(const CertificateId& id, CertificateState from,
                        CertificateState to) override;
  absl::StatusOr<int> Prune(absl::Time expired_before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_CERTIFICATE_STORE_H_
