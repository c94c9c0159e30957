// The terminal that a process runs on, by operating system.
#ifndef MUSTER_ORCHESTRATOR_CLI_TERMINAL_H_
#define MUSTER_ORCHESTRATOR_CLI_TERMINAL_H_

namespace muster::cli {

enum class StandardStream { kIn = 0, kOut = 1, kErr = 2 };

bool IsTerminal(StandardStream stream);
// Columns of the terminal, 80 when there is none.
int TerminalWidth();
// Whether the terminal shows what is typed.
void SetEcho(bool on);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_TERMINAL_H_
