// The worker's data directory.
//
//   identity.json    who, the zone pin, where to; written last: with it the enrollment is done
//   certificate.pem  the leaf; replaced by a renewal
//   ca.pem           trust anchors of the session
//   key.pem          the private key, mode 0600; made before the first bootstrap call and kept
//   key.next.pem     the key of an enrollment that replaces an identity, until it is key.pem
//   token.sha256     hash of the bootstrap token's secret that was used last
//   moment           the last moment of the orchestrator's record that it was told of: event, hash
//   nonce            the server that it is, and the nonce of its last session
//   refused          why the orchestrator refuses this identity now; not there when it does not
//   journal.db       commands (session/sqlite_journal.h)
//   LOCK             one worker process at a time; enroll.lock: one enrollment
//
// Every file is replaced as a whole. A key without identity.json is an enrollment whose answer was
// lost: it is continued with the same key, so that the orchestrator sees one worker and not two.
#ifndef MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_
#define MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "muster/worker/v1/session.pb.h"
#include "worker/identity/identity.h"

namespace muster::worker {

class StateDirectory {
 public:
  // Creates the directory (0700) if need be. E-SYSTEM-DATA-DIR when that cannot be, or when others
  // than this process's user and root can change what is in it.
  static absl::StatusOr<StateDirectory> Open(const std::string& path);

  bool HasIdentity() const;
  // E-WORKER-NOT-ENROLLED when there is none; E-WORKER-IDENTITY when files cannot be read, are
  // damaged or do not fit.
  absl::StatusOr<Identity> LoadIdentity() const;
  // Everything but the key, which LoadOrMakeKey has written.
  absl::Status SaveIdentity(const Identity& identity) const;
  absl::Status SaveCertificate(const std::string& certificate_pem,
                               const std::string& ca_bundle_pem) const;
  // The pin alone, of the identity that is there.
  absl::Status SaveZonePin(const v1::ZonePin& pin) const;
  absl::StatusOr<crypto::PrivateKey> LoadOrMakeKey() const;
  // The key of an enrollment that shall replace this identity; LoadIdentity uses it as soon as the
  // certificate is one for it.
  absl::StatusOr<crypto::PrivateKey> LoadOrMakeNextKey() const;
  absl::Status PromoteNextKey() const;
  // Fingerprints of the two (hex SHA-256 of the public key), for people who compare them with what
  // the orchestrator shows; empty where there is no such key, or none that can be read.
  std::string KeyFingerprint() const;
  std::string NextKeyFingerprint() const;
  // "E-CERT-REVOKED: …"; empty while the identity is not known to be refused.
  std::string LoadRefusal() const;
  absl::Status SaveRefusal(absl::string_view why) const;
  absl::Status ClearRefusal() const;
  // Empty when no token was used here.
  std::string LoadTokenHash() const;
  absl::Status SaveTokenHash(const std::string& hash) const;

  // None when there is none, or none that can be read.
  std::optional<v1::Moment> LoadMoment() const;
  absl::Status SaveMoment(const v1::Moment& moment) const;

  // Of the last session as this server; empty when there was none.
  std::string LoadNonce(const ServerId& server) const;
  absl::Status SaveNonce(const ServerId& server, absl::string_view nonce) const;

  const std::string& path() const { return path_; }
  std::string JournalPath() const { return path_ + "/journal.db"; }
  std::string EnrollLockPath() const;
  std::string TakeoverMarkPath() const { return path_ + "/takeover"; }
  std::string PendingJoinPath() const { return path_ + "/join"; }

 private:
  explicit StateDirectory(std::string path) : path_(std::move(path)) {}
  absl::StatusOr<crypto::PrivateKey> LoadOrMake(const char* file) const;
  std::string FingerprintIn(const char* file) const;
  absl::Status SaveIdentityFile(const Identity& identity) const;
  std::string File(const char* name) const { return path_ + "/" + name; }
  std::string path_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_STATE_DIRECTORY_H_
