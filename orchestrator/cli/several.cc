#include "orchestrator/cli/several.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "orchestrator/cli/names.h"

namespace muster::cli {

absl::StatusOr<Several> CallForEach(
    Context& context, const std::vector<std::string>& servers,
    const std::function<absl::StatusOr<v1::Server>(Client&, const std::string&)>& call) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  Several out;
  absl::Status first;
  for (const std::string& server : servers) {
    absl::StatusOr<v1::Server> answer = call(*client, server);
    if (answer.ok()) {
      *out.done.add_servers() = *std::move(answer);
      continue;
    }
    if (servers.size() == 1) return answer.status();
    if (ExitCodeOf(answer.status()) == ExitCode::kUnreachable) {
      const auto done = servers.begin() + (&server - servers.data());
      context.output().Hint(absl::StrCat(
          done == servers.begin() ? "" : "done: ", absl::StrJoin(servers.begin(), done, ", "),
          done == servers.begin() ? "" : "; ", "perhaps done: ", server,
          done + 1 == servers.end() ? "" : "; not asked for: ",
          absl::StrJoin(done + 1, servers.end(), ", ")));
      return answer.status();
    }
    context.output().Hint(absl::StrCat("error: ", server, ": ", answer.status().message(),
                                       SuggestName(context, answer.status())));
    if (first.ok()) first = answer.status();
  }
  if (!first.ok()) {
    const int refused = static_cast<int>(servers.size()) - out.done.servers_size();
    context.output().Hint(absl::StrCat(refused, " of ", servers.size(), " servers refused."));
    out.code = out.done.servers().empty() ? ExitCodeOf(first) : ExitCode::kRefusedInPart;
  }
  return out;
}

}  // namespace muster::cli
