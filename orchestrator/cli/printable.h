// Foreign text made fit to be shown. What servers, hubs and workers say is shown, never obeyed: no
// escape sequence, no change of the reading direction and no invisible character reaches a person's
// terminal, and in formats for programs such characters stand as escapes.
//
//   to a terminal   a character that is not for the eye becomes "?"; ends of lines and tabs a space
//   JSON, YAML      \u001b, \u202e: the same value, harmless to look at
//   CSV             \u202e as text, for CSV has no escapes; ends of lines and tabs stay
#ifndef MUSTER_ORCHESTRATOR_CLI_PRINTABLE_H_
#define MUSTER_ORCHESTRATOR_CLI_PRINTABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::cli {

// For a person, in one line.
std::string Printable(absl::string_view text);
// As Printable, but ends of lines stay.
std::string PrintableLines(absl::string_view text);
// What is not for the eye as \uXXXX, but for ends of lines and tabs. In the text of JSON it can
// stand within strings only, where it means the same.
std::string WithEscapes(absl::string_view text);

// Columns of a terminal that printable text takes: 2 for wide characters, 0 for combining ones.
size_t WidthOf(absl::string_view text);
// Printable text cut to at most `width` columns, the last of them "…" when something was cut.
std::string Fit(absl::string_view text, size_t width);
// Printable text in lines of at most `width` columns, broken at spaces, in longer words behind marks
// such as "/" and "_", and only then anywhere; one line at least.
std::vector<std::string> Wrap(absl::string_view text, size_t width);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_PRINTABLE_H_
