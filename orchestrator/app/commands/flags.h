// The flags of muster-orchestrator's commands: kinds of value that several of them take, each with
// its check, so that a wrong word ends with usage before anything is done.
#ifndef MUSTER_ORCHESTRATOR_APP_COMMANDS_FLAGS_H_
#define MUSTER_ORCHESTRATOR_APP_COMMANDS_FLAGS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/log.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace muster::app {

// Flags of one command that stand together in its help. What they set must outlive the parse; what
// it holds before is the default, and help shows it where it says something.
class FlagGroup {
 public:
  explicit FlagGroup(CLI::App& command, std::string title = "Options")
      : command_(command), title_(std::move(title)) {}

  CLI::Option* Text(const std::string& flag, std::string& target, const std::string& help);
  CLI::Option* Switch(const std::string& flag, bool& target, const std::string& help);
  CLI::Option* Word(const std::string& flag, std::string& target,
                    const std::vector<std::string>& words, const std::string& help);
  // --data-dir, as every command has it.
  CLI::Option* DataDir(std::string& target, const std::string& help);

  // HOST:PORT to listen on (a port of 0: the system's choice), or to dial.
  CLI::Option* Listen(const std::string& flag, std::string& target, const std::string& help);
  CLI::Option* Dial(const std::string& flag, std::string& target, const std::string& help);
  // A host, as it is written in certificates; of a list, any number.
  CLI::Option* Host(const std::string& flag, std::string& target, const std::string& help);
  CLI::Option* Hosts(const std::string& flag, std::vector<std::string>& target,
                     const std::string& help);

  // A whole number from 1 to 1,000,000; 0 before the parse: it is derived.
  CLI::Option* Count(const std::string& flag, int& target, const std::string& help);
  // Above 0.
  CLI::Option* Number(const std::string& flag, double& target, const std::string& help);
  // "250ms", "30s", "5m"; above 0.
  CLI::Option* Duration(const std::string& flag, absl::Duration& target, const std::string& help);
  // How long something is kept or valid: "400d", "36h"; "0": for ever.
  CLI::Option* Retention(const std::string& flag, absl::Duration& target, const std::string& help);

 private:
  CLI::App& command_;
  const std::string title_;
};

// The time that a Retention flag says. False when `text` says none.
bool ParseRetention(const std::string& text, absl::Duration& out);

// How a process that stays writes its log.
struct LogFlags {
  std::string format = "logfmt";
  std::string level = "info";
};
void AddLogFlags(FlagGroup& group, LogFlags& flags);
// From now on the process logs so. The level that was set.
log::Level ConfigureLog(const LogFlags& flags);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_COMMANDS_FLAGS_H_
