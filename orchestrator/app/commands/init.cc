#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/host_port.h"
#include "orchestrator/app/command_line.h"
#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/data_directory.h"

namespace muster::app {
namespace {

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

int RunInit(InitOptions options) {
  if (options.addresses.empty()) options.addresses.push_back(HostName());
  if (options.admin_address.empty()) {
    options.admin_address = HostPort{options.addresses.front(), 8445}.ToString();
  }
  const auto report = InitDataDirectory(options, SystemClock(), crypto::SecureRandom());
  if (!report.ok()) return CommandFailed(report.status());
  std::cout << "initialized  " << options.data_dir << "\nCA           " << report->ca_fingerprint
            << "\nevidence key " << report->evidence_fingerprint << "\noperator     "
            << options.operator_name << " (" << report->operator_id
            << "), provider_admin, certificate for one year in " << report->operator_dir
            << "\nnext         muster-orchestrator serve --data-dir " << options.data_dir
            << "\n             muster --operator-dir " << report->operator_dir
            << " system status\nkeep         " << options.data_dir
            << "/master.key in a place of its own, and all else with\n"
               "             muster-orchestrator backup --data-dir "
            << options.data_dir << " --out FILE\n";
  return kExitStopped;
}

}  // namespace

Command AddInitCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "init", "Make the data directory: database, certificate authority, master key, operator.");
  const auto options = std::make_shared<InitOptions>();
  FlagGroup flags(*command);
  flags.DataDir(options->data_dir, "The directory to make");
  flags.Hosts("--address", options->addresses,
              "Names and IP addresses by which workers and operators reach this orchestrator; the "
              "first is handed out [this machine's name]");
  flags.Text("--operator-name", options->operator_name, "Name of the first operator");
  flags.Dial("--admin-address", options->admin_address,
             "host:port for the operator directory [the first address, port 8445]");
  return {command, [options] { return RunInit(*options); }};
}

}  // namespace muster::app
