// A watcher of the orchestrator's gRPC health, as a load balancer or a monitor is one. It holds a
// call open until it is destroyed.
#ifndef MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_
#define MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace muster {

class HealthWatch {
 public:
  // `service`: empty for the server as a whole.
  explicit HealthWatch(std::shared_ptr<grpc::Channel> channel, const std::string& service = "");
  ~HealthWatch();

  // Blocks until the server says this; false when the call ends, or after a minute.
  bool AwaitServing() { return Await(true); }
  bool AwaitNotServing() { return Await(false); }

 private:
  bool Await(bool serving);
  struct Call;
  std::unique_ptr<Call> call_;
};

// A call to any method of streams, held open until it is destroyed. The server has it when this is
// made.
class OpenCall {
 public:
  OpenCall(std::shared_ptr<grpc::Channel> channel, const std::string& method);
  ~OpenCall();

 private:
  struct Call;
  std::unique_ptr<Call> call_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_HEALTH_WATCH_H_
