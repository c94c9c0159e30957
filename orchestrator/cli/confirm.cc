#include "orchestrator/cli/confirm.h"

#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::cli {

void AddYesFlag(CLI::App& verb, bool& yes) {
  verb.add_flag("--yes", yes, "Do not ask; without a terminal it is wanted");
}

absl::Status Confirm(Context& context, bool yes, absl::string_view what) {
  if (yes) return absl::OkStatus();
  CliEnvironment& environment = context.environment();
  if (!environment.in_is_terminal) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " Nothing was changed; say --yes to go on"));
  }
  environment.err << what << " Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(environment.in, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  if (answer == "y" || answer == "yes") return absl::OkStatus();
  return absl::InvalidArgumentError("nothing was changed");
}

}  // namespace muster::cli
