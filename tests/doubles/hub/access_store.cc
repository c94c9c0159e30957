#include "tests/doubles/hub/access_store.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

const std::set<std::string>& ViewerActions() {
  static const auto* const kActions = new std::set<std::string>{
      "managementhub_instances_list_action", "managementhub_tag_list_action"};
  return *kActions;
}

// Joining is no right of administrators: only the join role grants it.
const std::set<std::string>& AdminActions() {
  static const auto* const kActions =
      new std::set<std::string>{"managementhub_instances_list_action",
                                "managementhub_instance_update_action",
                                "managementhub_instance_delete_action",
                                "managementhub_tag_list_action",
                                "managementhub_tag_add_action",
                                "managementhub_tag_update_action",
                                "managementhub_tag_delete_action",
                                "securityprincipal_list_action",
                                "securityprincipal_add_action",
                                "securityprincipal_update_action",
                                "securityprincipal_delete_action",
                                "securityprincipal_access_check_action",
                                "securityprincipal_update_assignedroles_action",
                                "role_list_action",
                                "accesstoken_list_action",
                                "accesstoken_add_action",
                                "accesstoken_update_action",
                                "accesstoken_delete_action"};
  return *kActions;
}

}  // namespace

void AccessStore::Seed(absl::string_view admin_user, absl::string_view admin_password,
                       absl::string_view join_client_id, absl::string_view join_secret,
                       absl::Time now) {
  const std::vector<Role> standard = {
      {kAdminRole, "Administrator", "sysadmin_policy", AdminActions()},
      {kJoinRole, "Hub Managed Instance", "managementhub_managedinstance_policy", {kJoinAction}},
      {kViewerRole, "Hub Viewer", "managementhub_reader_policy", ViewerActions()},
      {"cert_manager_role", "Certificate Manager", "cert_manager_policy", ViewerActions()},
      {"cert_consumer_role", "Certificate Consumer", "", {}},
      {"storedcredential_consumer_role", "Stored Credential Consumer", "", {}},
      {"managedchallenge_admin_role", "Managed Challenge Admin", "", {}},
      {"managedchallenge_consumer_role", "Managed Challenge Consumer", "", {}},
      {"managedacme_consumer_role", "Managed ACME Consumer", "", {}},
      {"backup_operator_role", "Backup Operator", "", {}},
  };
  for (const Role& role : standard) roles[role.id] = role;

  Principal admin;
  admin.id = kAdminPrincipal;
  admin.username = std::string(admin_user);
  admin.title = "Administrator";
  admin.type = 1;
  admin.password = std::string(admin_password);
  admin.built_in = true;
  principals[admin.id] = admin;
  assignments.push_back({NewGuid(), kAdminRole, kAdminPrincipal, {}});

  Principal join;
  join.id = kJoinPrincipal;
  join.title = "Managed Instances Service Principal";
  join.built_in = true;
  principals[join.id] = join;
  assignments.push_back({NewGuid(), kJoinRole, kJoinPrincipal, {}});

  AssignedToken token;
  token.id = NewGuid();
  token.title = "Managed Instance Hub Joining Key";
  token.principal_id = kJoinPrincipal;
  token.scoped_assigned_roles = {assignments.back().id};
  AccessToken pair;
  pair.client_id = std::string(join_client_id);
  pair.secret = join_secret.empty() ? NewGuid() : std::string(join_secret);
  pair.created = now;
  token.tokens.push_back(pair);
  tokens.push_back(token);
}

std::string AccessStore::AddKey(absl::string_view client_id, absl::string_view secret,
                                absl::string_view role_id, absl::Time now,
                                std::vector<std::string> scoped_tags) {
  Principal principal;
  principal.id = NewGuid();
  principal.title = std::string(client_id);
  principals[principal.id] = principal;
  assignments.push_back({NewGuid(), std::string(role_id), principal.id, std::move(scoped_tags)});
  AssignedToken token;
  token.id = NewGuid();
  token.title = std::string(client_id);
  token.principal_id = principal.id;
  token.scoped_assigned_roles = {assignments.back().id};
  AccessToken pair;
  pair.client_id = std::string(client_id);
  pair.secret = std::string(secret);
  pair.created = now;
  token.tokens.push_back(pair);
  tokens.push_back(token);
  return token.id;
}

