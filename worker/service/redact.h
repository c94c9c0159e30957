// Makes what the Certify service answers fit to be kept and shown (invariant 7, certify.md 1.5):
// some of its answers carry the joining secret, a joining token or a request-auth secret.
#ifndef MUSTER_WORKER_SERVICE_REDACT_H_
#define MUSTER_WORKER_SERVICE_REDACT_H_

#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/secret.h"

namespace muster::worker {

inline constexpr absl::string_view kRedacted = "[redacted]";
inline constexpr size_t kMaxForeignText = 500;

// Removes the secrets it is given, in every spelling a JSON or a URL gives them, then everything
// that looks like one: the values of joiningToken, requestAuthSecret and their like, tokens of the
// form a.b.c in base64url, and runs of 32 or more base64 characters that are no GUID. Then line
// breaks and control characters become spaces, bytes that are not UTF-8 become '?', and the text is
// cut to `max_size` bytes. Cutting comes last, so that no half of a secret survives.
std::string Redact(absl::string_view foreign, std::span<const absl::string_view> secrets,
                   size_t max_size = kMaxForeignText);

// One clean line, nothing removed: for fields that cannot hold a secret (versions, ids, URLs of the
// configuration).
std::string CleanField(absl::string_view foreign, size_t max_size = 256);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_REDACT_H_
