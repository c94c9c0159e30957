// Secrets that come back in disguise: what a peer that was told one makes of it, so that it passes
// whoever looks for the secret as it is.
#ifndef MUSTER_BASE_DISGUISE_H_
#define MUSTER_BASE_DISGUISE_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// A secret with fewer letters and digits is not looked for: words would be taken for it.
inline constexpr size_t kFewestDisguisedLetters = 4;

// Sets in `covered` (one for each byte of `text`) what holds eight or more letters and digits of
// the secret in a row, whatever case they have and whatever else stands between them: forward,
// backward, or written as hexadecimal digits, in base64 or in base64 of its UTF-16. Characters of
// the text may be written as %41, &#65;, &#x41;, \x41 or \u0041. Of a secret that has less than
// twelve letters and digits all must be there; of one that has less than eight only as they are,
// forward or backward.
void CoverDisguised(absl::string_view text, absl::string_view secret, std::vector<bool>& covered);

}  // namespace muster

#endif  // MUSTER_BASE_DISGUISE_H_
