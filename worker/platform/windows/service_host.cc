#include "worker/platform/service_host.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"
#include "base/platform/windows/stop_requests.h"
#include "base/status_macros.h"
#include "worker/platform/windows/event_log.h"
#include "worker/platform/windows/service_handle.h"
#include "worker/platform/windows/service_log.h"

namespace muster::worker {
namespace {

constexpr char kServiceName[] = "muster-worker";
constexpr wchar_t kDisplayName[] = L"Muster Worker";
constexpr wchar_t kDescription[] =
    L"Joins this server's Certify service to its hub when the provider's orchestrator says so.";
constexpr absl::Duration kPatience = absl::Seconds(60);
// A worker that cannot start says so within this time; one that lives longer is running.
constexpr DWORD kStartsWithinMs = 1500;
constexpr DWORD kStopTakesMs = 30'000;
constexpr DWORD kForgetFailuresAfterSeconds = 24 * 60 * 60;

std::string ProgramPath() {
  std::vector<wchar_t> path(32768);
  const DWORD size = GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  return Narrow(std::wstring(path.data(), size));
}

std::wstring CommandLineOf(const std::vector<std::string>& arguments) {
  std::string line = absl::StrCat("\"", ProgramPath(), "\" service run");
  for (const std::string& argument : arguments) {
    std::string end;  // A backslash before the last quote would take it away.
    if (!argument.empty() && argument.back() == '\\') end = "\\";
    absl::StrAppend(&line, " \"", argument, end, "\"");
  }
  return Wide(line);
}

absl::Status Configured(BOOL done) {
  return done ? absl::OkStatus() : WindowsError(GetLastError(), "configure", "the service");
}

// What the manager does when it starts and fails; as the unit of systemd says it for Linux.
absl::Status Describe(SC_HANDLE service) {
  std::wstring text = kDescription;
  SERVICE_DESCRIPTIONW description{text.data()};
  RETURN_IF_ERROR(
      Configured(ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description)));
  SERVICE_DELAYED_AUTO_START_INFO delayed{TRUE};
  RETURN_IF_ERROR(
      Configured(ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed)));
  SC_ACTION restarts[] = {
      {SC_ACTION_RESTART, 5'000}, {SC_ACTION_RESTART, 30'000}, {SC_ACTION_RESTART, 60'000}};
  SERVICE_FAILURE_ACTIONSW failures{};
  failures.dwResetPeriod = kForgetFailuresAfterSeconds;
  failures.cActions = 3;
  failures.lpsaActions = restarts;
  RETURN_IF_ERROR(
      Configured(ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failures)));
  SERVICE_FAILURE_ACTIONS_FLAG also_with_a_code{TRUE};
  return Configured(
      ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_with_a_code));
}

// The one service of this process, between its manager and its work.
class Running {
 public:
  Running(std::string log_directory, std::function<int()> run)
      : log_directory_(std::move(log_directory)), run_(std::move(run)) {}

  void Serve() {
    handle_ = RegisterServiceCtrlHandlerExW(Wide(kServiceName).c_str(), OnControl, this);
    if (handle_ == nullptr) return;
    Tell(SERVICE_START_PENDING, kStopTakesMs);
    auto log = ServiceLog::Open(log_directory_);
    if (!log.ok()) {
      EventLog().TakeLine(log.status().message());
      exit_code_ = 1;
    } else {
      const Handle ended(CreateEventW(nullptr, TRUE, FALSE, nullptr));
      std::thread work([&] {
        exit_code_ = run_();
        SetEvent(ended.get());
      });
      if (WaitForSingleObject(ended.get(), kStartsWithinMs) == WAIT_TIMEOUT) {
        Tell(stopping_ ? SERVICE_STOP_PENDING : SERVICE_RUNNING, 0);
      }
      work.join();
      log->reset();  // All is written before the manager takes the process for ended.
    }
    Tell(SERVICE_STOPPED, 0);
  }
  int exit_code() const { return exit_code_; }

