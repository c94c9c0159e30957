// Text files in the encodings that editors, spreadsheets and shells write, as UTF-8.
#ifndef MUSTER_ORCHESTRATOR_CLI_TEXT_ENCODING_H_
#define MUSTER_ORCHESTRATOR_CLI_TEXT_ENCODING_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::cli {

struct DecodedText {
  std::string text;  // UTF-8 without a byte order mark; empty after a problem.
  std::string
      problem;   // Why the content is no text that is understood, and what to do; else empty.
  int line = 1;  // Where the problem is.
};

// UTF-8 with and without a byte order mark; UTF-16, little and big end first, with a byte order
// mark or recognized by its zero bytes (Windows PowerShell's '>', "Unicode Text" of spreadsheets).
// A problem, said once for the whole: an old code page such as Windows-1252, UTF-32, zero bytes,
// broken UTF-16.
DecodedText DecodeText(absl::string_view content);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_TEXT_ENCODING_H_
