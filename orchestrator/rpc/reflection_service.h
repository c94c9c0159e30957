// grpc.reflection.v1alpha.ServerReflection of one listener: the proto files of its services, for
// grpcurl and its like. gRPC's own one answers anybody whom TLS lets in, and holds a thread for
// each stream that somebody leaves open; this one asks who it is, and holds none.
#ifndef MUSTER_ORCHESTRATOR_RPC_REFLECTION_SERVICE_H_
#define MUSTER_ORCHESTRATOR_RPC_REFLECTION_SERVICE_H_

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "orchestrator/rpc/health_service.h"
#include "orchestrator/rpc/stream_budget.h"

namespace grpc {
class CallbackServerContext;
class Service;
}  // namespace grpc

namespace muster::rpc {

// Whether a caller may ask: `done` is called once, at once or later, on any thread.
using ReflectionAccess = std::function<void(const grpc::CallbackServerContext& context,
                                            absl::AnyInvocable<void(const absl::Status&)> done)>;

// `services`: their full names. Board and budget outlive the server that the service is registered
// with; open streams end when the board does.
std::unique_ptr<grpc::Service> MakeReflectionService(HealthBoard& board, StreamBudget& budget,
                                                     std::set<std::string> services,
                                                     ReflectionAccess access);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_REFLECTION_SERVICE_H_
