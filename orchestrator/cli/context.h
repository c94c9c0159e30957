// What a running command has at hand: the world, the output, the orchestrator.
#ifndef MUSTER_ORCHESTRATOR_CLI_CONTEXT_H_
#define MUSTER_ORCHESTRATOR_CLI_CONTEXT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/connection.h"
#include "orchestrator/cli/environment.h"
#include "orchestrator/cli/output.h"

namespace muster::cli {

// Flags that every command has.
struct GlobalFlags {
  ConnectionFlags connection;
  std::string output = "table";
  std::string timeout = "30s";
  bool no_color = false;
};

class Context {
 public:
  Context(CliEnvironment& environment, const ConnectionFlags& flags, absl::Duration timeout,
          OutputFormat format, bool allow_color)
      : environment_(environment),
        flags_(flags),
        timeout_(timeout),
        output_(environment, format, allow_color) {}

  CliEnvironment& environment() { return environment_; }
  Output& output() { return output_; }
  const ConnectionFlags& flags() const { return flags_; }
  absl::Duration timeout() const { return timeout_; }

  // The client, made at the first call. Fails when the connection's files are missing; does not
  // dial. Valid while the context lives.
  absl::StatusOr<Client*> Connect();
  // As Connect(), for calls that are not worth waiting for: none takes longer than `patience`.
  absl::StatusOr<Client*> Connect(absl::Duration patience);
  // Where Connect() points to; empty before.
  const std::string& address() const { return address_; }
  // For commands that speak of the certificate themselves: Connect() does not warn of its end.
  void KeepQuietAboutExpiry() { quiet_about_expiry_ = true; }
  // The status, or E-AUTH-EXPIRED where that is why no connection came about.
  absl::Status Explain(const absl::Status& status) const;

 private:
  void LookAtCertificate(const Connection& connection);

  CliEnvironment& environment_;
  const ConnectionFlags flags_;
  const absl::Duration timeout_;
  Output output_;
  std::string address_;
  absl::Time certificate_end_ = absl::InfiniteFuture();  // Of the operator's, once it is known.
  bool quiet_about_expiry_ = false;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Client> impatient_client_;
};

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CONTEXT_H_
