#include "orchestrator/net/connection_budgets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::net {
namespace {

constexpr int64_t kFewest = 256;
// More workers than one orchestrator is made for (docs/performance.md).
constexpr int64_t kMostSessions = 100'000;
constexpr int kAdminSocket = 32;

// What one connection may send: some of the largest requests of its listener at once
// (docs/security.md), and lastingly far more than an honest peer ever does.
constexpr int64_t kBytesAtOnce = 1 << 20;
// A Hello with an unusual journal, and a little. What a worker's connection may send is worked
// through beside everything else; the door is a process of its own with a limit on its memory.
constexpr int64_t kSessionBytesAtOnce = 384 << 10;
constexpr double kBytesPerSecond = 64 << 10;
constexpr int64_t kAdminBytesAtOnce = 64 << 20;
constexpr double kAdminBytesPerSecond = 4 << 20;

// Calls beyond what HTTP/2's own limits allow (orchestrator/app/traffic_limits.h), which gRPC holds
// only those to who acknowledge them. A worker has a stream, a renewal now and then, a health check;
// a machine that comes in one call; an operator's program may make many, one after another.
constexpr int kOpenCalls = 16;
constexpr int kCallsAtOnce = 256;
constexpr double kCallsPerSecond = 20;
constexpr int kSessionCallsAtOnce = 60;
constexpr double kSessionCallsPerSecond = 1;
constexpr int kAdminOpenCalls = 128;
constexpr int kAdminCallsAtOnce = 2000;
constexpr double kAdminCallsPerSecond = 500;
// A worker has one, and those that it lost and that are not known to have ended.
constexpr int kSessionsPerCertificate = 64;

int OrElse(int asked, int64_t otherwise) { return asked > 0 ? asked : static_cast<int>(otherwise); }

GateLimits LimitsFor(int connections, int per_address, int per_subnet,
                     const ConnectionOptions& options) {
  GateLimits limits;
  limits.connections = connections;
  limits.per_address = per_address;
  limits.per_subnet = per_subnet;
  limits.unproven = std::max(16, connections / 2);
  limits.unproven_per_subnet = std::max(8, connections / 8);
  limits.handshakes = std::min(options.handshakes, std::max(8, connections / 4));
  limits.turns_per_second = options.turns_per_second;
  limits.silence = std::min(limits.silence, options.handshake_timeout);
  limits.handshake = options.handshake_timeout + absl::Seconds(1);
  limits.bytes_at_once = kBytesAtOnce;
  limits.bytes_per_second = kBytesPerSecond;
  limits.open_calls = kOpenCalls;
  limits.calls_at_once = kCallsAtOnce;
  limits.calls_per_second = kCallsPerSecond;
  return limits;
}

}  // namespace

absl::StatusOr<ConnectionBudgets> ShareOut(int64_t descriptors, const ConnectionOptions& options) {
  const auto too_few = [&](absl::string_view what) {
    return FailureStatus(
        FailureCode::kSystemDescriptors,
        absl::StrCat("the limit of open files (", descriptors, ") is too low for ", what));
  };
  if (descriptors < kFewest) return too_few(absl::StrCat("an orchestrator: it needs ", kFewest));
  ConnectionBudgets budgets;
  budgets.reserve = std::clamp<int64_t>(descriptors / 8, 96, 1024);
  const int admins = OrElse(options.admins, std::clamp<int64_t>(descriptors / 16, 16, 256));
  const int bootstraps = OrElse(options.bootstraps, std::clamp<int64_t>(descriptors / 8, 32, 1024));
  const int64_t left = descriptors - budgets.reserve - kAdminSocket - admins - bootstraps;
  const int sessions = OrElse(options.sessions, std::min(left, kMostSessions));
  if (sessions > left || sessions < 1) {
    return too_few(absl::StrCat(std::max(sessions, 1), " workers, ", bootstraps, " bootstrap and ",
                                admins, " admin connections beside ",
                                budgets.reserve + kAdminSocket, " of its own"));
  }
  const int per_address = OrElse(options.sessions_per_address, std::max(1, sessions / 2));
  budgets.session =
      LimitsFor(sessions, per_address, OrElse(options.sessions_per_subnet, per_address), options);
  budgets.session.bytes_at_once = kSessionBytesAtOnce;
  budgets.session.calls_at_once = kSessionCallsAtOnce;
  budgets.session.calls_per_second = kSessionCallsPerSecond;
  budgets.session.per_certificate = kSessionsPerCertificate;
  const int bootstraps_of_one = std::max(1, bootstraps / 4);
  budgets.bootstrap = LimitsFor(bootstraps, bootstraps_of_one, bootstraps_of_one, options);
  const int admins_of_one = std::max(1, admins / 2);
  budgets.admin = LimitsFor(admins, admins_of_one, admins_of_one, options);
  budgets.admin.bytes_at_once = kAdminBytesAtOnce;
  budgets.admin.bytes_per_second = kAdminBytesPerSecond;
  budgets.admin.open_calls = kAdminOpenCalls;
  budgets.admin.calls_at_once = kAdminCallsAtOnce;
  budgets.admin.calls_per_second = kAdminCallsPerSecond;
  budgets.admin_socket = LimitsFor(kAdminSocket, kAdminSocket, kAdminSocket, options);
  budgets.admin_socket.bytes_at_once = 0;  // It has no TCP, and who it is for may do anything.
  budgets.admin_socket.open_calls = budgets.admin_socket.calls_at_once = 0;
  // Nobody is unproven there.
  budgets.admin_socket.unproven = budgets.admin_socket.unproven_per_subnet = kAdminSocket;
  budgets.admin_socket.handshakes = kAdminSocket;
  return budgets;
}

}  // namespace muster::net
