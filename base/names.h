// Names that people give to servers, and other one-line text that people read: one home for what is
// taken, how it is compared, and what is refused because nobody can see it. Pure.
#ifndef MUSTER_BASE_NAMES_H_
#define MUSTER_BASE_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

inline constexpr size_t kMaxServerName = 253;  // Bytes.

// The name as it is kept: in Unicode's composed form (NFC), without a dot at the end.
// InvalidArgument with the reason, which shows the name in a form that can be printed: empty, too
// long, no UTF-8, blanks, '/', '*', ',', control or invisible characters, and names that many
// machines have at once (localhost, 127.0.0.1).
absl::StatusOr<std::string> NormalizeServerName(absl::string_view text);

// What two names are compared by: equal for names that differ in case (in all scripts, "ß" as
// "ss") or in the way their accents are written, or by a dot at the end. For text that is no UTF-8
// itself in ASCII lower case.
std::string FoldName(absl::string_view name);

// The key of the name that the same machine may go by as well: "web-01" for "WEB-01.corp.example".
// Empty when the name has one part only.
std::string FoldedShortName(absl::string_view name);

// Why the name is likely not one machine's own ("ubuntu", "debian": what an installer proposes);
// empty when nothing speaks against it.
std::string HintOnServerName(absl::string_view name);

// Why `account` is no account that a zone may name as the Certify service's ("must be …"), empty
// when it is one: a name of 1 to 64 of letters, digits and _ . - @ $, or a number. Not root, which
// needs no exception, and not nobody (65534), which is whoever has no other account.
std::string ProblemOfServiceAccount(absl::string_view account);

// Why people cannot read the text as it is: no UTF-8, control characters, or characters that show
// nothing or turn the text around ("U+200B (zero width space) at its end"). Empty when they can.
std::string ProblemOfVisibleText(absl::string_view text);

// The text with all that ProblemOfVisibleText refuses written as <U+200B> or <FF>: for messages.
std::string Shown(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_BASE_NAMES_H_
