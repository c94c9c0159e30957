// What fuzz targets hold the programs to. A promise that is broken ends the process with its name,
// which libFuzzer and the corpus driver take for a crash.
#ifndef MUSTER_TESTS_FUZZ_PROMISES_H_
#define MUSTER_TESTS_FUZZ_PROMISES_H_

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "base/names.h"
#include "base/utf8.h"

namespace muster::fuzz {

inline absl::string_view TextOf(const uint8_t* data, size_t size) {
  // A text without a place in memory is none to absl::StrSplit.
  return size == 0 ? absl::string_view("")
                   : absl::string_view(reinterpret_cast<const char*>(data), size);
}

inline void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

// Fit for a protobuf string and a database: UTF-8 and no longer than `most` bytes.
inline void RequireText(absl::string_view text, size_t most, const char* what) {
  Require(IsUtf8(text), what);
  Require(text.size() <= most, what);
}

// Fit for a log and a terminal as well: no control characters.
inline void RequireLine(absl::string_view text, size_t most, const char* what) {
  RequireText(text, most, what);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    Require(!absl::ascii_iscntrl(byte) && !c1, what);
  }
}

// As RequireLine, and nothing in it that people cannot see.
inline void RequireVisible(absl::string_view text, size_t most, const char* what) {
  RequireLine(text, most, what);
  Require(ProblemOfVisibleText(text).empty(), what);
}

// What is refused says by a code of the table what to do next.
inline void RequireCode(const absl::Status& status, const char* what) {
  Require(FailureCodeOf(status).has_value(), what);
}

inline bool Holds(absl::string_view text, absl::string_view secret) {
  return absl::StrContains(absl::AsciiStrToLower(text), absl::AsciiStrToLower(secret));
}

}  // namespace muster::fuzz

#endif  // MUSTER_TESTS_FUZZ_PROMISES_H_
