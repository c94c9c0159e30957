// X.509 certificates, as they are read.
#ifndef MUSTER_BASE_CRYPTO_CERTIFICATE_H_
#define MUSTER_BASE_CRYPTO_CERTIFICATE_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/crypto/key.h"

struct x509_st;

namespace muster::crypto {

// One certificate. A value: copies are cheap and share one immutable object. Thread-safe.
class Certificate {
 public:
  // The first certificate in the text. InvalidArgument when there is none, or one whose names hold
  // control characters.
  static absl::StatusOr<Certificate> FromPem(absl::string_view pem);
  // All certificates in the text (a bundle), in order; at least one.
  static absl::StatusOr<std::vector<Certificate>> BundleFromPem(absl::string_view pem);
  std::string ToPem() const;

  std::string subject_common_name() const;
  std::string issuer_common_name() const;
  const std::vector<std::string>& uri_sans() const;
  const std::vector<std::string>& dns_sans() const;
  // "10.0.0.7"; IPv6 as eight groups without leading zeros or "::".
  const std::vector<std::string>& ip_sans() const;
  // Lower-case hexadecimal, an even number of digits.
  std::string serial_hex() const;
  absl::Time not_before() const;
  absl::Time not_after() const;
  bool is_ca() const;
  PublicKey public_key() const;
  // SHA-256 over the whole certificate (DER), 64 lower-case hexadecimal digits.
  std::string Fingerprint() const;

  x509_st* get() const;  // For this folder's sources.
  static absl::StatusOr<Certificate> FromX509(std::shared_ptr<x509_st> certificate);

 private:
  struct Content;
  explicit Certificate(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  std::shared_ptr<const Content> content_;
};

enum class Purpose { kAny, kServer, kClient };

// Whether `leaf` descends from one of `anchors` (roots, or intermediates that are trusted by
// themselves), over `intermediates` if need be, is valid at `now` and may serve `purpose`.
// Unauthenticated with the reason otherwise. Names and revocation are the caller's.
absl::Status VerifyChain(const Certificate& leaf, std::span<const Certificate> intermediates,
                         std::span<const Certificate> anchors, absl::Time now, Purpose purpose);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_CERTIFICATE_H_