std::optional<Caller> AccessStore::ByToken(absl::string_view client_id, absl::string_view secret,
                                           absl::Time now, std::string& why) const {
  why = "Access token unknown, expired or revoked.";
  const AssignedToken* found = nullptr;
  const AccessToken* pair = nullptr;
  for (const AssignedToken& token : tokens) {
    for (const AccessToken& candidate : token.tokens) {
      if (candidate.client_id != client_id || candidate.secret != secret) continue;
      if (pair != nullptr) return std::nullopt;  // the real lookup wants a single match
      found = &token;
      pair = &candidate;
    }
  }
  if (pair == nullptr || pair->revoked || (pair->expiry && *pair->expiry <= now)) {
    return std::nullopt;
  }
  Caller caller{found->principal_id, AssignmentsOf(found->principal_id)};
  if (!found->scoped_assigned_roles.empty()) {
    caller.roles.erase(std::remove_if(caller.roles.begin(), caller.roles.end(),
                                      [found](const AssignedRole& role) {
                                        return !absl::c_linear_search(found->scoped_assigned_roles,
                                                                      role.id);
                                      }),
                       caller.roles.end());
    if (caller.roles.empty()) {
      why = "Access token is scoped to assigned roles which no longer exist.";
      return std::nullopt;
    }
  }
  return caller;
}

std::optional<Caller> AccessStore::ByPrincipal(absl::string_view principal_id) const {
  if (principals.count(std::string(principal_id)) == 0) return std::nullopt;
  return Caller{std::string(principal_id), AssignmentsOf(principal_id)};
}

const Principal* AccessStore::ByPassword(absl::string_view username,
                                         absl::string_view password) const {
  for (const auto& [id, principal] : principals) {
    if (principal.type == 1 && principal.username == username && principal.password == password) {
      return &principal;
    }
  }
  return nullptr;
}

bool AccessStore::Allowed(const Caller& caller, absl::string_view action) const {
  for (const AssignedRole& assigned : caller.roles) {
    const auto role = roles.find(assigned.role_id);
    if (role != roles.end() && role->second.actions.count(std::string(action)) > 0) return true;
  }
  return false;
}

bool AccessStore::IsAdmin(absl::string_view principal_id) const {
  return absl::c_any_of(assignments, [&](const AssignedRole& assigned) {
    return assigned.principal_id == principal_id && assigned.role_id == kAdminRole;
  });
}

std::vector<AssignedRole> AccessStore::AssignmentsOf(absl::string_view principal_id) const {
  std::vector<AssignedRole> found;
  for (const AssignedRole& assigned : assignments) {
    if (assigned.principal_id == principal_id) found.push_back(assigned);
  }
  return found;
}

bool AccessStore::AddPrincipal(Principal principal) {
  if (principal.id.empty()) principal.id = NewGuid();
  if (!principal.password.empty() && principal.password.size() < 8) return false;
  const std::string id = principal.id;
  return principals.emplace(id, std::move(principal)).second;
}

bool AccessStore::RemovePrincipal(absl::string_view id) {
  const auto principal = principals.find(std::string(id));
  if (principal == principals.end() || principal->second.built_in) return false;
  principals.erase(principal);
  Unassign("", "", id);
  return true;
}

void AccessStore::Assign(const AssignedRole& assignment) {
  for (AssignedRole& known : assignments) {
    if (known.principal_id == assignment.principal_id && known.role_id == assignment.role_id) {
      known.scoped_tags = assignment.scoped_tags;
      return;
    }
  }
  assignments.push_back(assignment);
  if (assignments.back().id.empty()) assignments.back().id = NewGuid();
}

void AccessStore::Unassign(absl::string_view assignment_id, absl::string_view role_id,
                           absl::string_view principal_id) {
  assignments.erase(std::remove_if(assignments.begin(), assignments.end(),
                                   [&](const AssignedRole& known) {
                                     if (known.principal_id != principal_id) return false;
                                     return (assignment_id.empty() && role_id.empty()) ||
                                            known.id == assignment_id || known.role_id == role_id;
                                   }),
                    assignments.end());
}

}  // namespace muster::doubles
