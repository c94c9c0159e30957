#include "orchestrator/cli/secret_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/names.h"

namespace muster::cli {
namespace {

absl::Status BadSecret(absl::string_view why) { return absl::InvalidArgumentError(why); }

}  // namespace

absl::StatusOr<std::string> SecretOf(absl::string_view content) {
  if (absl::StartsWith(content, "\xFF\xFE") || absl::StartsWith(content, "\xFE\xFF") ||
      (content.size() > 1 && (content[0] == '\0' || content[1] == '\0'))) {
    return BadSecret(
        "is UTF-16 text, as Windows PowerShell's '>' writes it; save it as UTF-8 without a byte "
        "order mark, such as with Set-Content -Encoding ascii -NoNewline");
  }
  absl::string_view secret = content;
  if (absl::ConsumeSuffix(&secret, "\n")) absl::ConsumeSuffix(&secret, "\r");
  if (secret.empty()) return BadSecret("is empty");
  if (secret.find_first_of("\r\n") != absl::string_view::npos) {
    return BadSecret("has more than one line; is it the right file?");
  }
  if (secret.front() == ' ' || secret.front() == '\t') {
    return BadSecret("has a blank at its beginning; take it away");
  }
  if (secret.back() == ' ' || secret.back() == '\t') {
    return BadSecret("has a blank at its end; take it away");
  }
  // The problem names code points beyond what a secret holds, and where: never the secret's own.
  if (const std::string problem = ProblemOfVisibleText(secret); !problem.empty()) {
    return BadSecret(absl::StrCat("cannot be right: ", problem, "; is it the right file?"));
  }
  return std::string(secret);
}

}  // namespace muster::cli
