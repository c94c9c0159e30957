#include "proto/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "base/log.h"

namespace muster::rpc {
namespace {

void WriteGrpcLog(gpr_log_func_args* args) {
  const log::Fields fields = {{"text", args->message}};
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    log::Info("grpc", fields);
  } else {
    log::Debug("grpc", fields);
  }
}

}  // namespace

void RouteGrpcLog() { gpr_set_log_function(WriteGrpcLog); }

}  // namespace muster::rpc
