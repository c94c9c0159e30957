// Principals, roles and tokens (certify.md 5, rows H-1, H-3, H-8, H-9).
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/hub/hub_core.h"

namespace muster::doubles {
namespace {

using AccessHandler = std::function<Response(const Request&, const Json& body, const Caller&)>;

Json DateOrNull(const std::optional<absl::Time>& time) {
  return time ? Json(IsoTime(*time)) : Json(nullptr);
}

Json PrincipalJson(const Principal& principal) {
  return {{"id", principal.id},
          {"username", principal.username},
          {"title", principal.title},
          {"description", principal.description},
          {"email", principal.email},
          {"provider", principal.provider},
          {"principalType", principal.type},
          {"externalIdentifier", principal.external_identifier},
          {"password", principal.password.empty() ? "" : "<sanitized>"},
          {"authKey", ""},
          {"itemType", "securityprincipal"}};
}

Json AssignedRoleJson(const AssignedRole& role) {
  return {{"id", role.id},
          {"roleId", role.role_id},
          {"securityPrincipalId", role.principal_id},
          {"scopedTags", role.scoped_tags}};
}

Json TokenJson(const AssignedToken& token) {
  Json pairs = Json::array();
  for (const AccessToken& pair : token.tokens) {
    pairs.push_back({{"id", token.id},
                     {"clientId", pair.client_id},
                     {"secret", pair.secret},
                     {"tokenType", pair.token_type},
                     {"dateCreated", IsoTime(pair.created)},
                     {"dateExpiry", DateOrNull(pair.expiry)},
                     {"dateRevoked", DateOrNull(pair.revoked)}});
  }
  return {{"id", token.id},
          {"title", token.title},
          {"description", token.description},
          {"securityPrincipalId", token.principal_id},
          {"scopedAssignedRoles", token.scoped_assigned_roles},
          {"accessTokens", std::move(pairs)},
          {"itemType", "assignedaccesstoken"}};
}

std::vector<std::string> Texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

Response Outcome(bool success, absl::string_view good, absl::string_view bad) {
  return JsonResponse(ActionResult(success, success ? good : bad), true);
}

Response AddPrincipal(HubCore& hub, const Json& body) {
  Principal principal;
  principal.id = JsonText(body, "id");
  principal.username = JsonText(body, "username");
  principal.title = JsonText(body, "title");
  principal.description = JsonText(body, "description");
  principal.email = JsonText(body, "email");
  principal.provider = JsonText(body, "provider", "INTERNAL");
  principal.type = static_cast<int>(JsonNumber(body, "principalType", 1));
  principal.password = JsonText(body, "password");
  return Outcome(hub.access.AddPrincipal(std::move(principal)), "Added", "Failed to add");
}

Response UpdatePrincipal(HubCore& hub, const Json& body) {
  const auto principal = hub.access.principals.find(JsonText(body, "id"));
  if (principal == hub.access.principals.end()) return Outcome(false, "", "Failed to update");
  principal->second.email = JsonText(body, "email");
  principal->second.title = JsonText(body, "title");
  principal->second.description = JsonText(body, "description");
  return Outcome(true, "Updated", "");
}

Response UpdateRoles(HubCore& hub, const Json& body) {
  const std::string principal_id = JsonText(body, "securityPrincipalId");
  if (hub.access.principals.count(principal_id) == 0) return Outcome(false, "", "Failed to update");
  for (const Json& removed : JsonField(body, "removedAssignedRoles")) {
    hub.access.Unassign(JsonText(removed, "id"), JsonText(removed, "roleId"), principal_id);
  }
  for (const Json& added : JsonField(body, "addedAssignedRoles")) {
    hub.access.Assign({JsonText(added, "id"), JsonText(added, "roleId"), principal_id,
                       Texts(JsonField(added, "scopedTags"))});
  }
  return Outcome(true, "Updated", "");
}

Response AddToken(HubCore& hub, const Json& body) {
  AssignedToken token;
  token.id = JsonText(body, "id");
  if (token.id.empty()) token.id = NewGuid();
  token.title = JsonText(body, "title");
  token.description = JsonText(body, "description");
  token.principal_id = JsonText(body, "securityPrincipalId");
  token.scoped_assigned_roles = Texts(JsonField(body, "scopedAssignedRoles"));
  for (const Json& sent : JsonField(body, "accessTokens")) {
    if (!JsonField(sent, "clientId").is_string() || !JsonField(sent, "secret").is_string()) {
      return ProblemResponse(400, "", "One or more validation errors occurred.");
    }
    AccessToken pair;
    pair.client_id = JsonText(sent, "clientId");
    pair.secret = NewGuid();  // whatever was sent
    pair.token_type = JsonText(sent, "tokenType", "simple");
    pair.created = hub.Now();
    pair.expiry = ParseIsoTime(JsonText(sent, "dateExpiry"));
    token.tokens.push_back(std::move(pair));
  }
  hub.access.tokens.push_back(std::move(token));
  return Outcome(true, "Added", "");
}

Response UpdateToken(HubCore& hub, const Json& body) {
  for (AssignedToken& token : hub.access.tokens) {
    if (token.id != JsonText(body, "id")) continue;
    token.title = JsonText(body, "title");
    token.description = JsonText(body, "description");
    token.scoped_assigned_roles = Texts(JsonField(body, "scopedAssignedRoles"));
    return Outcome(true, "Updated", "");
  }
  return Outcome(false, "", "Access token not found");
}

// The messages of deletion are those of addition, as upstream has it.
Response DeleteToken(HubCore& hub, const std::string& id) {
  std::vector<AssignedToken>& tokens = hub.access.tokens;
  const auto gone = std::remove_if(tokens.begin(), tokens.end(),
                                   [&](const AssignedToken& token) { return token.id == id; });
  const bool found = gone != tokens.end();
  tokens.erase(gone, tokens.end());
  return Outcome(found, "Added", "Failed to add");
}

Json Roles(const HubCore& hub) {
  Json list = Json::array();
  for (const auto& [id, role] : hub.access.roles) {
    Json policies = Json::array();
    if (!role.policy.empty()) policies.push_back(role.policy);
    list.push_back({{"id", id},
                    {"title", role.title},
                    {"description", ""},
                    {"itemType", "role"},
                    {"policies", std::move(policies)}});
  }
  return list;
}

Json AssignedRoles(const HubCore& hub, const std::string& principal_id) {
  Json list = Json::array();
  for (const AssignedRole& role : hub.access.AssignmentsOf(principal_id)) {
    list.push_back(AssignedRoleJson(role));
  }
  return list;
}

}  // namespace

void AddAccessRoutes(HubCore& hub) {
  // What the store refuses to all but administrators, beyond the action (row H-9).
  enum class Store { kAny, kAdminWrite, kAdminList };
  const auto add = [&hub](absl::string_view method, absl::string_view path,
                          absl::string_view action, Store store, absl::string_view refused,
                          AccessHandler handler) {
    hub.router.AddSimple(method, absl::StrCat("internal/v1/access/", path),
                         [&hub, store, action = std::string(action), refused = std::string(refused),
                          handler = std::move(handler)](const Request& request) {
                           HubCore::Authentication caller = hub.Authorize(request, action, true);
                           if (!caller.caller) return std::move(caller.refusal);
                           const bool admin = hub.access.IsAdmin(caller.caller->principal_id);
                           if (store == Store::kAdminWrite && !admin)
                             return Outcome(false, "", refused);
                           if (store == Store::kAdminList && !admin) return StatusResponse(204);
                           std::optional<Json> body = Json(nullptr);
                           if (request.method == "POST") body = ParseJson(request.body);
                           if (!body || (request.method == "POST" && !body->is_object())) {
                             return ProblemResponse(400, "",
                                                    "One or more validation errors occurred.");
                           }
                           return handler(request, *body, *caller.caller);
                         });
  };
  add("GET", "securityprincipals", "securityprincipal_list_action", Store::kAny, "",
      [&hub](const Request&, const Json&, const Caller&) {
        Json list = Json::array();
        for (const auto& [id, principal] : hub.access.principals) {
          list.push_back(PrincipalJson(principal));
        }
        return JsonResponse(list, true);
      });
  add("POST", "securityprincipal", "securityprincipal_add_action", Store::kAdminWrite,
      "Failed to add",
      [&hub](const Request&, const Json& body, const Caller&) { return AddPrincipal(hub, body); });
  add("POST", "securityprincipal/update", "securityprincipal_update_action", Store::kAdminWrite,
      "Failed to update", [&hub](const Request&, const Json& body, const Caller&) {
        return UpdatePrincipal(hub, body);
      });
  add("DELETE", "securityprincipal", "securityprincipal_delete_action", Store::kAdminWrite,
      "Failed to delete security principal",
      [&hub](const Request& request, const Json&, const Caller&) {
        return Outcome(hub.access.RemovePrincipal(request.Query("id")), "Deleted",
                       "Failed to delete security principal");
      });
  add("GET", "roles", "role_list_action", Store::kAny, "",
      [&hub](const Request&, const Json&, const Caller&) {
        return JsonResponse(Roles(hub), true);
      });
  add("GET", "securityprincipal/{id}/assignedroles", "securityprincipal_access_check_action",
      Store::kAny, "", [&hub](const Request& request, const Json&, const Caller&) {
        return JsonResponse(AssignedRoles(hub, request.args[0]), true);
      });
  add("GET", "securityprincipal/{id}/rolestatus", "securityprincipal_access_check_action",
      Store::kAny, "", [&hub](const Request& request, const Json&, const Caller&) {
        return JsonResponse({{"assignedRoles", AssignedRoles(hub, request.args[0])},
                             {"roles", Roles(hub)},
                             {"policies", Json::array()},
                             {"action", Json::array()}},
                            true);
      });
  add("POST", "securityprincipal/roles/update", "securityprincipal_update_assignedroles_action",
      Store::kAdminWrite, "Failed to update",
      [&hub](const Request&, const Json& body, const Caller&) { return UpdateRoles(hub, body); });
  add("GET", "assignedtoken", "accesstoken_list_action", Store::kAdminList, "",
      [&hub](const Request&, const Json&, const Caller&) {
        Json list = Json::array();
        for (const AssignedToken& token : hub.access.tokens) list.push_back(TokenJson(token));
        return JsonResponse(list, true);
      });
  add("POST", "assignedtoken", "accesstoken_add_action", Store::kAdminWrite, "Failed to add",
      [&hub](const Request&, const Json& body, const Caller&) { return AddToken(hub, body); });
  if (!hub.Is2025()) {
    add("POST", "assignedtoken/update", "accesstoken_update_action", Store::kAdminWrite,
        "Failed to update",
        [&hub](const Request&, const Json& body, const Caller&) { return UpdateToken(hub, body); });
  }
  add("DELETE", "assignedtoken", "accesstoken_delete_action", Store::kAdminWrite, "Failed to add",
      [&hub](const Request& request, const Json&, const Caller&) {
        return DeleteToken(hub, request.Query("id"));
      });
}

}  // namespace muster::doubles
