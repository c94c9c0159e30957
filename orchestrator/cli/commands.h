// The commands, one source per noun. Each Add… function declares its nouns, verbs and flags; the
// code of a verb runs after the whole command line was parsed.
#ifndef MUSTER_ORCHESTRATOR_CLI_COMMANDS_H_
#define MUSTER_ORCHESTRATOR_CLI_COMMANDS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "orchestrator/cli/context.h"
#include "orchestrator/cli/exit_code.h"

namespace CLI {
class App;
}

namespace muster::cli {

// Runs one command. An error is printed with what to do next and becomes the exit code.
using Command = std::function<absl::StatusOr<ExitCode>(Context&)>;

// The tree of commands while it is declared, and which of them was called.
class CommandTree {
 public:
  explicit CommandTree(CLI::App& root) : root_(root) {}

  CLI::App& root() { return root_; }
  // "muster NAME": holds verbs and does nothing itself. The same noun again is the same command.
  CLI::App& Noun(const std::string& name, const std::string& description);
  // "muster … NAME" under `parent`. `example` is one or more whole command lines.
  CLI::App& Verb(CLI::App& parent, const std::string& name, const std::string& description,
                 const std::string& example, Command command);
  // The command that the parsed line calls; null when there is none.
  const Command* Called() const;

 private:
  struct Entry {
    CLI::App* app;
    Command command;
  };
  CLI::App& root_;
  std::vector<CLI::App*> nouns_;
  std::vector<Entry> entries_;
};

void AddApplyCommand(CommandTree& tree);    // apply, export
void AddTenantCommands(CommandTree& tree);  // tenant list
void AddZoneCommands(CommandTree& tree);    // zone list, key set
void AddServerCommands(CommandTree& tree);  // server list/show/explain/evict/settle/…, explain
void AddExplainCodeCommands(CommandTree& tree);   // explain code, explain codes
void AddServerDoorCommands(CommandTree& tree);    // server admit, reject
void AddServerLifeCommands(CommandTree& tree);    // server retire/restore/ban/unban/rename/delete
void AddServerImportCommand(CommandTree& tree);   // server import
void AddTokenCommands(CommandTree& tree);         // token create/list/revoke
void AddTokenSnippetCommand(CommandTree& tree);   // token snippet
void AddOperatorCommands(CommandTree& tree);      // operator …, whoami
void AddRolloutCommands(CommandTree& tree);       // rollout …
void AddHubCommands(CommandTree& tree);           // hub list/show/check/accept-shrink
void AddVerificationCommands(CommandTree& tree);  // verify, report
void AddFindingCommands(CommandTree& tree);       // finding …
void AddSweepCommands(CommandTree& tree);         // sweep …
void AddNotifyCommands(CommandTree& tree);        // notify list/show/replay/test
void AddChannelCommands(CommandTree& tree);       // channel set/list/show/remove
void AddSystemCommands(CommandTree& tree);        // system status, audit …, version
void AddEvidenceCommands(CommandTree& tree);      // evidence export/verify/key/script
void AddDoctorCommand(CommandTree& tree);         // doctor
void AddCompletionCommand(CommandTree& tree);     // completion bash/zsh/fish
void AddContextCommands(CommandTree& tree);       // context list/add/use/remove
void AddManCommand(CommandTree& tree);            // man

// "muster explain E-AREA-NAME" with the verb that it leaves out.
std::vector<std::string> WithExplainedCode(std::vector<std::string> args);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_COMMANDS_H_
