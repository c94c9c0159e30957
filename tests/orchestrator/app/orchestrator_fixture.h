// A whole orchestrator in the test's process, on loopback ports of the system's choice, with
// operators of every kind and the calls that tests make most.
#ifndef MUSTER_TESTS_ORCHESTRATOR_APP_ORCHESTRATOR_FIXTURE_H_
#define MUSTER_TESTS_ORCHESTRATOR_APP_ORCHESTRATOR_FIXTURE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "muster/admin/v1/token.grpc.pb.h"
#include "muster/worker/v1/bootstrap.grpc.pb.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/orchestrator.h"
#include "store/interface/store.h"

namespace muster::app {

// What a bootstrapped machine holds.
struct TestWorker {
  std::string server_id;
  std::string certificate_pem;
  std::string key_pem;
  muster::worker::v1::EnrollResponse response;
};

// Makes a data directory at once; starts the orchestrator when told.
class TestOrchestrator {
 public:
  TestOrchestrator();
  ~TestOrchestrator();

  const std::string& data_dir() const { return data_dir_; }
  Orchestrator& get() { return *orchestrator_; }
  bool running() const { return orchestrator_ != nullptr; }

  // Listens on loopback, any ports, and reads hubs often.
  OrchestratorOptions Options() const;
  absl::Status Start() { return Start(Options()); }
  absl::Status Start(OrchestratorOptions options);
  void Stop() { orchestrator_.reset(); }
  // The calls below go to an orchestrator elsewhere: a process on this data directory.
  void Attach(const Endpoints& endpoints) { endpoints_ = endpoints; }

  // While it is stopped: the store and the authority, as init made them.
  absl::Status WithStore(const std::function<absl::Status(store::Transaction&)>& work);
  absl::StatusOr<identity::CertificateAuthority> Authority() const;
  // While it is stopped: on record the workers' certificates begin so much earlier.
  absl::Status AgeCertificates(absl::Duration by);
  // While it is stopped: an operator whose channel OperatorChannel(name) makes.
  absl::Status AddOperator(const std::string& name, store::OperatorRole role,
                           std::vector<TenantId> tenants,
                           absl::Duration life = absl::Hours(24 * 365));

  std::shared_ptr<grpc::Channel> OperatorChannel(const std::string& name = "admin");
  std::shared_ptr<grpc::Channel> SocketChannel();
  // Any mutual-TLS listener, with any certificate.
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address,
                                           const std::string& certificate_pem,
                                           const std::string& key_pem);
  std::shared_ptr<grpc::Channel> BootstrapChannel();
  std::shared_ptr<grpc::Channel> SessionChannel(const std::string& certificate_pem,
                                                const std::string& key_pem) {
    return ChannelTo(endpoints_.session_address, certificate_pem, key_pem);
  }
  std::shared_ptr<grpc::Channel> SessionChannel(const TestWorker& worker) {
    return SessionChannel(worker.certificate_pem, worker.key_pem);
  }

  // As the first operator. One zone "prod" for each tenant, all with the same key and verifier.
  absl::Status ApplyFleet(const std::vector<std::string>& tenants, const std::string& hub_url);
  absl::Status Import(const std::string& tenant, const std::vector<std::string>& names);
  absl::StatusOr<muster::worker::v1::TokenFile> CreateToken(
      const muster::admin::v1::CreateTokenRequest& request);
  absl::StatusOr<muster::worker::v1::TokenFile> CreateToken(const std::string& zone, int uses = 1);
  // As a machine.
  absl::StatusOr<TestWorker> Enroll(const std::string& token, const std::string& name);

 private:
  struct Credentials {
    std::string name;
    std::string certificate_pem;
    std::string key_pem;
  };
  std::string data_dir_;
  std::string root_;
  std::vector<Credentials> operators_;
  std::unique_ptr<Orchestrator> orchestrator_;
  Endpoints endpoints_;
};

// A deadline for every call of a test, so that a hang is a failure.
void SetTestDeadline(grpc::ClientContext& context);

// The first message that a session with this Hello gets, or its final status.
absl::StatusOr<muster::worker::v1::OrchestratorMessage> OpenSession(
    std::shared_ptr<grpc::Channel> channel);

}  // namespace muster::app

#endif  // MUSTER_TESTS_ORCHESTRATOR_APP_ORCHESTRATOR_FIXTURE_H_
