// Who may call what, read from the proto option muster.authz.v1.required_role: the proto file is
// the only place where a method's role is written.
#ifndef MUSTER_PROTO_RPC_ROLES_H_
#define MUSTER_PROTO_RPC_ROLES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/authz/v1/role.pb.h"

namespace google::protobuf {
class FileDescriptor;
}

namespace muster::rpc {

// Immutable after Create; thread-safe.
class RoleTable {
 public:
  // Reads every method of every service in `files`. FailedPrecondition names each method that has
  // no role: the orchestrator does not start then.
  static absl::StatusOr<RoleTable> Create(
      const std::vector<const google::protobuf::FileDescriptor*>& files);

  // `path` as gRPC has it: "/muster.admin.v1.TenantService/ListTenants". ROLE_UNSPECIFIED, which
  // nobody has, for a method that is not in the table.
  muster::authz::v1::Role RequiredRole(absl::string_view path) const;
  const std::map<std::string, muster::authz::v1::Role, std::less<>>& methods() const {
    return methods_;
  }

 private:
  std::map<std::string, muster::authz::v1::Role, std::less<>> methods_;
};

// All our proto files that define services.
std::vector<const google::protobuf::FileDescriptor*> ServiceFiles();

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_ROLES_H_
