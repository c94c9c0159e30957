// HubCore is all state of a hub double and what its routes share. It lives on the hub's loop; tests
// reach it through HubDouble::With.
#ifndef MUSTER_TESTS_DOUBLES_HUB_HUB_CORE_H_
#define MUSTER_TESTS_DOUBLES_HUB_HUB_CORE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tests/doubles/http/fault_rules.h"
#include "tests/doubles/http/router.h"
#include "tests/doubles/hub/access_store.h"
#include "tests/doubles/hub/hub_options.h"
#include "tests/doubles/hub/instance_table.h"
#include "tests/doubles/hub/rate_limiter.h"
#include "tests/doubles/hub/tag_store.h"

namespace muster::doubles {

class HubCore {
 public:
  // `options.clock` is set.
  explicit HubCore(HubOptions options);
  HubCore(const HubCore&) = delete;
  HubCore& operator=(const HubCore&) = delete;

  absl::Time Now() const { return options.clock->Now() + levers.skew; }
  bool Is2025() const { return options.profile == HubProfile::kHub2025; }
  bool IsSigned() const { return options.profile == HubProfile::kHub2026s; }

  // Who calls, by token headers, AuthKey/AuthSecret of the body, or bearer. Otherwise the 401 to
  // answer. `internal` routes of profile 2025 take bearers only.
  struct Authentication {
    std::optional<Caller> caller;
    Response refusal;
  };
  Authentication Authenticate(const Request& request, bool internal);
  // The same, and `action` granted.
  Authentication Authorize(const Request& request, absl::string_view action, bool internal);

  // The 429 to answer when `policy` has no permit left for the caller's address, which the header
  // X-Sim-Source replaces.
  std::optional<Response> TakePermit(const Request& request, const std::string& policy, int limit);

  // A signed token for `principal_id` as login makes it.
  std::string MakeAccessToken(const std::string& principal_id);
  std::string MakeJoiningToken(const std::string& client_id, const std::string& instance_id,
                               const std::string& name);

  // What a new record costs: the record and its principal (certify.md 3.2).
  InstanceRecord& CreateInstance(const std::string& id, absl::string_view title);
  bool RemoveInstance(const std::string& id);
  // The hub's own instance is always there.
  void EnsureOwnInstance();
  // May `caller` see the record, by the tags that its roles are narrowed to?
  bool Visible(const Caller& caller, const InstanceRecord& record) const;

  // As a restart of the hub's process: connections and refresh tokens are gone, records stay.
  void Restart();
  // Access and joining tokens made until now are no longer taken.
  void ExpireJwts() { jwts_from_ = ++jwt_serial_; }

  Json VersionJson() const;
  // The joining key that the hub hands out with a rejoin command.
  const AccessToken* JoiningKey() const;

  const HubOptions options;
  HubLevers levers;
  HubCounters counters;
  AccessStore access;
  InstanceTable instances;
  TagStore tags;
  RateLimiter limiter;
  FaultRules faults;
  Router router;
  std::string instance_id;  // of the hub itself
  std::string jwt_key;
  struct RefreshToken {
    std::string principal_id;
    absl::Time expiry;
  };
  std::map<std::string, RefreshToken> refresh_tokens;

  // Claims of a token of ours that is neither expired nor called in; nullopt otherwise.
  std::optional<Json> CheckJwt(absl::string_view token) const;

 private:
  Json BaseClaims(absl::Duration lifetime);
  Response Refuse(absl::string_view detail);

  int64_t jwt_serial_ = 0;
  int64_t jwts_from_ = 0;
};

// {"isSuccess","isWarning","message","result"}
Json ActionResult(bool success, absl::string_view message, Json result = nullptr);
// 204 without a body for null, else 200 (row H-12).
Response JsonOrNoContent(const Json& body);
// The bearer token of a request, empty when there is none.
std::string BearerOf(const Request& request);

// The routes, one file each.
void AddAuthRoutes(HubCore& hub);
void AddJoinRoutes(HubCore& hub);
void AddInstanceRoutes(HubCore& hub);
void AddAccessRoutes(HubCore& hub);
void AddTagRoutes(HubCore& hub);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_HUB_CORE_H_
