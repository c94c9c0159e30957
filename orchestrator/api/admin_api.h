// All that operators ask for (muster.admin.v1), whatever carries the calls: who may call, what a
// request must say, what is answered. gRPC stands in front of it (orchestrator/rpc/admin); an HTTP
// gateway could stand beside that.
#ifndef MUSTER_ORCHESTRATOR_API_ADMIN_API_H_
#define MUSTER_ORCHESTRATOR_API_ADMIN_API_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/dependencies.h"
#include "orchestrator/api/responder.h"
#include "orchestrator/api/stream.h"

namespace muster::api {

// Thread-safe. Outlives its calls.
class AdminApi {
 public:
  // FailedPrecondition when the calls do not fit the proto files (CallTable::Create).
  static absl::StatusOr<std::unique_ptr<AdminApi>> Create(const Dependencies& dependencies);

  // By the path that gRPC has: "/muster.admin.v1.TenantService/ListTenants". Null: there is none.
  const Method* Find(absl::string_view path) const { return table_.Find(path); }
  const CallTable& table() const { return table_; }

  // An empty request of the method.
  static std::unique_ptr<Message> NewRequest(const Method& method);
  // Of a method with one answer. Returns at once; `done` is called once.
  void Call(const Method& method, Credentials credentials, std::unique_ptr<const Message> request,
            Done done) const;
  // Of a method with many answers.
  std::shared_ptr<ServerStream> Watch(const Method& method, Credentials credentials,
                                      const Message& request) const;

 private:
  AdminApi(const Dependencies& dependencies, CallTable table)
      : d_(dependencies), table_(std::move(table)) {}

  const Dependencies d_;
  const CallTable table_;
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_ADMIN_API_H_
