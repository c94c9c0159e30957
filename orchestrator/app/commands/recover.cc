#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "orchestrator/app/command_line.h"
#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/recover.h"

namespace muster::app {
namespace {

int RunRecover(RecoverOptions options) {
  if (options.out.empty()) {
    options.out =
        absl::StrCat(options.data_dir, "/recovered-",
                     absl::FormatTime("%Y%m%dT%H%M%SZ", SystemClock().Now(), absl::UTCTimeZone()));
  }
  const auto report = RecoverOperator(options, SystemClock(), crypto::SecureRandom());
  if (!report.ok()) return CommandFailed(report.status());
  std::cout << (report->made ? "made         " : "renewed      ") << options.name << " ("
            << report->operator_id << "), provider_admin, certificate until "
            << absl::FormatTime(absl::RFC3339_sec, report->not_after, absl::UTCTimeZone())
            << (report->made ? "" : "; all older ones have ended") << "\nwritten      "
            << options.out << "\nnext         ";
  if (!report->running) {
    std::cout << "muster-orchestrator serve --data-dir " << options.data_dir << "\n             ";
  }
  std::cout << "muster --operator-dir " << options.out << " whoami\n             muster "
            << "--operator-dir " << options.out
            << " operator list   (revoke whom you do not know)\n";
  return kExitStopped;
}

}  // namespace

Command AddRecoverCommand(CLI::App& program) {
  CLI::App* operators = program.add_subcommand(
      "operator", "Operators, for root on this machine; all else is 'muster operator'.");
  operators->require_subcommand(1);
  CLI::App* command = operators->add_subcommand(
      "recover", "Let a provider_admin come in again, when no operator can.");
  const auto options = std::make_shared<RecoverOptions>();
  FlagGroup flags(*command);
  flags.DataDir(options->data_dir, "Of the orchestrator, running or not");
  flags.Text("--admin-socket", options->admin_socket, "[admin.sock in the data directory]");
  flags.Text("--name", options->name,
             "The provider_admin who shall come in again; made if there is none of that name");
  flags.Text("--out", options->out,
             "The operator directory to make [recovered-TIME in the data directory]");
  flags.Retention("--valid-for", options->valid_for, "How long the certificate is valid");
  return {command, [options] { return RunRecover(*options); }};
}

}  // namespace muster::app
