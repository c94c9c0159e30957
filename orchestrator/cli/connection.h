// Which orchestrator the CLI talks to, and as whom.
//
//   --socket PATH (or MUSTER_SOCKET)                the root-only Unix socket on the machine itself
//   --operator-dir DIR (or MUSTER_OPERATOR_DIR,     mutual TLS with the files in DIR:
//     else ~/.config/muster,
//     else /var/lib/muster/operator)
//       operator.crt  operator.key                  the operator's certificate and key
//       ca.crt                                      the orchestrator's CA
//       address                                     "host:port"; --address goes before it
//   --context NAME (or MUSTER_CONTEXT, else the     one of the two above, by name (contexts.h)
//     one in use)
#ifndef MUSTER_ORCHESTRATOR_CLI_CONNECTION_H_
#define MUSTER_ORCHESTRATOR_CLI_CONNECTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "orchestrator/cli/environment.h"

namespace muster::cli {

struct ConnectionFlags {
  std::string operator_dir;
  std::string address;
  std::string socket;
  std::string context;
};

struct Connection {
  std::string address;       // "host:port" or "unix:PATH".
  std::string context;       // Its name, when a context led here.
  std::string operator_dir;  // Empty for a Unix socket.
  bool local = false;        // A Unix socket: no certificates.
  std::string ca_pem;
  std::string certificate_pem;
  Secret key_pem;
};

// "host:port", with the context that led there: "host:port (context prod)".
std::string NameOf(const Connection& connection);

// Reads the files. What is said in the command line goes before the context named there, that
// before environment variables, and those before the context in use. InvalidArgument says what is
// missing and what makes it.
absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& flags,
                                             const CliEnvironment& environment);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CONNECTION_H_
