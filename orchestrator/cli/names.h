// Names that the orchestrator knows, for advice and for completing command lines. Everything here
// is a convenience: it asks for little, waits for a moment only, and is silent without an answer.
#ifndef MUSTER_ORCHESTRATOR_CLI_NAMES_H_
#define MUSTER_ORCHESTRATOR_CLI_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "orchestrator/cli/context.h"

namespace muster::cli {

enum class NameKind { kTenant, kZone, kServer, kRollout, kToken, kOperator };

// Names that begin with `prefix`, at most some hundred; empty when the orchestrator does not answer
// within two seconds. Servers come as tenant/zone/name, and as zones until a zone is written.
std::vector<std::string> NamesLike(Context& context, NameKind kind, absl::string_view prefix);

// For the refusal of a name that does not exist: " Did you mean 'acme/prod'?". Empty for any other
// status and when no known name is near.
std::string SuggestName(Context& context, const absl::Status& status);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_NAMES_H_
