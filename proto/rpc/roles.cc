#include "proto/rpc/roles.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/admin/v1/evidence.pb.h"
#include "muster/admin/v1/finding.pb.h"
#include "muster/admin/v1/hub.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/notification.pb.h"
#include "muster/admin/v1/operator.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/system.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/admin/v1/verification.pb.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/session.pb.h"

namespace muster::rpc {

absl::StatusOr<RoleTable> RoleTable::Create(
    const std::vector<const google::protobuf::FileDescriptor*>& files) {
  RoleTable table;
  std::vector<std::string> without_role;
  for (const auto* file : files) {
    for (int s = 0; s < file->service_count(); ++s) {
      const auto* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        const auto* method = service->method(m);
        const auto role = method->options().GetExtension(muster::authz::v1::required_role);
        if (role == muster::authz::v1::ROLE_UNSPECIFIED)
          without_role.push_back(method->full_name());
        table.methods_[absl::StrCat("/", service->full_name(), "/", method->name())] = role;
      }
    }
  }
  if (!without_role.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "methods without (muster.authz.v1.required_role), which nobody could be allowed "
        "to call: ",
        absl::StrJoin(without_role, ", "), ". Give each a role in its proto file."));
  }
  return table;
}

muster::authz::v1::Role RoleTable::RequiredRole(absl::string_view path) const {
  const auto it = methods_.find(std::string(path));
  return it == methods_.end() ? muster::authz::v1::ROLE_UNSPECIFIED : it->second;
}

std::vector<const google::protobuf::FileDescriptor*> ServiceFiles() {
  // Naming a message of each file also keeps the linker from dropping it.
  return {
      muster::worker::v1::EnrollRequest::descriptor()->file(),
      muster::worker::v1::Hello::descriptor()->file(),
      muster::admin::v1::Tenant::descriptor()->file(),
      muster::admin::v1::Token::descriptor()->file(),
      muster::admin::v1::Rollout::descriptor()->file(),
      muster::admin::v1::Report::descriptor()->file(),
      muster::admin::v1::Finding::descriptor()->file(),
      muster::admin::v1::SystemStatus::descriptor()->file(),
      muster::admin::v1::Operator::descriptor()->file(),
      muster::admin::v1::Hub::descriptor()->file(),
      muster::admin::v1::EvidenceKey::descriptor()->file(),
      muster::admin::v1::Channel::descriptor()->file(),
  };
}

}  // namespace muster::rpc
