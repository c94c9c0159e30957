// What may stand next in a command line: the shells' scripts ask for it with every tab.
//
//   words before the cursor ─► command, flag or argument that is due ─► verbs · flags · a fixed set
//                                                                      · names of the orchestrator
//                                                                      · files
//
// Silent about everything that goes wrong: a completion that prints errors is worse than none.
#ifndef MUSTER_ORCHESTRATOR_CLI_COMPLETION_H_
#define MUSTER_ORCHESTRATOR_CLI_COMPLETION_H_

#include <string>
#include <vector>

#include "orchestrator/cli/context.h"

namespace CLI {
class App;
}

namespace muster::cli {

// The candidates for the last of `words`, which may be empty; those before it are the command line
// behind "muster". ":files" or ":directories" alone: the shell knows better. Asks the orchestrator
// that the words themselves name, for names.
std::vector<std::string> Complete(const CLI::App& root, const std::vector<std::string>& words,
                                  CliEnvironment& environment);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_COMPLETION_H_
