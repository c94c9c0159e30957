#include "worker/platform/service_trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/transport_error.h"
#include "base/mutex.h"
#include "base/platform/steady_time.h"
#include "base/status_macros.h"
#include "worker/platform/linux/socket_table.h"
#include "worker/platform/linux/trusted_path.h"

namespace muster::worker {
namespace {

constexpr size_t kLargestServiceFile = 1 << 20;
// Also what the system shows for accounts that this worker's namespace does not have: a zone's word
// is not for all of them.
constexpr uint32_t kNobody = 65534;
constexpr absl::Duration kAccountIsFresh = absl::Seconds(30);

absl::Status NotThere(const absl::Status& status, absl::string_view missing) {
  if (absl::IsNotFound(status) && !FailureCodeOf(status).has_value()) {
    return FailureStatus(FailureCode::kServiceMissing, missing);
  }
  return EnsureCode(status, absl::IsPermissionDenied(status) ? FailureCode::kServiceAccessDenied
                                                             : FailureCode::kServiceConfigBad);
}

class LinuxServiceTrust final : public ServiceTrust {
 public:
  explicit LinuxServiceTrust(ServiceTrustOptions options) : options_(std::move(options)) {}

  void SetZoneAccount(const std::string& account) override {
    MutexLock lock(&zone_mu_);
    zone_account_ = account;
  }

  absl::Status CheckFolder(const std::string& folder) override {
    const auto found = FollowTrustedFolder(folder, Trusted());
    return NotThere(found.status(), absl::StrCat("no folder ", folder,
                                                 "; where the service keeps its data elsewhere, "
                                                 "name that folder with --appdata"));
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
    const auto found = FollowTrustedFile(program, Trusted());
    return NotThere(found.status(), absl::StrCat("no program ", program));
  }

  absl::Status CheckPeer(const http::TcpEnds& ends) override {
    // In this order. If the other end is not accepted when it is looked at, whoever can accept it
    // listens, and did so while the listeners were looked at.
    const auto listening = ListenersFor(ends);
    const auto other = OtherEndOf(ends);
    for (const absl::Status& read : {listening.status(), other.status()}) {
      if (!read.ok()) return EnsureCode(read, FailureCode::kServiceUntrusted);  // Not provable.
    }
    const std::vector<SocketRow>& listeners = *listening;
    const std::optional<SocketRow>& peer = *other;
    const bool waits = peer.has_value() && peer->inode == 0 &&
                       (peer->state == kSocketEstablished || peer->state == kSocketHandshake);
    if (!peer.has_value() || (peer->inode == 0 && !waits) || (waits && listeners.empty())) {
      return http::MakeTransportError(http::TransportError::kReset, false,
                                      "the service closed the connection at once");
    }
    if (!waits) RETURN_IF_ERROR(CheckHolder(*peer, ends));
    for (const SocketRow& listener : listeners) RETURN_IF_ERROR(CheckHolder(listener, ends));
    return absl::OkStatus();
  }

  absl::Status CheckProcess(uint32_t pid, const std::string& what) override {
    struct stat info;
    const std::string process = absl::StrCat("/proc/", pid);
    if (stat(process.c_str(), &info) == 0 && IsTrusted(info.st_uid)) return absl::OkStatus();
    return FailureStatus(FailureCode::kServiceUntrusted,
                         absl::StrCat(what, " belongs to process ", pid,
                                      ", and not to one of root or the service's account"));
  }

 private:
  IsTrustedUid Trusted() {
    return [this](uint32_t uid) { return IsTrusted(uid); };
  }

  bool IsTrusted(uint32_t uid) {
    // Whoever can act as this worker's account can read its memory as well.
    return uid == 0 || uid == geteuid() || IsZoneAccount(uid) ||
           static_cast<int64_t>(uid) == ServiceUid();
  }

  bool IsZoneAccount(uint32_t uid) {
    if (uid == kNobody) return false;
    std::string account;
    {
      MutexLock lock(&zone_mu_);
      account = zone_account_;
    }
    return !account.empty() && static_cast<int64_t>(uid) == UidOf(account);
  }

  // -1: not known.
  int64_t ServiceUid() {
    if (!options_.account.empty()) return UidOf(options_.account);
    if (options_.ask_account == nullptr) return -1;
    MutexLock lock(&mu_);
    if (!asked_.has_value() || SteadyTime() - *asked_ > kAccountIsFresh) {
      const std::string account = options_.ask_account();
      service_uid_ = account.empty() ? -1 : UidOf(account);
      asked_ = SteadyTime();
    }
    return service_uid_;
  }

  absl::Status CheckHolder(const SocketRow& row, const http::TcpEnds& ends) {
    if (IsTrusted(row.uid)) return absl::OkStatus();
    const std::string holder = HolderOf(row.inode);
    return FailureStatus(
        FailureCode::kServiceUntrusted,
        absl::StrCat("what listens at ", ends.remote_address, " port ", ends.remote_port,
                     " belongs to ", AccountText(row.uid), holder.empty() ? "" : ", ", holder,
                     ", and not to root or the service's account"));
  }

  const ServiceTrustOptions options_;
  Mutex mu_;
  std::optional<absl::Duration> asked_ ABSL_GUARDED_BY(mu_);  // Steady time.
  int64_t service_uid_ ABSL_GUARDED_BY(mu_) = -1;
  Mutex zone_mu_;  // Its own: the other is held while the service manager is asked.
  std::string zone_account_ ABSL_GUARDED_BY(zone_mu_);
};

}  // namespace

std::unique_ptr<ServiceTrust> SystemServiceTrust(ServiceTrustOptions options) {
  return std::make_unique<LinuxServiceTrust>(std::move(options));
}

std::string ServiceAccountOf(ProcessRunner& runner, const std::string& unit) {
  ProcessRequest request;
  request.program = "systemctl";
  for (const absl::string_view argument :
       {absl::string_view("show"), absl::string_view("--property=User"),
        absl::string_view("--property=MainPID"), absl::string_view("--"),
        absl::string_view(unit)}) {
    request.arguments.push_back(Secret::CopyOf(argument));
  }
  request.timeout = absl::Seconds(10);
  const absl::StatusOr<ProcessAnswer> answer = runner.Run(request);
  if (!answer.ok() || answer->exit_code != 0) return "";
  std::string user;
  uint32_t pid = 0;
  for (absl::string_view line : absl::StrSplit(answer->output, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::ConsumePrefix(&line, "User=")) {
      user = std::string(line);
    } else if (absl::ConsumePrefix(&line, "MainPID=")) {
      static_cast<void>(absl::SimpleAtoi(line, &pid));
    }
  }
  if (user.empty() || UidOf(user) >= 0) return user;
  // A name that systemd made up for one run: its process tells the number.
  struct stat info;
  const std::string process = absl::StrCat("/proc/", pid);
  return pid > 0 && stat(process.c_str(), &info) == 0 ? absl::StrCat(info.st_uid) : "";
}

std::string HostsFile() { return "/etc/hosts"; }

}  // namespace muster::worker
