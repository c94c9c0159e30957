// The worker's data directory.
//
//   identity.json     who, which zone and hub, where to; written last: with it the enrollment
//                     is done
//   certificate.pem   the leaf; replaced by a renewal
//   ca.pem            trust anchors of the session
//   key.pem           the private key, mode 0600; made before the first bootstrap call and kept
//   token.sha256      hash of the bootstrap token's secret that was used last
//   journal.db        commands (session/sqlite_journal.h)
//   LOCK              one process at a time
//
// Every file is replaced as a whole. A key without identity.json is an enrollment whose answer was
// lost: it is continued with the same key, so that the orchestrator sees one worker and not two.
#ifndef MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_
#define MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "worker/identity/identity.h"

namespace muster::worker {

class StateDirectory {
 public:
  // Creates the directory (0700) if need be. E-SYSTEM-DATA-DIR when that cannot be.
  static absl::StatusOr<StateDirectory> Open(const std::string& path);

  bool HasIdentity() const;
  // E-WORKER-NOT-ENROLLED when there is none; E-WORKER-IDENTITY when files cannot be read, are
  // damaged or do not fit.
  absl::StatusOr<Identity> LoadIdentity() const;
  // Everything but the key, which LoadOrMakeKey has written.
  absl::Status SaveIdentity(const Identity& identity) const;
  absl::Status SaveCertificate(const std::string& certificate_pem,
                               const std::string& ca_bundle_pem) const;
  absl::StatusOr<crypto::PrivateKey> LoadOrMakeKey() const;
  // Empty when no token was used here.
  std::string LoadTokenHash() const;
  absl::Status SaveTokenHash(const std::string& hash) const;

  const std::string& path() const { return path_; }
  std::string JournalPath() const { return path_ + "/journal.db"; }
  std::string TakeoverMarkPath() const { return path_ + "/takeover"; }
  std::string PendingJoinPath() const { return path_ + "/join"; }

 private:
  explicit StateDirectory(std::string path) : path_(std::move(path)) {}
  std::string File(const char* name) const { return path_ + "/" + name; }
  std::string path_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_
