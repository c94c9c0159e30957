// The orchestrator's own certificate authority: one ECDSA P-256 root, made once by `init`, that
// signs everything else directly.
//
//   root (10 years) ─┬─ the orchestrator   DNS muster-orchestrator, and    server, 5 years;
//                    │                     its addresses
//                    ├─ workers            muster://<tenant>/<zone>/<id>   client, 30 days
//                    └─ operators          muster://operator/<operator>    client, at most a year
//
// A certificate begins a day before it is made, for machines whose clock is behind. Nothing of
// a certificate request but its public key is used. What was issued is recorded by the caller: an
// issued worker certificate that is not on record is refused by the core.
#ifndef MUSTER_ORCHESTRATOR_IDENTITY_CERTIFICATE_AUTHORITY_H_
#define MUSTER_ORCHESTRATOR_IDENTITY_CERTIFICATE_AUTHORITY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/crypto/certificate.h"
#include "base/crypto/key.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/secret.h"

namespace muster::identity {

inline constexpr absl::Duration kClockLenience = absl::Hours(24);
inline constexpr absl::Duration kServerClockLenience = absl::Hours(24);
inline constexpr absl::Duration kRootLife = absl::Hours(24 * 3650);
inline constexpr absl::Duration kServerLife = absl::Hours(24 * 1826);
inline constexpr absl::Duration kWorkerLife = absl::Hours(24 * 30);
inline constexpr absl::Duration kOperatorLife = absl::Hours(24 * 365);

struct IssuedServer {
  std::string certificate_pem;
  Secret private_key_pem;
};

// Immutable and thread-safe; `clock` and `random` must outlive it. Signing takes about 0.1 ms and
// is done on the blocking pool.
class CertificateAuthority {
 public:
  // A new root with a new key.
  static absl::StatusOr<CertificateAuthority> Create(const Clock& clock, Random& random);
  // A root that was made before. InvalidArgument when the PEMs are malformed or do not belong
  // together; FailedPrecondition when the root is not valid now.
  static absl::StatusOr<CertificateAuthority> FromPem(absl::string_view certificate_pem,
                                                      const Secret& private_key_pem,
                                                      const Clock& clock, Random& random);

  // With a fresh key. `addresses` are DNS names and IP addresses that ordinary TLS clients may
  // dial; ours verify the fixed name.
  absl::StatusOr<IssuedServer> IssueServer(const std::vector<std::string>& addresses) const;
  absl::StatusOr<crypto::Certificate> IssueWorker(const ZoneId& zone, const ServerId& server,
                                                  const crypto::PublicKey& key) const;
  absl::StatusOr<crypto::Certificate> IssueOperator(const OperatorId& op,
                                                    const crypto::PublicKey& key,
                                                    absl::Duration life = kOperatorLife) const;

  // Trust anchors to hand out.
  const std::string& bundle_pem() const { return bundle_pem_; }
  // Hex SHA-256 of the root's public key.
  std::string Fingerprint() const { return root_.public_key().Fingerprint(); }
  absl::Time not_after() const { return root_.not_after(); }
  // Statements that outlive the connection they came over: zone pins.
  absl::StatusOr<std::string> Sign(absl::string_view statement) const {
    return key_.Sign(statement);
  }
  bool IsOurs(absl::string_view statement, absl::string_view signature) const {
    return root_.public_key().Verifies(statement, signature);
  }
  // For keeping it in the data directory.
  absl::StatusOr<Secret> PrivateKeyPem() const { return key_.ToPem(); }

 private:
  CertificateAuthority(crypto::Certificate root, crypto::PrivateKey key, const Clock& clock,
                       Random& random)
      : root_(std::move(root)),
        key_(std::move(key)),
        bundle_pem_(root_.ToPem()),
        clock_(&clock),
        random_(&random) {}
  // The end of a certificate that begins now: never after the root's own.
  absl::Time EndOf(absl::Duration life) const;

  crypto::Certificate root_;
  crypto::PrivateKey key_;
  std::string bundle_pem_;
  const Clock* clock_;
  Random* random_;
};

}  // namespace muster::identity

#endif  // MUSTER_ORCHESTRATOR_IDENTITY_CERTIFICATE_AUTHORITY_H_
