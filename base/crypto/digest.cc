#include "base/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "base/crypto/openssl.h"

namespace muster::crypto {

std::string Sha256(absl::string_view data) {
  // Fetched once: EVP_sha256() would look the algorithm up anew for each digest.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string out(32, '\0');
  // Fails only when memory is gone or OpenSSL is broken; a wrong digest would be worse than the
  // end.
  if (EVP_Digest(data.data(), data.size(), MutableBytes(out), nullptr, sha256, nullptr) != 1)
    std::abort();
  return out;
}

std::string Sha256Hex(absl::string_view data) { return absl::BytesToHexString(Sha256(data)); }

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex2(context_, EVP_sha256(), nullptr) != 1) std::abort();
}

Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(context_); }

void Sha256Stream::Add(absl::string_view piece) {
  if (EVP_DigestUpdate(context_, piece.data(), piece.size()) != 1) std::abort();
}

std::string Sha256Stream::FinishHex() {
  std::string out(32, '\0');
  if (EVP_DigestFinal_ex(context_, MutableBytes(out), nullptr) != 1) std::abort();
  return absl::BytesToHexString(out);
}

std::string HmacSha256(absl::string_view key, absl::string_view data) {
  std::string out(32, '\0');
  size_t size = 0;
  // An empty view may have no address, which OpenSSL takes for "no key set".
  const char* const key_bytes = key.empty() ? "" : key.data();
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key_bytes, key.size(), Bytes(data),
                data.size(), MutableBytes(out), out.size(), &size) == nullptr ||
      size != out.size()) {
    std::abort();
  }
  return out;
}

bool ConstantTimeEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace muster::crypto
