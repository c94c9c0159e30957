// AccessStore holds principals, roles, role assignments and tokens of a hub double, with the rules
// of certify.md 5 (rows H-3, H-8, H-9). On the hub's loop.
#ifndef MUSTER_TESTS_DOUBLES_HUB_ACCESS_STORE_H_
#define MUSTER_TESTS_DOUBLES_HUB_ACCESS_STORE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::doubles {

inline constexpr char kAdminPrincipal[] = "admin_01";
inline constexpr char kJoinPrincipal[] = "managedinstance_sp_01";
inline constexpr char kJoinRole[] = "managedinstance_role";
inline constexpr char kAdminRole[] = "sysadmin_role";
inline constexpr char kViewerRole[] = "hub_viewer_role";
inline constexpr char kJoinAction[] = "managementhub_instance_join_action";

struct Principal {
  std::string id;
  std::string username;
  std::string title;
  std::string description;
  std::string email;
  std::string provider = "INTERNAL";
  int type = 2;  // User 1, Application 2, Group 3, ManagedInstance 4
  std::string external_identifier;
  std::string password;
  bool built_in = false;
};

struct Role {
  std::string id;
  std::string title;
  std::string policy;
  std::set<std::string> actions;
};

struct AssignedRole {
  std::string id;
  std::string role_id;
  std::string principal_id;
  std::vector<std::string> scoped_tags;  // "category" or "category=value"
};

struct AccessToken {
  std::string client_id;
  std::string secret;
  std::string token_type = "simple";
  absl::Time created;
  std::optional<absl::Time> expiry;
  std::optional<absl::Time> revoked;
};

struct AssignedToken {
  std::string id;
  std::string title;
  std::string description;
  std::string principal_id;
  std::vector<std::string> scoped_assigned_roles;  // ids of AssignedRole, not of Role
  std::vector<AccessToken> tokens;
};

// Who calls: a principal, narrowed to some of its assignments when a token's scope says so.
struct Caller {
  std::string principal_id;
  std::vector<AssignedRole> roles;
};

class AccessStore {
 public:
  // The built-in principals, roles and assignments, and the default joining token.
  void Seed(absl::string_view admin_user, absl::string_view admin_password,
            absl::string_view join_client_id, absl::string_view join_secret, absl::Time now);

  // A principal of its own with `role_id` and a token scoped to that assignment; the token's id.
  std::string AddKey(absl::string_view client_id, absl::string_view secret,
                     absl::string_view role_id, absl::Time now,
                     std::vector<std::string> scoped_tags = {});

  // The caller of a token pair. `why` is set when there is none: the detail that older hubs show.
  std::optional<Caller> ByToken(absl::string_view client_id, absl::string_view secret,
                                absl::Time now, std::string& why) const;
  std::optional<Caller> ByPrincipal(absl::string_view principal_id) const;
  const Principal* ByPassword(absl::string_view username, absl::string_view password) const;

  bool Allowed(const Caller& caller, absl::string_view action) const;
  // The rule of the store itself for writes and for listing tokens.
  bool IsAdmin(absl::string_view principal_id) const;
  std::vector<AssignedRole> AssignmentsOf(absl::string_view principal_id) const;

  bool AddPrincipal(Principal principal);      // false: the id exists, or the password is too short
  bool RemovePrincipal(absl::string_view id);  // false: unknown or built in; tokens stay
  // Known assignments keep their id and get new scope tags.
  void Assign(const AssignedRole& assignment);
  void Unassign(absl::string_view assignment_id, absl::string_view role_id,
                absl::string_view principal_id);

  // Freely changed by routes and levers.
  std::map<std::string, Principal> principals;
  std::map<std::string, Role> roles;
  std::vector<AssignedRole> assignments;
  std::vector<AssignedToken> tokens;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_ACCESS_STORE_H_