 private:
  static DWORD WINAPI OnControl(DWORD control, DWORD, void*, void* self) {
    return static_cast<Running*>(self)->Control(control);
  }
  DWORD Control(DWORD control) {
    switch (control) {
      case SERVICE_CONTROL_STOP:
      case SERVICE_CONTROL_SHUTDOWN:
        stopping_ = true;
        Tell(SERVICE_STOP_PENDING, kStopTakesMs);
        RequestStop();
        return NO_ERROR;
      case SERVICE_CONTROL_PARAMCHANGE:
        RequestReload();
        return NO_ERROR;
      case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
      default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
  }
  void Tell(DWORD state, DWORD hint_ms) {
    SERVICE_STATUS status{};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    if (state == SERVICE_RUNNING) {
      status.dwControlsAccepted =
          SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
    }
    status.dwWaitHint = hint_ms;
    if (state == SERVICE_STOPPED && exit_code_ != 0) {
      status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
      status.dwServiceSpecificExitCode = static_cast<DWORD>(exit_code_);
    }
    SetServiceStatus(handle_, &status);
  }

  const std::string log_directory_;
  const std::function<int()> run_;
  SERVICE_STATUS_HANDLE handle_ = nullptr;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> exit_code_ = 0;
};

Running* g_running = nullptr;  // The manager's entry point takes nothing of ours.

void WINAPI ServiceMain(DWORD, LPWSTR*) { g_running->Serve(); }

class WindowsServiceHost final : public ServiceHost {
 public:
  absl::Status Install(const std::vector<std::string>& arguments) override {
    ASSIGN_OR_RETURN(const ServiceHandle manager,
                     OpenManager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
    const std::wstring name = Wide(kServiceName);
    const std::wstring line = CommandLineOf(arguments);
    ServiceHandle service(CreateServiceW(manager.get(), name.c_str(), kDisplayName,
                                         SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                         SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line.c_str(),
                                         nullptr, nullptr, nullptr, nullptr, nullptr));
    if (service == nullptr && GetLastError() == ERROR_SERVICE_EXISTS) {
      ASSIGN_OR_RETURN(service, OpenServiceOf(kServiceName, SERVICE_ALL_ACCESS));
      // Null: as it is registered. An upgrade knows no flags and takes none away.
      RETURN_IF_ERROR(Configured(
          ChangeServiceConfigW(service.get(), SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                               SERVICE_ERROR_NORMAL, arguments.empty() ? nullptr : line.c_str(),
                               nullptr, nullptr, nullptr, nullptr, nullptr, kDisplayName)));
    } else if (service == nullptr) {
      return WindowsError(GetLastError(), "register", "the service muster-worker");
    }
    RETURN_IF_ERROR(Describe(service.get()));
    return AddEventSource(ProgramPath());
  }

  absl::Status Uninstall() override {
    const auto service = OpenServiceOf(kServiceName, SERVICE_ALL_ACCESS);
    RemoveEventSource();
    if (absl::IsNotFound(service.status())) return absl::OkStatus();
    RETURN_IF_ERROR(service.status());
    RETURN_IF_ERROR(StopAndAwait(service->get(), kServiceName, kPatience));
    if (DeleteService(service->get()) || GetLastError() == ERROR_SERVICE_MARKED_FOR_DELETE) {
      return absl::OkStatus();
    }
    return WindowsError(GetLastError(), "delete", "the service muster-worker");
  }

  absl::Status Start() override {
    ASSIGN_OR_RETURN(const ServiceHandle service,
                     OpenServiceOf(kServiceName, SERVICE_START | SERVICE_QUERY_STATUS));
    return StartAndAwait(service.get(), kServiceName, kPatience);
  }

  absl::Status Stop() override {
    ASSIGN_OR_RETURN(const ServiceHandle service,
                     OpenServiceOf(kServiceName, SERVICE_STOP | SERVICE_QUERY_STATUS));
    return StopAndAwait(service.get(), kServiceName, kPatience);
  }

  absl::StatusOr<std::string> State() override {
    const auto service = OpenServiceOf(kServiceName, SERVICE_QUERY_STATUS);
    if (absl::IsNotFound(service.status())) return "not installed";
    RETURN_IF_ERROR(service.status());
    ASSIGN_OR_RETURN(const SERVICE_STATUS_PROCESS state, StateOf(service->get(), kServiceName));
    switch (state.dwCurrentState) {
      case SERVICE_RUNNING:
        return "running";
      case SERVICE_STOPPED:
        return state.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR
                   ? absl::StrCat("stopped, exit code ", state.dwServiceSpecificExitCode)
                   : "stopped";
      case SERVICE_START_PENDING:
        return "starting";
      case SERVICE_STOP_PENDING:
        return "stopping";
      default:
        return "paused";
    }
  }

  absl::StatusOr<int> RunAsService(const std::string& log_directory,
                                   const std::function<int()>& run) override {
    Running running(log_directory, run);
    g_running = &running;
    std::wstring name = Wide(kServiceName);
    SERVICE_TABLE_ENTRYW table[] = {{name.data(), ServiceMain}, {nullptr, nullptr}};
    if (StartServiceCtrlDispatcherW(table)) return running.exit_code();
    if (GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
      return absl::UnavailableError(
          "'service run' is for the service manager; by hand it is 'muster-worker run'");
    }
    return WindowsError(GetLastError(), "run", "the service muster-worker");
  }
};

}  // namespace

std::unique_ptr<ServiceHost> SystemServiceHost() { return std::make_unique<WindowsServiceHost>(); }

}  // namespace muster::worker
