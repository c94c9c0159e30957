// Everything through which the CLI touches the world beside the network and files that are named to
// it, so that a test can run it in-process.
#ifndef MUSTER_ORCHESTRATOR_CLI_ENVIRONMENT_H_
#define MUSTER_ORCHESTRATOR_CLI_ENVIRONMENT_H_

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace muster::cli {

struct CliEnvironment {
  std::istream& in;
  std::ostream& out;  // Results.
  std::ostream& err;  // Errors, progress, hints.
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 80;                             // Columns of the terminal.
  absl::TimeZone zone = absl::UTCTimeZone();  // Where the person at the terminal is.
  // An environment variable, none when it is not set.
  std::function<std::optional<std::string>(const std::string&)> variable;
  std::function<absl::Time()> now;
  // Blocks for the duration, less when interrupted() turns true.
  std::function<void(absl::Duration)> wait;
  // While on, Ctrl-C sets interrupted() instead of ending the process; a second one ends it.
  std::function<void(bool)> catch_interrupts;
  std::function<bool()> interrupted;
  // Whether the terminal shows what is typed; called only when in_is_terminal.
  std::function<void(bool)> echo;
};

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_ENVIRONMENT_H_
