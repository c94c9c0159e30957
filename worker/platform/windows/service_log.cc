#include "worker/platform/windows/service_log.h"

#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <array>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/platform/thread_name.h"
#include "base/platform/windows/access.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

// Where C's and C++'s streams write as well; the descriptor belongs to the process from now on.
void TakeStandardError(HANDLE write) {
  // A service has no stream at first.
  if (_fileno(stderr) < 0 && std::freopen("NUL", "w", stderr) == nullptr) return;
  const int descriptor = _open_osfhandle(reinterpret_cast<intptr_t>(write), _O_BINARY);
  if (descriptor < 0) return;
  _dup2(descriptor, _fileno(stderr));
  std::setvbuf(stderr, nullptr, _IONBF, 0);
  SetStdHandle(STD_ERROR_HANDLE, reinterpret_cast<HANDLE>(_get_osfhandle(_fileno(stderr))));
  _close(descriptor);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceLog>> ServiceLog::Open(const std::string& directory,
                                                             uint64_t most_bytes) {
  RETURN_IF_ERROR(EnsureCode(MakePrivateDirectory(directory), FailureCode::kSystemDataDir));
  RETURN_IF_ERROR(EnsureCode(CheckOursAlone(directory), FailureCode::kSystemDataDir));
  HANDLE read = nullptr;
  HANDLE write = nullptr;
  if (!CreatePipe(&read, &write, nullptr, 64 << 10)) {
    return WindowsError(GetLastError(), "make", "a pipe");
  }
  std::unique_ptr<ServiceLog> log(new ServiceLog(directory, most_bytes, Handle(read)));
  RETURN_IF_ERROR(EnsureCode(log->OpenFile(), FailureCode::kSystemDataDir));
  TakeStandardError(write);
  log->thread_ = std::thread([self = log.get()] { self->Copy(); });
  return log;
}

ServiceLog::ServiceLog(std::string directory, uint64_t most_bytes, Handle pipe)
    : directory_(std::move(directory)), most_bytes_(most_bytes), pipe_(std::move(pipe)) {}

ServiceLog::~ServiceLog() {
  if (!thread_.joinable()) return;
  // The last end for writing closes: the thread reads to the end.
  std::fflush(stderr);
  _close(_fileno(stderr));
  thread_.join();
}

absl::Status ServiceLog::OpenFile() {
  const std::string path = directory_ + "/muster-worker.log";
  file_ = Handle();
  WIN32_FILE_ATTRIBUTE_DATA info{};
  size_ = GetFileAttributesExW(Wide(path).c_str(), GetFileExInfoStandard, &info)
              ? uint64_t{info.nFileSizeHigh} << 32 | info.nFileSizeLow
              : 0;
  if (size_ >= most_bytes_) {
    // Where it cannot be moved the file goes on growing rather than lines being lost.
    if (MoveFileExW(Wide(path).c_str(), Wide(directory_ + "/muster-worker.1.log").c_str(),
                    MOVEFILE_REPLACE_EXISTING)) {
      size_ = 0;
    }
  }
  ClosedAccess closed(FileAccess::kOwnerOnly);
  file_ = Handle(CreateFileW(Wide(path).c_str(), FILE_APPEND_DATA,
                             FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                             static_cast<SECURITY_ATTRIBUTES*>(closed.attributes()), OPEN_ALWAYS,
                             FILE_ATTRIBUTE_NORMAL, nullptr));
  return file_.ok() ? absl::OkStatus() : WindowsError(GetLastError(), "open", path);
}

void ServiceLog::Copy() {
  SetThreadName("service log");
  std::array<char, 8192> part;
  std::string lines;
  DWORD size = 0;
  while (ReadFile(pipe_.get(), part.data(), part.size(), &size, nullptr)) {
    lines.append(part.data(), size);
    const size_t end = lines.rfind('\n');
    if (end == std::string::npos) continue;
    Write(absl::string_view(lines).substr(0, end + 1));
    lines.erase(0, end + 1);
  }
  if (!lines.empty()) Write(lines + "\n");
}

void ServiceLog::Write(absl::string_view lines) {
  for (const absl::string_view line : absl::StrSplit(lines, '\n')) {
    events_.TakeLine(absl::StripAsciiWhitespace(line));
  }
  DWORD written = 0;
  WriteFile(file_.get(), lines.data(), static_cast<DWORD>(lines.size()), &written, nullptr);
  size_ += written;
  if (size_ >= most_bytes_) static_cast<void>(OpenFile());
}

}  // namespace muster::worker
