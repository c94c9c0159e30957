#include "tests/doubles/http/signing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace muster::doubles {
namespace {

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string HmacSha256(absl::string_view key, absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes), bytes.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

std::string RandomBytes(int count) {
  std::string bytes(count, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count);
  return bytes;
}

std::string RandomBase64(int bytes) { return absl::Base64Escape(RandomBytes(bytes)); }

std::string NewGuid() {
  std::string bytes = RandomBytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

bool IsGuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

std::string RequestAuthSecretHash(absl::string_view secret) {
  return absl::Base64Escape(Sha256(secret));
}

std::string SignaturePayload(absl::string_view instance_id, absl::string_view timestamp,
                             absl::string_view method, absl::string_view path_and_query,
                             absl::string_view body) {
  return absl::StrCat(instance_id, "|", timestamp, "|", absl::AsciiStrToUpper(method), "|",
                      path_and_query, "|", absl::Base64Escape(Sha256(body)));
}

std::string SignatureOf(absl::string_view secret_hash, absl::string_view payload) {
  std::string key;
  absl::Base64Unescape(secret_hash, &key);
  return absl::Base64Escape(HmacSha256(key, payload));
}

std::string MakeJwt(const Json& claims, absl::string_view key) {
  const std::string text = absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"HS256","typ":"JWT"})"),
                                        ".", absl::WebSafeBase64Escape(DumpJson(claims)));
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(HmacSha256(key, text)));
}

std::optional<Json> ReadJwt(absl::string_view token, absl::string_view key) {
  const size_t dot = token.rfind('.');
  if (dot == absl::string_view::npos) return std::nullopt;
  const std::string expected = absl::WebSafeBase64Escape(HmacSha256(key, token.substr(0, dot)));
  if (token.substr(dot + 1) != expected) return std::nullopt;
  return PeekJwt(token);
}

std::optional<Json> PeekJwt(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  std::string claims;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &claims)) return std::nullopt;
  return ParseJson(claims);
}

}  // namespace muster::doubles
