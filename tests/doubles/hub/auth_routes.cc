// Login, refresh, version, health and hub info (certify.md 4.2 and 4.5, rows H-1, H-11).
#include <utility>

#include "tests/doubles/http/signing.h"
#include "tests/doubles/hub/hub_core.h"

namespace muster::doubles {
namespace {

Json RoleStatus(const HubCore& hub, const std::string& principal_id) {
  Json assigned = Json::array();
  for (const AssignedRole& role : hub.access.AssignmentsOf(principal_id)) {
    assigned.push_back(
        {{"id", role.id}, {"roleId", role.role_id}, {"securityPrincipalId", principal_id}});
  }
  return {{"assignedRoles", std::move(assigned)},
          {"roles", Json::array()},
          {"policies", Json::array()},
          {"action", Json::array()}};
}

Response LoggedIn(HubCore& hub, const Principal& principal) {
  const std::string refresh = RandomBase64(48);
  hub.refresh_tokens[refresh] = {principal.id, hub.Now() + hub.options.refresh_token_lifetime};
  Json body;
  if (!hub.Is2025()) body["isSuccess"] = true;
  body["detail"] = "OK";
  body["accessToken"] = hub.MakeAccessToken(principal.id);
  body["refreshToken"] = refresh;
  body[hub.Is2025() ? "securityPrinciple" : "securityPrincipal"] = {
      {"id", principal.id},
      {"username", principal.username},
      {"principalType", principal.type},
      {"title", principal.title}};
  body["roleStatus"] = RoleStatus(hub, principal.id);
  return JsonResponse(body, true);
}

Response Login(HubCore& hub, const Request& request) {
  ++hub.counters.logins;
  if (std::optional<Response> refused =
          hub.TakePermit(request, "hub-auth", hub.options.auth_limit)) {
    return *refused;
  }
  const std::optional<Json> body = ParseJson(request.body);
  if (!body || !body->is_object()) {
    return ProblemResponse(400, "", "One or more validation errors occurred.");
  }
  if (hub.levers.password_login_disabled) {
    ++hub.counters.refused_401;
    return ProblemResponse(
        401,
        "Username and password sign in is disabled for this hub. Sign in using a "
        "configured single sign on provider.",
        "Login Failed");
  }
  const Principal* const principal =
      hub.access.ByPassword(JsonText(*body, "username"), JsonText(*body, "password"));
  if (principal == nullptr) {
    ++hub.counters.refused_401;
    return ProblemResponse(401, "Invalid username or password", "Login Failed");
  }
  return LoggedIn(hub, *principal);
}

Response Refresh(HubCore& hub, const Request& request) {
  ++hub.counters.refreshes;
  if (std::optional<Response> refused =
          hub.TakePermit(request, "hub-token-refresh", hub.options.refresh_limit)) {
    return *refused;
  }
  const auto token = hub.refresh_tokens.find(request.Query("refreshToken"));
  if (token == hub.refresh_tokens.end()) {
    ++hub.counters.refused_401;
    return StatusResponse(401);
  }
  const HubCore::RefreshToken used = token->second;
  hub.refresh_tokens.erase(token);
  const auto principal = hub.access.principals.find(used.principal_id);
  if (used.expiry <= hub.Now() || principal == hub.access.principals.end()) {
    ++hub.counters.refused_401;
    return StatusResponse(401);
  }
  return LoggedIn(hub, principal->second);
}

Response Health(const HubCore& hub) {
  const bool down = hub.levers.data_store_down;
  const bool degraded = down || hub.levers.health_degraded;
  Json body;
  body["status"] = degraded ? "Degraded" : "OK";
  if (!hub.Is2025()) body["detail"] = degraded ? Json("A dependency is not available.") : Json("");
  body["version"] = hub.options.version;
  body["serviceAvailable"] = true;
  if (!hub.Is2025()) {
    body["isDataStoreAvailable"] = !down;
    body["env"] = nullptr;
  }
  return JsonResponse(body, true);
}

}  // namespace

void AddAuthRoutes(HubCore& hub) {
  Router& router = hub.router;
  router.AddSimple("POST", "api/v1/auth/login",
                   [&hub](const Request& request) { return Login(hub, request); });
  router.AddSimple("POST", "api/v1/auth/refresh",
                   [&hub](const Request& request) { return Refresh(hub, request); });
  router.AddSimple("GET", "api/v1/auth/status", [&hub](const Request& request) {
    HubCore::Authentication caller = hub.Authenticate(request, false);
    return caller.caller ? StatusResponse(200) : std::move(caller.refusal);
  });
  router.AddSimple("GET", "api/v1/system/version",
                   [&hub](const Request&) { return JsonResponse(hub.VersionJson(), true); });
  router.AddSimple("GET", "api/v1/system/health", [&hub](const Request&) { return Health(hub); });
  for (const char* path : {"health", "alive"}) {
    router.AddSimple("GET", path, [](const Request&) { return TextResponse("Healthy"); });
  }
  router.AddSimple("GET", "internal/v1/hub/info", [&hub](const Request&) {
    return JsonResponse({{"instanceId", hub.instance_id},
                         {"version", hub.VersionJson()},
                         {"isLicensed", hub.options.licensed}},
                        true);
  });
}

}  // namespace muster::doubles
