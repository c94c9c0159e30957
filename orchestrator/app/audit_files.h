// Folder audit/ of the data directory: the key that signs heads of the audit log, and the book that
// keeps them beside the database. Folder evidence/: the key that signs what customers keep.
//
//   audit/key.pem      0600; made by init, or by the first start of a program that knows it
//   audit/heads.log    one head a line (core/audit/head_text.h), only ever appended to
//   evidence/key.pem   as audit/key.pem, and another one
#ifndef MUSTER_ORCHESTRATOR_APP_AUDIT_FILES_H_
#define MUSTER_ORCHESTRATOR_APP_AUDIT_FILES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "orchestrator/evidence/pack_writer.h"

namespace muster::app {

class FileAuditKey final : public core::AuditKey {
 public:
  // Reads `path`, or makes a new key there when nothing has that name. E-SYSTEM-DATA-DIR when the
  // file is no key, others can read it, or it cannot be written. Blocks on the disk.
  static absl::StatusOr<std::unique_ptr<FileAuditKey>> LoadOrMake(const std::string& path);

  const std::string& id() const override { return id_; }
  absl::StatusOr<std::string> Sign(absl::string_view text) const override;
  bool HasSigned(absl::string_view text, absl::string_view signature) const override;

 private:
  explicit FileAuditKey(crypto::PrivateKey key);
  const crypto::PrivateKey key_;
  const std::string id_;  // The first 16 digits of the public half's fingerprint.
};

// The key of evidence packs.
class FileEvidenceKey final : public evidence::PackKey {
 public:
  // As FileAuditKey::LoadOrMake. Takes away what a process that was ended has left of packs.
  static absl::StatusOr<std::unique_ptr<FileEvidenceKey>> LoadOrMake(const std::string& path);

  const std::string& fingerprint() const override { return fingerprint_; }
  const std::string& public_pem() const override { return public_pem_; }
  absl::StatusOr<std::string> Sign(absl::string_view text) const override;

 private:
  explicit FileEvidenceKey(crypto::PrivateKey key);
  const crypto::PrivateKey key_;
  const std::string fingerprint_;
  const std::string public_pem_;
};

// `executor` outlives it and runs nothing of it afterwards.
class FileHeadBook final : public core::HeadBook {
 public:
  FileHeadBook(std::string path, Executor& executor)
      : path_(std::move(path)), executor_(executor) {}

  void Append(std::string line) override;
  absl::StatusOr<std::vector<std::string>> Read() const override;

 private:
  void Flush();
  absl::Status Write(const std::string& text);

  const std::string path_;
  Executor& executor_;
  Mutex writing_mu_;  // One writer at a time; taken before mu_.
  Mutex mu_;
  std::string pending_ ABSL_GUARDED_BY(mu_);  // Whole lines.
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_AUDIT_FILES_H_
