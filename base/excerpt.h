// What may be kept of a message that a service or a hub answered: its plain words, and nothing that
// could be a secret which was sent there and comes back in another guise (invariant 7).
//
//   the answer ─► Redact: secrets in the spellings that programs give them, and in disguise
//              ─► words of messages, statuses, what the caller knows himself; else "[...]"
//
// The last step needs no idea of how a secret was changed: at most seven letters and digits of an
// answer are kept that are no plain word (plain_words.h).
#ifndef MUSTER_BASE_EXCERPT_H_
#define MUSTER_BASE_EXCERPT_H_

#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace muster {

inline constexpr absl::string_view kLeftOut = "[...]";

// At most `max_size` bytes on one printable line. `secrets` were sent to who answers; `known` are
// texts that are no secrets and may be repeated (the URL that was called, a client id). Pure.
std::string Excerpt(absl::string_view foreign, std::span<const absl::string_view> secrets,
                    std::span<const absl::string_view> known = {}, size_t max_size = 300);

// Whether `foreign` holds a piece of one of the secrets, in whatever disguise (disguise.h). For
// fields that are kept as they are, or not at all (ids).
bool RepeatsSecret(absl::string_view foreign, std::span<const absl::string_view> secrets);

}  // namespace muster

#endif  // MUSTER_BASE_EXCERPT_H_
