// The cryptography that hub and agent share: digests, tokens, and the signature of agent requests
// (certify.md 6.3).
#ifndef MUSTER_TESTS_DOUBLES_HTTP_SIGNING_H_
#define MUSTER_TESTS_DOUBLES_HTTP_SIGNING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

std::string Sha256(absl::string_view bytes);  // 32 bytes
std::string HmacSha256(absl::string_view key, absl::string_view bytes);
std::string RandomBytes(int count);
std::string RandomBase64(int bytes);

std::string NewGuid();  // lower case, version 4
bool IsGuid(absl::string_view text);

// Base64 of SHA-256 of the secret's text: the hub's `requestAuthSecretHash`, and decoded the
// signature's key.
std::string RequestAuthSecretHash(absl::string_view secret);

// instanceId|timestamp|METHOD|pathAndQuery|bodyHash
std::string SignaturePayload(absl::string_view instance_id, absl::string_view timestamp,
                             absl::string_view method, absl::string_view path_and_query,
                             absl::string_view body);
// `secret_hash` as of RequestAuthSecretHash.
std::string SignatureOf(absl::string_view secret_hash, absl::string_view payload);

// HS256 tokens. Reading checks the signature only; the claims are the caller's to judge.
std::string MakeJwt(const Json& claims, absl::string_view key);
std::optional<Json> ReadJwt(absl::string_view token, absl::string_view key);
// The claims of a token whose key is not known, as an agent reads `exp`.
std::optional<Json> PeekJwt(absl::string_view token);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_SIGNING_H_
