// A handle of Windows that is closed with its owner, text in the form that Windows takes, and what
// one of its error numbers means to a caller.
#ifndef MUSTER_BASE_PLATFORM_WINDOWS_HANDLE_H_
#define MUSTER_BASE_PLATFORM_WINDOWS_HANDLE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster {

// Windows says "none" in two ways (null, INVALID_HANDLE_VALUE); both are none here.
class Handle {
 public:
  Handle() = default;
  explicit Handle(void* handle);
  ~Handle();
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  void* get() const { return handle_; }
  bool ok() const { return handle_ != nullptr; }
  void* Release() { return std::exchange(handle_, nullptr); }

 private:
  void* handle_ = nullptr;
};

// UTF-8 to UTF-16 and back. What is not well formed becomes U+FFFD.
std::wstring Wide(absl::string_view text);
std::string Narrow(const wchar_t* text);
std::string Narrow(const std::wstring& text);
// The same from a code page such as the console's.
std::string NarrowFrom(uint32_t code_page, absl::string_view bytes);

// "cannot STEP PATH: REASON" with the code for `error` (GetLastError): NotFound,
// FailedPrecondition (something on the way is no directory), AlreadyExists, PermissionDenied,
// ResourceExhausted (disk, handles, memory), else Unavailable.
absl::Status WindowsError(uint32_t error, absl::string_view step, const std::string& path);
// "access is denied (5)", in the system's language.
std::string WindowsErrorText(uint32_t error);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_WINDOWS_HANDLE_H_
