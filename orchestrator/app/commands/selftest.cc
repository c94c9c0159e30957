#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "orchestrator/app/command_line.h"
#include "orchestrator/app/commands/commands.h"
#include "orchestrator/selftest/secrets_selftest.h"

namespace muster::app {
namespace {

int RunSelftest(const selftest::SecretsSelftestOptions& options) {
  const auto clean = selftest::RunSecretsSelftest(options, std::cout);
  if (!clean.ok()) return CommandFailed(clean.status());
  std::cout << (*clean
                    ? "No secret was found where it must not be.\n"
                    : "A secret stands where it must not: report it, as docs/security.md says.\n");
  return *clean ? kExitStopped : kExitStartFailed;
}

}  // namespace

Command AddSelftestCommand(CLI::App& program) {
  CLI::App* selftest = program.add_subcommand(
      "selftest", "Run the installed programs apart from all that works here, and look at them.");
  selftest->require_subcommand(1);
  CLI::App* secrets = selftest->add_subcommand(
      "secrets",
      "Plant secrets, do one join, and look for them in process lists, environments, memory, logs, "
      "databases, journals, answers. Exit code 1 when one is found.");
  const auto options = std::make_shared<selftest::SecretsSelftestOptions>();
  secrets
      ->add_option("--programs", options->programs,
                   "Folder of muster and muster-worker [beside this program, else the PATH]")
      ->check(CLI::ExistingDirectory);
  secrets
      ->add_option("--leak", options->leaks,
                   "Plant a leak there as well, to see that it is found and told; may be repeated")
      ->check(CLI::IsMember(selftest::LeakPlaces()));
  secrets->add_flag("--keep", options->keep, "Leave logs, databases and answers for a look");
  return {selftest, [options] { return RunSelftest(*options); }};
}

}  // namespace muster::app
