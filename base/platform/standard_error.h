// Raw writing to standard error, without the C library's lock on the stream.
#ifndef MUSTER_BASE_PLATFORM_STANDARD_ERROR_H_
#define MUSTER_BASE_PLATFORM_STANDARD_ERROR_H_

#include "absl/strings/string_view.h"

namespace muster {

// Blocks for as long as the reader of a pipe does not read. False when the text, or its rest, could
// not be written (closed pipe, full disk).
bool WriteToStandardError(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_STANDARD_ERROR_H_
