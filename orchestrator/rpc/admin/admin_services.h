// The services that operators call (muster.admin.v1), as gRPC carries them: the same set behind each
// door. What is asked and answered is orchestrator/api's.
//
//   bytes ─► reactor ─► request ─► api::AdminApi ─► response ─► bytes
#ifndef MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_
#define MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_

#include <memory>
#include <vector>

#include "orchestrator/api/admin_api.h"

namespace grpc {
class Service;
}

namespace muster::rpc {

// One object may be registered with one server only, so each door gets its own set. They borrow the
// API.
std::vector<std::unique_ptr<grpc::Service>> MakeAdminServices(api::Door door,
                                                              const api::AdminApi& api);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_
