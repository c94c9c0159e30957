#include "worker/platform/service_trust.h"

#include <windows.h>
// Behind windows.h, which it needs.
#include <winsvc.h>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/transport_error.h"
#include "base/mutex.h"
#include "base/platform/steady_time.h"
#include "base/platform/windows/access.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"
#include "worker/platform/windows/process_trust.h"
#include "worker/platform/windows/service_handle.h"
#include "worker/platform/windows/socket_table.h"
#include "worker/platform/windows/trusted_path.h"

namespace muster::worker {
namespace {

constexpr size_t kLargestServiceFile = 1 << 20;
constexpr absl::Duration kAccountIsFresh = absl::Seconds(30);

// Groups of strangers: a zone's word, or a service's, is not for all of them.
bool IsEverybodys(const SidText& sid) {
  return sid == "S-1-1-0" || sid == "S-1-5-11" || sid == "S-1-5-32-545" || sid == "S-1-5-32-546" ||
         sid == "S-1-5-7" || sid == "S-1-5-4";
}

absl::Status NotThere(const absl::Status& status, absl::string_view missing) {
  if (absl::IsNotFound(status) && !FailureCodeOf(status).has_value()) {
    return FailureStatus(FailureCode::kServiceMissing, missing);
  }
  return EnsureCode(status, absl::IsPermissionDenied(status) ? FailureCode::kServiceAccessDenied
                                                             : FailureCode::kServiceConfigBad);
}

class WindowsServiceTrust final : public ServiceTrust {
 public:
  explicit WindowsServiceTrust(ServiceTrustOptions options) : options_(std::move(options)) {}

  void SetZoneAccount(const std::string& account) override {
    MutexLock lock(&zone_mu_);
    zone_account_ = account;
  }

  absl::Status CheckFolder(const std::string& folder) override {
    return NotThere(CheckTrustedFolder(folder, Trusted()),
                    absl::StrCat("no folder ", folder,
                                 "; where the service keeps its data elsewhere, name that folder "
                                 "with --appdata"));
  }

  absl::StatusOr<std::optional<std::string>> ReadFile(const std::string& folder,
                                                      const std::string& name) override {
    absl::StatusOr<std::string> text =
        ReadTrustedFile(absl::StrCat(folder, "/", name), kLargestServiceFile, Trusted());
    if (absl::IsNotFound(text.status())) return std::optional<std::string>();
    if (!text.ok()) return NotThere(text.status(), "");
    return std::optional<std::string>(*std::move(text));
  }

  absl::Status CheckProgram(const std::string& program) override {
    return NotThere(CheckTrustedFile(program, Trusted()), absl::StrCat("no program ", program));
  }

  absl::Status CheckPeer(const http::TcpEnds& ends) override {
    const auto holders = HoldersOf(ends);
    if (!holders.ok()) return EnsureCode(holders.status(), FailureCode::kServiceUntrusted);
    const std::string what =
        absl::StrCat("what listens at ", ends.remote_address, " port ", ends.remote_port);
    if (holders->peers.empty() && holders->listeners.empty()) {
      return http::MakeTransportError(http::TransportError::kReset, false,
                                      "the service closed the connection at once");
    }
    for (const std::vector<uint32_t>* pids : {&holders->peers, &holders->listeners}) {
      for (const uint32_t pid : *pids) {
        RETURN_IF_ERROR(CheckTrustedProcess(pid, what, Trusted()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckProcess(uint32_t pid, const std::string& what) override {
    return CheckTrustedProcess(pid, what, Trusted());
  }

 private:
  IsTrustedSid Trusted() {
    return [this](const SidText& sid) { return IsOurs(sid) || IsServices(sid); };
  }

  bool IsServices(const SidText& sid) {
    if (sid.empty() || IsEverybodys(sid)) return false;
    std::string zone_account;
    {
      MutexLock lock(&zone_mu_);
      zone_account = zone_account_;
    }
    return sid == SidOfAccount(zone_account) || sid == ServiceSid();
  }

  SidText ServiceSid() {
    if (!options_.account.empty()) return SidOfAccount(options_.account);
    if (options_.ask_account == nullptr) return "";
    MutexLock lock(&mu_);
    if (!asked_.has_value() || SteadyTime() - *asked_ > kAccountIsFresh) {
      service_sid_ = SidOfAccount(options_.ask_account());
      asked_ = SteadyTime();
    }
    return service_sid_;
  }

  const ServiceTrustOptions options_;
  Mutex mu_;
  std::optional<absl::Duration> asked_ ABSL_GUARDED_BY(mu_);  // Steady time.
  SidText service_sid_ ABSL_GUARDED_BY(mu_);
  Mutex zone_mu_;  // Its own: the other is held while the service manager is asked.
  std::string zone_account_ ABSL_GUARDED_BY(zone_mu_);
};

}  // namespace

std::unique_ptr<ServiceTrust> SystemServiceTrust(ServiceTrustOptions options) {
  return std::make_unique<WindowsServiceTrust>(std::move(options));
}

std::string ServiceAccountOf(ProcessRunner&, const std::string& unit) {
  const auto service = OpenServiceOf(unit, SERVICE_QUERY_CONFIG);
  if (!service.ok()) return "";
  std::vector<uint64_t> buffer(1024);  // 8 KiB: no description is larger.
  auto* const config = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(buffer.data());
  DWORD needed = 0;
  if (!QueryServiceConfigW(service->get(), config,
                           static_cast<DWORD>(buffer.size() * sizeof(uint64_t)), &needed)) {
    return "";
  }
  const std::string account = Narrow(config->lpServiceStartName);
  return absl::EqualsIgnoreCase(account, "LocalSystem") ? "" : account;
}

std::string HostsFile() {
  std::array<wchar_t, MAX_PATH> folder{};
  const UINT size = GetSystemDirectoryW(folder.data(), folder.size());
  return size == 0 || size >= folder.size() ? "" : Narrow(folder.data()) + "\\drivers\\etc\\hosts";
}

}  // namespace muster::worker
