// Key pairs. Muster makes elliptic-curve keys on P-256; keys of an external authority may also be
// RSA from 2,048 bits.
#ifndef MUSTER_BASE_CRYPTO_KEY_H_
#define MUSTER_BASE_CRYPTO_KEY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace muster::crypto {

// The public half. A value: copies are cheap and share one immutable key. Thread-safe.
class PublicKey {
 public:
  // 64 lower-case hexadecimal digits of the SHA-256 over the SubjectPublicKeyInfo (DER): how a key
  // is pinned.
  std::string Fingerprint() const;
  bool IsP256() const;
  // SubjectPublicKeyInfo, as other programs read it; empty when there is no memory.
  std::string ToPem() const;
  // A key on P-256. InvalidArgument for anything else.
  static absl::StatusOr<PublicKey> FromPem(absl::string_view pem);
  // Whether `signature` is PrivateKey::Sign's of this message by the other half.
  bool Verifies(absl::string_view message, absl::string_view signature) const;
  friend bool operator==(const PublicKey& a, const PublicKey& b);

  // For this folder's sources.
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  evp_pkey_st* get() const { return key_.get(); }

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

// Both halves. A value as above; the private half leaves only through ToPem. Thread-safe.
class PrivateKey {
 public:
  // A new key on P-256.
  static absl::StatusOr<PrivateKey> Generate();
  // An unencrypted PEM (PKCS #8 or the older forms). InvalidArgument when malformed, encrypted,
  // weak or of another kind.
  static absl::StatusOr<PrivateKey> FromPem(const Secret& pem);

  // PKCS #8, unencrypted.
  absl::StatusOr<Secret> ToPem() const;
  PublicKey public_key() const { return PublicKey(key_); }
  // ECDSA (or RSA) with SHA-256, DER: for statements that are checked without a TLS connection.
  absl::StatusOr<std::string> Sign(absl::string_view message) const;

  evp_pkey_st* get() const { return key_.get(); }  // For this folder's sources.

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_KEY_H_
