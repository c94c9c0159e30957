#include "orchestrator/app/health_command.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"

namespace muster::app {

HealthAnswer AskHealth(const std::string& socket, absl::Duration timeout) {
  namespace v1 = muster::admin::v1;
  const auto stub = v1::SystemService::NewStub(
      rpc::MakeChannel(absl::StrCat("unix:", socket), rpc::LocalChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  v1::SystemStatus status;
  const absl::Status asked = rpc::FromGrpcStatus(stub->GetStatus(&context, {}, &status));
  if (!asked.ok()) {
    return {false,
            absl::StrCat("not ready: no answer at ", socket, ": ", std::string(asked.message()))};
  }
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  for (const v1::SystemCheck& check : status.checks()) {
    if (check.result() == "problem") {
      problems.push_back(absl::StrCat(check.name(), ": ", check.seen()));
    } else if (check.result() == "warning") {
      warnings.push_back(absl::StrCat(check.name(), ": ", check.seen()));
    }
  }
  if (!status.ready()) return {false, "not ready: " + absl::StrJoin(problems, "; ")};
  std::string line = absl::StrCat("ready: ", status.sessions(), " workers connected");
  if (!warnings.empty()) absl::StrAppend(&line, "; warning: ", absl::StrJoin(warnings, "; "));
  return {true, line};
}

}  // namespace muster::app
