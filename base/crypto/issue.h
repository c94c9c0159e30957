// Making certificates: what an authority signs is what the caller wrote into the spec, nothing from
// a request but its key.
#ifndef MUSTER_BASE_CRYPTO_ISSUE_H_
#define MUSTER_BASE_CRYPTO_ISSUE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/crypto/certificate.h"
#include "base/crypto/key.h"
#include "base/random.h"

namespace muster::crypto {

struct CertificateSpec {
  std::string subject_common_name;  // 1 to 64 characters.
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;  // "10.0.0.7", "::1"
  absl::Time not_before;             // Kept to the second.
  absl::Time not_after;
  bool is_ca = false;
  std::optional<int>
      path_length;      // With is_ca: how many authorities may follow below; no limit if empty.
  bool server = false;  // Extended key usage: TLS server, TLS client.
  bool client = false;
};

// A certificate for `subject`, signed by `issuer_key`. Its serial number is 16 bytes, 126 bits of
// them random. InvalidArgument: a bad name or time in the spec, an issuer that is no authority, or
// a key that is not the issuer's.
absl::StatusOr<Certificate> IssueCertificate(const Certificate& issuer,
                                             const PrivateKey& issuer_key, const PublicKey& subject,
                                             const CertificateSpec& spec, Random& random);

// A certificate that `key` signs for itself: a root of trust, or a server of a test.
absl::StatusOr<Certificate> SelfSign(const PrivateKey& key, const CertificateSpec& spec,
                                     Random& random);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_ISSUE_H_
