// Certificate signing requests (PKCS #10): how a worker asks for a certificate without showing its
// private key.
#ifndef MUSTER_BASE_CRYPTO_CERTIFICATE_REQUEST_H_
#define MUSTER_BASE_CRYPTO_CERTIFICATE_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/key.h"

namespace muster::crypto {

// A request that its own key has signed: whoever sent it first held that key. The names in it are
// wishes; the authority decides.
class CertificateRequest {
 public:
  // PEM of a new request. InvalidArgument for a common name that is empty or longer than 64
  // characters.
  static absl::StatusOr<std::string> Create(const PrivateKey& key, const std::string& common_name);
  // Foreign bytes: InvalidArgument when larger than 16 KiB, malformed, not signed by its own key,
  // or with a key that is not on P-256.
  static absl::StatusOr<CertificateRequest> FromPem(absl::string_view pem);

  const std::string& common_name() const { return common_name_; }
  const PublicKey& public_key() const { return key_; }

 private:
  CertificateRequest(std::string common_name, PublicKey key)
      : common_name_(std::move(common_name)), key_(std::move(key)) {}
  std::string common_name_;
  PublicKey key_;
};

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_CERTIFICATE_REQUEST_H_
