#include "tests/doubles/hub/hub_core.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

constexpr char kIssuer[] = "muster-sim-hub";
constexpr size_t kMaxBodyWithCredentials = 64 << 10;

}  // namespace

std::optional<HubProfile> ParseHubProfile(absl::string_view name) {
  for (const HubProfile profile :
       {HubProfile::kHub2025, HubProfile::kHub2026, HubProfile::kHub2026s}) {
    if (HubProfileName(profile) == name) return profile;
  }
  return std::nullopt;
}

absl::string_view HubProfileName(HubProfile profile) {
  switch (profile) {
    case HubProfile::kHub2025:
      return "hub2025";
    case HubProfile::kHub2026:
      return "hub2026";
    case HubProfile::kHub2026s:
      return "hub2026s";
  }
  return "";
}

HubCore::HubCore(HubOptions hub_options)
    : options(std::move(hub_options)),
      instances(options, levers),
      instance_id(NewGuid()),
      jwt_key(RandomBytes(32)) {
  access.Seed(options.admin_user, options.admin_password, options.client_id, options.secret, Now());
  for (const HubKey& key : options.keys) access.AddKey(key.client_id, key.secret, key.role, Now());
  EnsureOwnInstance();
  AddAuthRoutes(*this);
  AddJoinRoutes(*this);
  AddInstanceRoutes(*this);
  AddAccessRoutes(*this);
  AddTagRoutes(*this);
}

Response HubCore::Refuse(absl::string_view detail) {
  ++counters.refused_401;
  if (Is2025()) return StatusResponse(401);
  return ProblemResponse(401, levers.legacy_auth_detail ? detail : "");
}

HubCore::Authentication HubCore::Authenticate(const Request& request, bool internal) {
  std::string client_id = request.Header("X-Client-ID");
  std::string secret = request.Header("X-Client-Secret");
  if (client_id.empty() && (request.method == "POST" || request.method == "PUT") &&
      request.body.size() < kMaxBodyWithCredentials) {
    if (const std::optional<Json> body = ParseJson(request.body)) {
      client_id = JsonText(*body, "AuthKey");
      secret = JsonText(*body, "AuthSecret");
    }
  }
  Authentication result;
  std::string why = "X-Client-ID or X-Client-Secret HTTP header missing in request";
  if (const std::string bearer = BearerOf(request); !bearer.empty()) {
    const std::optional<Json> claims = CheckJwt(bearer);
    if (claims && JsonText(*claims, "hub-assigned-id").empty()) {
      result.caller = access.ByPrincipal(JsonText(*claims, "sid"));
    }
  } else if (!client_id.empty() && !secret.empty() && !(internal && Is2025())) {
    result.caller = access.ByToken(client_id, secret, Now(), why);
  }
  if (!result.caller) result.refusal = Refuse(why);
  return result;
}

HubCore::Authentication HubCore::Authorize(const Request& request, absl::string_view action,
                                           bool internal) {
  Authentication result = Authenticate(request, internal);
  if (!result.caller || access.Allowed(*result.caller, action)) return result;
  ++counters.refused_401;
  result.caller.reset();
  result.refusal =
      Is2025() && internal
          ? StatusResponse(401)
          : ProblemResponse(401, levers.legacy_auth_detail
                                     ? "Access token not authorized or invalid for action, "
                                       "resource or identifier"
                                     : absl::StrCat("Not authorized to perform ", action));
  return result;
}

std::optional<Response> HubCore::TakePermit(const Request& request, const std::string& policy,
                                            int limit) {
  if (Is2025() || !levers.rate_limits) return std::nullopt;
  const std::string source = request.Header("X-Sim-Source");
  const std::optional<absl::Duration> wait =
      limiter.Take(policy, source.empty() ? request.peer : source, limit, Now());
  if (!wait) return std::nullopt;
  ++counters.refused_429;
  Response response = levers.rate_limit_body ? ProblemResponse(429, "") : StatusResponse(429);
  if (levers.rate_limit_retry_after) {
    response.headers.emplace_back("Retry-After", absl::StrCat(absl::ToInt64Seconds(*wait)));
  }
  return response;
}

