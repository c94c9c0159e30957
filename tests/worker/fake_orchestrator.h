// An orchestrator as the worker sees it: a certificate authority, Bootstrap and Session over real
// gRPC with (mutual) TLS, on a port that the system chooses. The test says what it answers.
#ifndef MUSTER_TESTS_WORKER_FAKE_ORCHESTRATOR_H_
#define MUSTER_TESTS_WORKER_FAKE_ORCHESTRATOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/crypto/certificate.h"
#include "base/crypto/key.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/session.pb.h"

namespace muster::worker {

// A root, and what it issues.
class TestAuthority {
 public:
  TestAuthority();
  std::string ca_pem() const { return root_.ToPem(); }
  // The certificate of a worker, for the key of this request.
  std::string IssueWorker(const std::string& request_pem, const std::string& uri,
                          absl::Duration life = absl::Hours(24 * 30)) const;
  struct Server {
    std::string certificate_pem;
    std::string key_pem;
  };
  // In date from `begins` to `ends`, from now on.
  Server IssueServer(absl::Duration begins = -absl::Hours(1),
                     absl::Duration ends = absl::Hours(24)) const;

 private:
  crypto::PrivateKey key_;
  crypto::Certificate root_;
};

class FakeOrchestrator {
 public:
  // Shows a certificate with these dates (IssueServer): out of date, it is as a worker meets it
  // whose clock is wrong.
  explicit FakeOrchestrator(v1::ZonePin pin, absl::Duration begins = -absl::Hours(1),
                            absl::Duration ends = absl::Hours(24));
  ~FakeOrchestrator();

  std::string bootstrap_address() const;
  std::string session_address() const;
  v1::TokenFile token() const;
  const TestAuthority& authority() const;

  // What Enroll answers before its own check; OK: goes on.
  void SetEnrollFault(absl::Status status);
  void LoseNextEnrollAnswer();  // Issues, then answers UNAVAILABLE.

  int enrolls() const;
  // Blocks until `count` sessions were opened (Hello seen) since the start.
  bool AwaitSessions(int count);
  // Sends to the newest session.
  void Send(const v1::OrchestratorMessage& message);
  // A joining secret in it is sealed to that worker on the way.
  void SendCommand(const v1::Command& command);
  // Blocks until a result of this command came in any session.
  std::optional<v1::CommandResult> AwaitResult(const std::string& command_id);
  // Of the newest, after what was sent to it. A status that is not OK may overtake the last message
  // on the client's side: gRPC then drops what is not read.
  void EndSession(const absl::Status& status = absl::UnavailableError("orchestrator stops"));

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_FAKE_ORCHESTRATOR_H_
