#include "base/crypto/signature.h"

#include "base/crypto/openssl.h"

namespace muster::crypto {
namespace {

using OwnedDigest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

}  // namespace

absl::StatusOr<std::string> Sign(const PrivateKey& key, absl::string_view data) {
  const OwnedDigest context(EVP_MD_CTX_new());
  size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(data), data.size()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), MutableBytes(signature), &size, Bytes(data), data.size()) !=
      1) {
    return OpensslError(absl::StatusCode::kInternal, "sign");
  }
  signature.resize(size);
  return signature;
}

bool IsSignatureOf(const PublicKey& key, absl::string_view data, absl::string_view signature) {
  const OwnedDigest context(EVP_MD_CTX_new());
  const bool fits =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(data),
                       data.size()) == 1;
  if (!fits) ForgetErrors();
  return fits;
}

}  // namespace muster::crypto
