// The service control manager: opening services, and waiting for what they do.
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_HANDLE_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_HANDLE_H_

#include <windows.h>
// Behind windows.h, which it needs.
#include <winsvc.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::worker {

struct CloseService {
  void operator()(SC_HANDLE handle) const { CloseServiceHandle(handle); }
};
using ServiceHandle = std::unique_ptr<std::remove_pointer_t<SC_HANDLE>, CloseService>;

absl::StatusOr<ServiceHandle> OpenManager(DWORD rights);
// NotFound: there is no such service.
absl::StatusOr<ServiceHandle> OpenServiceOf(const std::string& name, DWORD rights);
absl::StatusOr<SERVICE_STATUS_PROCESS> StateOf(SC_HANDLE service, const std::string& name);
// Names of running services that need this one, those that need others first.
absl::StatusOr<std::vector<std::string>> RunningDependents(SC_HANDLE service,
                                                           const std::string& name);
// Start, or stop, and wait until it is so. OK when it is so already.
absl::Status StartAndAwait(SC_HANDLE service, const std::string& name, absl::Duration patience);
absl::Status StopAndAwait(SC_HANDLE service, const std::string& name, absl::Duration patience);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_HANDLE_H_
