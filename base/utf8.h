// What is UTF-8: text from files and command lines must be before it becomes a protobuf string,
// which is refused as a whole message otherwise.
#ifndef MUSTER_BASE_UTF8_H_
#define MUSTER_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace muster {

// Length of the UTF-8 sequence at the beginning of `text`, 0 when there is none.
size_t Utf8Length(absl::string_view text);
// How many bytes at the beginning of `text` are whole UTF-8 sequences.
size_t Utf8Prefix(absl::string_view text);
// True also for the empty text.
bool IsUtf8(absl::string_view text);
// The text with '?' for each byte that belongs to no such sequence; nothing else is changed.
std::string WithoutBadUtf8(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_BASE_UTF8_H_
