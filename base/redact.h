// Makes foreign text (answers of services and hubs, output of programs, files, names that a machine
// gives itself) fit to be kept and shown: without secrets, printable, bounded (invariant 7).
#ifndef MUSTER_BASE_REDACT_H_
#define MUSTER_BASE_REDACT_H_

#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace muster {

inline constexpr absl::string_view kRedacted = "[redacted]";
inline constexpr size_t kMaxForeignText = 500;

// Removes the secrets it is given, in every spelling that JSON, URLs, HTML and base64 give them and
// in any case of letters, and in the disguises of base/disguise.h; then everything that looks like
// one: the values of joiningToken, requestAuthSecret and their like, tokens of the form a.b.c in
// base64url, and runs of 32 or more base64 characters that are no GUID. Then as CleanLine, cut to
// `max_size` bytes: cutting comes last, so that no half of a secret survives. A secret shorter than
// 4 bytes is removed where it stands as a word of its own, an empty one nowhere.
std::string Redact(absl::string_view foreign, std::span<const absl::string_view> secrets,
                   size_t max_size = kMaxForeignText);

// The first step of Redact alone.
std::string StrikeOut(absl::string_view text, std::span<const absl::string_view> secrets,
                      absl::string_view replacement = kRedacted);

// One clean line, nothing removed: line breaks and control characters become spaces, bytes that are
// not UTF-8 become '?'. For fields that cannot hold a secret (versions, ids, names, URLs).
std::string CleanLine(absl::string_view foreign, size_t max_size = 256);

}  // namespace muster

#endif  // MUSTER_BASE_REDACT_H_
