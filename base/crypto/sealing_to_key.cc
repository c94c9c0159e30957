#include "base/crypto/sealing_to_key.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/openssl.h"
#include "base/crypto/sealing.h"
#include "base/status_macros.h"

namespace muster::crypto {
namespace {

constexpr char kToKeyVersion = 1;
constexpr size_t kPointBytes = 65;  // 04 │ x │ y
constexpr size_t kSharedBytes = 32;
constexpr char kPurpose[] = "muster sealing to a key, version 1";

using OwnedKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedKdf = Owned<EVP_KDF, EVP_KDF_free>;
using OwnedKdfContext = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

absl::StatusOr<std::string> PointOf(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const size_t size = EVP_PKEY_get1_encoded_public_key(key, &bytes);
  const std::string point(reinterpret_cast<const char*>(bytes), bytes == nullptr ? 0 : size);
  OPENSSL_free(bytes);
  if (point.size() == kPointBytes) return point;
  return OpensslError(absl::StatusCode::kInternal, "encode a public key");
}

// A public key on P-256; refused when the point is not on the curve.
absl::StatusOr<OwnedKey> KeyAt(absl::string_view point) {
  std::string group = "P-256";
  std::string bytes(point);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_end()};
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(params)) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument, "not a point of P-256");
  }
  return OwnedKey(key);
}

absl::StatusOr<Secret> SharedSecret(EVP_PKEY* mine, EVP_PKEY* theirs) {
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, mine, nullptr));
  std::string shared(kSharedBytes, '\0');
  size_t size = shared.size();
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), theirs) != 1 ||
      EVP_PKEY_derive(context.get(), MutableBytes(shared), &size) != 1 || size != kSharedBytes) {
    Wipe(shared);
    return OpensslError(absl::StatusCode::kInvalidArgument, "agree on a key");
  }
  return Secret::Take(std::move(shared));
}

// HKDF, RFC 5869: without salt, for the input is a fresh shared secret.
absl::StatusOr<Secret> BlobKey(const Secret& shared, absl::string_view ephemeral_point,
                               absl::string_view reader_point) {
  std::string info = AssociatedData({kPurpose, ephemeral_point, reader_point});
  std::string digest = "SHA256";
  std::string input(shared.Reveal());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input.data(), input.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  const OwnedKdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const OwnedKdfContext context(kdf == nullptr ? nullptr : EVP_KDF_CTX_new(kdf.get()));
  std::string key(kSealingKeyBytes, '\0');
  const bool derived = context != nullptr &&
                       EVP_KDF_derive(context.get(), MutableBytes(key), key.size(), params) == 1;
  Wipe(input);
  if (derived) return Secret::Take(std::move(key));
  Wipe(key);
  return OpensslError(absl::StatusCode::kInternal, "derive a key");
}

absl::Status NotOnCurve() {
  return absl::InvalidArgumentError("secrets are sealed to keys on P-256 only");
}

}  // namespace

absl::StatusOr<std::string> SealToKey(const PublicKey& reader, const Secret& plaintext,
                                      absl::string_view associated_data, Random& random) {
  if (!reader.IsP256()) return NotOnCurve();
  ASSIGN_OR_RETURN(const PrivateKey ephemeral, PrivateKey::Generate());
  ASSIGN_OR_RETURN(const std::string ephemeral_point, PointOf(ephemeral.get()));
  ASSIGN_OR_RETURN(const std::string reader_point, PointOf(reader.get()));
  ASSIGN_OR_RETURN(const Secret shared, SharedSecret(ephemeral.get(), reader.get()));
  ASSIGN_OR_RETURN(const Secret key, BlobKey(shared, ephemeral_point, reader_point));
  ASSIGN_OR_RETURN(const SealedBlob blob, Seal(key, plaintext, associated_data, random));
  return absl::StrCat(absl::string_view(&kToKeyVersion, 1), ephemeral_point, blob.bytes);
}

absl::StatusOr<Secret> OpenWithKey(const PrivateKey& reader, absl::string_view sealed,
                                   absl::string_view associated_data) {
  if (!reader.public_key().IsP256()) return NotOnCurve();
  if (sealed.size() <= 1 + kPointBytes || sealed[0] != kToKeyVersion) {
    return absl::InvalidArgumentError("not a secret sealed to a key, or one of a newer program");
  }
  const std::string ephemeral_point(sealed.substr(1, kPointBytes));
  ASSIGN_OR_RETURN(const OwnedKey ephemeral, KeyAt(ephemeral_point));
  ASSIGN_OR_RETURN(const std::string reader_point, PointOf(reader.get()));
  ASSIGN_OR_RETURN(const Secret shared, SharedSecret(reader.get(), ephemeral.get()));
  ASSIGN_OR_RETURN(const Secret key, BlobKey(shared, ephemeral_point, reader_point));
  absl::StatusOr<Secret> opened =
      Open(key, SealedBlob{std::string(sealed.substr(1 + kPointBytes))}, associated_data);
  if (opened.ok() || absl::IsInvalidArgument(opened.status())) return opened;
  return absl::FailedPreconditionError(
      "the sealed secret does not open: it was sealed to another key or for another purpose, or "
      "was altered");
}

}  // namespace muster::crypto
