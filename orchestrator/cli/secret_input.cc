#include "orchestrator/cli/secret_input.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/secret_text.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxSecretBytes = 64 << 10;

}  // namespace

absl::StatusOr<std::string> ReadSecret(CliEnvironment& environment, const std::string& file) {
  std::string content;
  if (file != "-") {
    ASSIGN_OR_RETURN(content, ReadFile(file, kMaxSecretBytes));
  } else if (environment.in_is_terminal) {
    environment.err << "Secret (not shown): " << std::flush;
    environment.echo(false);
    std::getline(environment.in, content);
    environment.echo(true);
    environment.err << "\n";
  } else {
    ASSIGN_OR_RETURN(content, ReadStream(environment.in, kMaxSecretBytes));
  }
  absl::StatusOr<std::string> secret = SecretOf(content);
  if (!secret.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the secret in ", file == "-" ? "standard input" : file, " ", secret.status().message()));
  }
  return secret;
}

}  // namespace muster::cli
