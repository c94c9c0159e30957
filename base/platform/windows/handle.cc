#include "base/platform/windows/handle.h"

#include <windows.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster {

Handle::Handle(void* handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}

Handle::~Handle() {
  if (handle_ != nullptr) CloseHandle(handle_);
}

std::wstring Wide(absl::string_view text) {
  const int size = static_cast<int>(text.size());
  const int needed = MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
  std::wstring wide(static_cast<size_t>(needed), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), needed);
  return wide;
}

std::string Narrow(const wchar_t* text) {
  return text == nullptr ? "" : Narrow(std::wstring(text));
}

std::string Narrow(const std::wstring& text) {
  const int size = static_cast<int>(text.size());
  const int needed =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<size_t>(needed), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, narrow.data(), needed, nullptr, nullptr);
  return narrow;
}

std::string NarrowFrom(uint32_t code_page, absl::string_view bytes) {
  const int size = static_cast<int>(bytes.size());
  const int needed = MultiByteToWideChar(code_page, 0, bytes.data(), size, nullptr, 0);
  std::wstring wide(static_cast<size_t>(needed), L'\0');
  MultiByteToWideChar(code_page, 0, bytes.data(), size, wide.data(), needed);
  return Narrow(wide);
}

std::string WindowsErrorText(uint32_t error) {
  std::array<wchar_t, 512> text{};
  const DWORD size = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                                    nullptr, error, 0, text.data(), text.size() - 1, nullptr);
  const std::string narrow = Narrow(std::wstring(text.data(), size));
  absl::string_view words = absl::StripAsciiWhitespace(narrow);
  if (!words.empty() && words.back() == '.') words.remove_suffix(1);
  return words.empty() ? absl::StrCat("error ", error) : absl::StrCat(words, " (", error, ")");
}

absl::Status WindowsError(uint32_t error, absl::string_view step, const std::string& path) {
  const std::string text = absl::StrCat("cannot ", step, " ", path, ": ", WindowsErrorText(error));
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_NETPATH:
    case ERROR_SERVICE_DOES_NOT_EXIST:
      return absl::NotFoundError(text);
    case ERROR_DIRECTORY:
      return absl::FailedPreconditionError(text);
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
      return absl::AlreadyExistsError(text);
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_PRIVILEGE_NOT_HELD:
      return absl::PermissionDeniedError(text);
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
    case ERROR_TOO_MANY_OPEN_FILES:
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace muster
