#include "worker/platform/windows/process_trust.h"

#include <windows.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/windows/handle.h"
#include "base/redact.h"
#include "base/status_macros.h"
#include "worker/platform/windows/trusted_path.h"

namespace muster::worker {
namespace {

constexpr uint32_t kKernel = 4;

std::string ProgramOf(const Handle& process) {
  std::vector<wchar_t> path(32768);
  DWORD size = static_cast<DWORD>(path.size());
  return QueryFullProcessImageNameW(process.get(), 0, path.data(), &size)
             ? Narrow(std::wstring(path.data(), size))
             : "";
}

}  // namespace

absl::Status CheckTrustedProcess(uint32_t pid, const std::string& what,
                                 const IsTrustedSid& trusted) {
  if (pid == kKernel) return absl::OkStatus();
  const Handle process(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid));
  if (!process.ok()) {
    return FailureStatus(
        FailureCode::kServiceUntrusted,
        absl::StrCat(what, " belongs to process ", pid,
                     ", which this worker may not look at: ", WindowsErrorText(GetLastError())));
  }
  const SidText sid = SidOfProcess(process.get());
  const std::string program = ProgramOf(process);
  if (!trusted(sid)) {
    return FailureStatus(
        FailureCode::kServiceUntrusted,
        absl::StrCat(what, " belongs to ", AccountText(sid), ", process ", pid, " (",
                     CleanLine(program), "), and not to LocalSystem or the service's account"));
  }
  if (program.empty()) {
    return FailureStatus(
        FailureCode::kServiceUntrusted,
        absl::StrCat(what, " belongs to process ", pid, ", whose program Windows does not name"));
  }
  const absl::Status file = CheckTrustedFile(program, trusted);
  if (file.ok()) return file;
  return EnsureCode(Annotate(file, what), FailureCode::kServiceUntrusted);
}

}  // namespace muster::worker
