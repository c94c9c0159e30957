#include "orchestrator/api/call_table.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "proto/rpc/roles.h"

namespace muster::api {

absl::StatusOr<Caller> Calls::Authorize(const Claim& claim, const store::Snapshot& snapshot) const {
  auto caller = Identify(claim.credentials, snapshot, d_.clock.Now());
  if (!caller.ok()) {
    LogRefusal("operator refused", claim.path, "", caller.status());
    return caller;
  }
  const absl::Status allowed = CheckRole(*caller, d_.roles.RequiredRole(claim.path));
  if (allowed.ok()) return caller;
  LogRefusal("call refused", claim.path, caller->actor.name, allowed);
  NoteRefusal(caller->actor.name, claim.path, allowed);
  return allowed;
}

void Calls::LogRefusal(const char* message, const std::string& path, const std::string& actor,
                       const absl::Status& why) const {
  const auto untold = refusals_told_.Admit(d_.clock.Steady());
  if (!untold.has_value()) return;
  log::Warning(
      message,
      {{"method", path}, {"operator", actor}, {"reason", why}, {"not_told_before", *untold}});
}

void Calls::NoteRefusal(const std::string& actor, const std::string& path,
                        const absl::Status& why) const {
  d_.operations.operators.Call(
      &core::OperatorOperations::NoteRefused, [](const absl::StatusOr<bool>&) {},
      core::OperatorRefusal{actor, path, FailureCodeOf(why).value_or(FailureCode::kAuthForbidden)});
}

absl::StatusOr<CallTable> CallTable::Create(const Dependencies& dependencies) {
  CallTable table;
  for (auto* add : {AddTenantCalls, AddZoneCalls, AddServerCalls, AddTokenCalls, AddRolloutCalls,
                    AddVerificationCalls, AddHubCalls, AddFindingCalls, AddSweepCalls,
                    AddNotificationCalls, AddSystemCalls, AddOperatorCalls, AddEvidenceCalls}) {
    add(table, dependencies);
  }
  RETURN_IF_ERROR(table.CheckComplete());
  return table;
}

const Method* CallTable::Find(absl::string_view path) const {
  const auto it = methods_.find(std::string(path));
  return it == methods_.end() ? nullptr : &it->second;
}

Method& CallTable::Add(Method method) {
  const auto [it, fresh] = methods_.emplace(method.path, method);
  if (!fresh) problems_.push_back(absl::StrCat(method.path, " has two handlers"));
  it->second = std::move(method);
  return it->second;
}

absl::Status CallTable::CheckComplete() const {
  std::vector<std::string> problems = problems_;
  size_t declared = 0;
  for (const auto* service : AdminServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      ++declared;
      const auto* wanted = service->method(i);
      const std::string path = absl::StrCat("/", service->full_name(), "/", wanted->name());
      const Method* const method = Find(path);
      if (method == nullptr) {
        problems.push_back(absl::StrCat(path, " has no handler"));
      } else if (method->request != wanted->input_type() ||
                 method->response != wanted->output_type() ||
                 (method->stream != nullptr) != wanted->server_streaming() ||
                 wanted->client_streaming()) {
        problems.push_back(absl::StrCat(path, " has a handler of other messages"));
      }
    }
  }
  if (methods_.size() > declared) problems.push_back("a handler has no method");
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the table of admin calls does not fit the proto files: ", absl::StrJoin(problems, "; "),
      "; this is a defect of Muster"));
}

std::vector<const google::protobuf::ServiceDescriptor*> AdminServices() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const auto* file : rpc::ServiceFiles()) {
    if (file->package() != "muster.admin.v1") continue;
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace muster::api
