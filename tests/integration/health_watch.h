// A watcher of the orchestrator's gRPC health, as a load balancer or a monitor is one. It holds a
// call open until it is destroyed.
#ifndef MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_
#define MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_

#include <grpcpp/channel.h>

#include <memory>

namespace muster {

class HealthWatch {
 public:
  explicit HealthWatch(std::shared_ptr<grpc::Channel> channel);
  ~HealthWatch();

  // Blocks until the server says this; false when the call ends, or after a minute.
  bool AwaitServing() { return Await(true); }
  bool AwaitNotServing() { return Await(false); }

 private:
  bool Await(bool serving);
  struct Call;
  std::unique_ptr<Call> call_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_
