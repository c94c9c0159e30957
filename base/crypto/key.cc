#include "base/crypto/key.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <array>

#include "base/crypto/digest.h"
#include "base/crypto/openssl.h"

namespace muster::crypto {
namespace {

bool OnP256(const EVP_PKEY* key) {
  std::array<char, 80> group{};
  size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         absl::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

}  // namespace

std::string PublicKey::Fingerprint() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  if (size <= 0) {
    ForgetErrors();
    return "";
  }
  std::string hex =
      Sha256Hex(absl::string_view(reinterpret_cast<const char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  return hex;
}

bool PublicKey::IsP256() const { return OnP256(key_.get()); }

std::string PublicKey::ToPem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) {
    ForgetErrors();
    return "";
  }
  return WrittenTo(bio.get());
}

absl::StatusOr<PublicKey> PublicKey::FromPem(absl::string_view pem) {
  const OwnedBio bio = ReadFrom(pem);
  OwnedKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument, "not a public key in PEM form");
  }
  if (!OnP256(key.get())) return absl::InvalidArgumentError("the public key is not on P-256");
  return PublicKey(std::move(key));
}

bool PublicKey::Verifies(absl::string_view message, absl::string_view signature) const {
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const bool good =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1;
  if (!good) ForgetErrors();
  return good;
}

bool operator==(const PublicKey& a, const PublicKey& b) {
  return EVP_PKEY_eq(a.key_.get(), b.key_.get()) == 1;
}

absl::StatusOr<PrivateKey> PrivateKey::Generate() {
  OwnedKey key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslError(absl::StatusCode::kInternal, "generate a key");
  return PrivateKey(std::move(key));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(const Secret& pem) {
  const OwnedBio bio = ReadFrom(pem.Reveal());
  OwnedKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "not an unencrypted private key in PEM form");
  }
  const bool strong_rsa =
      EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) >= 2048;
  if (!strong_rsa && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) {
    return absl::InvalidArgumentError(
        "the private key is neither EC nor RSA of at least 2048 bits");
  }
  return PrivateKey(std::move(key));
}

absl::StatusOr<std::string> PrivateKey::Sign(absl::string_view message) const {
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, message.size()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "sign");
  }
  signature.resize(size);
  return signature;
}

absl::StatusOr<Secret> PrivateKey::ToPem() const {
  const OwnedBio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "write a private key");
  }
  return Secret::Take(WrittenTo(bio.get()));
}

}  // namespace muster::crypto
