#include "worker/platform/windows/service_handle.h"

#include "absl/strings/str_cat.h"
#include "base/platform/steady_time.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr DWORD kLookMs = 100;

absl::Status AwaitState(SC_HANDLE service, const std::string& name, DWORD wanted,
                        absl::Duration patience) {
  const absl::Duration deadline = SteadyTime() + patience;
  while (true) {
    ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS state, StateOf(service, name));
    if (state.dwCurrentState == wanted) return absl::OkStatus();
    if (wanted == SERVICE_RUNNING && state.dwCurrentState == SERVICE_STOPPED) {
      const DWORD code = state.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR
                             ? state.dwServiceSpecificExitCode
                             : state.dwWin32ExitCode;
      return absl::FailedPreconditionError(
          absl::StrCat("the service ", name, " ended at once, with ", code));
    }
    if (SteadyTime() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the service ", name, " is not ", wanted == SERVICE_RUNNING ? "running" : "stopped",
          " after ", absl::FormatDuration(patience)));
    }
    Sleep(kLookMs);
  }
}

}  // namespace

absl::StatusOr<ServiceHandle> OpenManager(DWORD rights) {
  ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, rights));
  if (manager == nullptr) return WindowsError(GetLastError(), "open", "the service manager");
  return manager;
}

absl::StatusOr<ServiceHandle> OpenServiceOf(const std::string& name, DWORD rights) {
  ASSIGN_OR_RETURN(const ServiceHandle manager, OpenManager(SC_MANAGER_CONNECT));
  ServiceHandle service(OpenServiceW(manager.get(), Wide(name).c_str(), rights));
  if (service == nullptr) {
    return WindowsError(GetLastError(), "open", absl::StrCat("the service ", name));
  }
  return service;
}

absl::StatusOr<SERVICE_STATUS_PROCESS> StateOf(SC_HANDLE service, const std::string& name) {
  SERVICE_STATUS_PROCESS state{};
  DWORD size = 0;
  if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&state),
                            sizeof(state), &size)) {
    return WindowsError(GetLastError(), "ask for", absl::StrCat("the service ", name));
  }
  return state;
}

absl::StatusOr<std::vector<std::string>> RunningDependents(SC_HANDLE service,
                                                           const std::string& name) {
  DWORD size = 0;
  DWORD count = 0;
  std::vector<std::string> names;
  if (EnumDependentServicesW(service, SERVICE_ACTIVE, nullptr, 0, &size, &count)) return names;
  if (GetLastError() != ERROR_MORE_DATA) {
    return WindowsError(GetLastError(), "ask what needs", absl::StrCat("the service ", name));
  }
  std::vector<uint64_t> buffer(size / sizeof(uint64_t) + 1);
  auto* const rows = reinterpret_cast<ENUM_SERVICE_STATUSW*>(buffer.data());
  if (!EnumDependentServicesW(service, SERVICE_ACTIVE, rows, size, &size, &count)) {
    return WindowsError(GetLastError(), "ask what needs", absl::StrCat("the service ", name));
  }
  for (DWORD i = 0; i < count; ++i) names.push_back(Narrow(rows[i].lpServiceName));
  return names;
}

absl::Status StartAndAwait(SC_HANDLE service, const std::string& name, absl::Duration patience) {
  if (!StartServiceW(service, 0, nullptr) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) {
    return WindowsError(GetLastError(), "start", absl::StrCat("the service ", name));
  }
  return AwaitState(service, name, SERVICE_RUNNING, patience);
}

absl::Status StopAndAwait(SC_HANDLE service, const std::string& name, absl::Duration patience) {
  SERVICE_STATUS state{};
  if (!ControlService(service, SERVICE_CONTROL_STOP, &state)) {
    const DWORD error = GetLastError();
    if (error == ERROR_SERVICE_NOT_ACTIVE) return absl::OkStatus();
    // It starts or stops already: then it is waited for.
    if (error != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
      return WindowsError(error, "stop", absl::StrCat("the service ", name));
    }
  }
  return AwaitState(service, name, SERVICE_STOPPED, patience);
}

}  // namespace muster::worker
