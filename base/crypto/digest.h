// Hashes and comparisons. Pure functions over bytes.
#ifndef MUSTER_BASE_CRYPTO_DIGEST_H_
#define MUSTER_BASE_CRYPTO_DIGEST_H_

#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace muster::crypto {

// 32 raw bytes.
std::string Sha256(absl::string_view data);
// 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view data);
// The same of data that comes in pieces. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void Add(absl::string_view piece);
  std::string FinishHex();  // 64 digits; once, as the last call.

 private:
  evp_md_ctx_st* const context_;
};
// 32 raw bytes (RFC 2104).
std::string HmacSha256(absl::string_view key, absl::string_view data);

// Takes the same time wherever the two differ; only their lengths may be learned from it.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_DIGEST_H_