Json HubCore::BaseClaims(absl::Duration lifetime) {
  Json claims;
  claims["iss"] = kIssuer;
  claims["iat"] = absl::ToUnixSeconds(Now());
  claims["nbf"] = absl::ToUnixSeconds(Now());
  claims["exp"] = absl::ToUnixSeconds(Now() + lifetime);
  claims["serial"] = ++jwt_serial_;
  return claims;
}

std::string HubCore::MakeAccessToken(const std::string& principal_id) {
  Json claims = BaseClaims(options.access_token_lifetime);
  claims["sid"] = principal_id;
  return MakeJwt(claims, jwt_key);
}

std::string HubCore::MakeJoiningToken(const std::string& client_id, const std::string& assigned_id,
                                      const std::string& name) {
  Json claims = BaseClaims(options.joining_token_lifetime);
  claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/sid"] = client_id;
  claims["hub-assigned-id"] = assigned_id;
  claims["name"] = name;
  if (IsSigned()) claims["purpose"] = "managed-instance-joining";
  return MakeJwt(claims, jwt_key);
}

std::optional<Json> HubCore::CheckJwt(absl::string_view token) const {
  std::optional<Json> claims = ReadJwt(token, jwt_key);
  if (!claims || JsonNumber(*claims, "serial") <= static_cast<double>(jwts_from_)) {
    return std::nullopt;
  }
  const auto expiry = static_cast<int64_t>(JsonNumber(*claims, "exp"));
  if (absl::FromUnixSeconds(expiry) <= Now()) return std::nullopt;
  return claims;
}

InstanceRecord& HubCore::CreateInstance(const std::string& id, absl::string_view title) {
  InstanceRecord& record = instances.Create(id, title, Now());
  Principal principal;
  principal.id = record.security_principal_id;
  principal.title = std::string(title);
  principal.type = 4;
  principal.external_identifier = record.id;
  access.AddPrincipal(principal);
  return record;
}

bool HubCore::RemoveInstance(const std::string& id) {
  const InstanceRecord* const record = instances.Find(id);
  if (record == nullptr) return false;
  access.RemovePrincipal(record->security_principal_id);
  tags.RemoveItem(record->id);
  return instances.Remove(id);
}

void HubCore::EnsureOwnInstance() {
  if (instances.Find(instance_id) != nullptr) return;
  InstanceRecord& own = instances.Create(instance_id, options.title, Now());
  own.listed_from = absl::InfinitePast();
  own.internal_instance_id = NewGuid();
  own.os = "Linux";
  own.os_version = "6.1.0";
  own.client_name = "Certify Management Hub";
  own.client_version = options.version;
  own.pending = false;
  own.always_connected = true;
}

bool HubCore::Visible(const Caller& caller, const InstanceRecord& record) const {
  if (!levers.narrow_by_scope.value_or(IsSigned())) return true;
  for (const AssignedRole& role : caller.roles) {
    if (tags.InScope(record.id, role.scoped_tags, false, false)) return true;
  }
  return false;
}

void HubCore::Restart() {
  instances.DropConnections();
  refresh_tokens.clear();
  limiter.Reset();
}

Json HubCore::VersionJson() const {
  return {{"version", options.version}, {"product", "Certify Management Hub"}};
}

const AccessToken* HubCore::JoiningKey() const {
  for (const AssignedToken& token : access.tokens) {
    if (token.principal_id == kJoinPrincipal && !token.tokens.empty()) return &token.tokens.front();
  }
  return nullptr;
}

Json ActionResult(bool success, absl::string_view message, Json result) {
  Json json;
  json["isSuccess"] = success;
  json["isWarning"] = false;
  json["message"] = std::string(message);
  json["result"] = std::move(result);
  return json;
}

Response JsonOrNoContent(const Json& body) {
  return body.is_null() ? StatusResponse(204) : JsonResponse(body, true);
}

std::string BearerOf(const Request& request) {
  const std::string authorization = request.Header("Authorization");
  absl::string_view token = authorization;
  if (!absl::StartsWithIgnoreCase(token, "Bearer ")) return "";
  return std::string(token.substr(7));
}

}  // namespace muster::doubles
