#include "base/platform/standard_error.h"

#include <windows.h>

#include <algorithm>

namespace muster {

bool WriteToStandardError(absl::string_view text) {
  const HANDLE error = GetStdHandle(STD_ERROR_HANDLE);
  if (error == nullptr || error == INVALID_HANDLE_VALUE) return false;
  while (!text.empty()) {
    DWORD written = 0;
    const DWORD size = static_cast<DWORD>(std::min<size_t>(text.size(), 1 << 16));
    if (!WriteFile(error, text.data(), size, &written, nullptr)) return false;
    text.remove_prefix(written);
  }
  return true;
}

}  // namespace muster
