#include "worker/app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/host_port.h"
#include "base/platform/signals.h"
#include "worker/app/commands.h"
#include "worker/app/service_commands.h"
#include "worker/platform/machine.h"
#include "worker/platform/service_host.h"

namespace muster::worker {
namespace {

std::string DialProblem(const std::string& text) {
  return IsHostPort(text, 1) ? "" : "wants HOST:PORT, such as muster.example:8443";
}

std::string OfPlatform(const std::string& text, const std::string& value) {
  return absl::StrCat(text, " [", value, "]");
}

void AddRunOptions(CLI::App& command, RunFlags& run) {
  command.add_option("--data-dir", run.data_dir,
                     OfPlatform("As for enroll", DefaultDataDirectory()));
  command.add_option(
      "--appdata", run.app_data,
      OfPlatform("The Certify service's app data folder",
                 "$CERTIFY_APPDATA_PATH, else $CERTIFY_APP_DATA, else " + DefaultAppDataFolder()));
  command.add_option("--certify-cli", run.cli, "Path of certify, where a zone allows its use");
  command.add_option("--service-unit", run.service_unit,
                     OfPlatform("What a takeover restarts", DefaultServiceUnit()));
  command.add_option("--service-account", run.service_account,
                     "The Certify service's account, whose files and port are believed besides "
                     "root's [that of the unit]");
  command
      .add_option("--address", run.address, "host:port of the session listener [the enrollment's]")
      ->check(DialProblem);
  command.add_option("--machine-name", run.machine_name,
                     "Report this name instead of the system's");
  command.add_option("--log-format", run.log_format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  command.add_option("--log-level", run.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

// "service", where programs register themselves.
struct ServiceCommands {
  CLI::App* service = nullptr;
  CLI::App* install = nullptr;
  CLI::App* run = nullptr;
  RunFlags flags;

  void AddTo(CLI::App& app) {
    service = app.add_subcommand("service", "The worker as a service of this machine.");
    service->require_subcommand(1);
    install = service->add_subcommand(
        "install", "Register it: started with the machine, restarted when it fails.");
    AddRunOptions(*install, flags);
    service->add_subcommand("uninstall", "Stop it and take it away; its data stays.");
    service->add_subcommand("start", "Start it, and wait until it runs.");
    service->add_subcommand("stop", "Stop it, and wait until it has ended.");
    service->add_subcommand("status", "Print whether it runs; exit code 0 when it does.");
    run = service->add_subcommand("run", "What the service manager starts; not for people.");
    run->group("");
    AddRunOptions(*run, flags);
  }
  // As they were given, for the registered command line.
  std::vector<std::string> GivenFlags() const {
    std::vector<std::string> given;
    for (const CLI::Option* option : install->get_options()) {
      if (option->count() == 0) continue;
      given.push_back(option->get_name());
      given.push_back(option->results().back());
    }
    return given;
  }
};

}  // namespace

int RunCommandLine(std::vector<std::string> arguments) {
  CLI::App app("The Muster worker: joins the Certify service of this machine to its hub.",
               "muster-worker");
  app.set_version_flag("--version", MUSTER_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 stopped, 1 start failed, 2 usage, configuration or not enrolled, 3 journal "
      "lost, 4 ended by a second signal.\n"
      "SIGHUP reads again, while it runs: certificate, key and zone pin in the data directory, and "
      "the log level, from the file log-level there, else --log-level.");

  EnrollFlags enroll;
  CLI::App* enroll_command = app.add_subcommand(
      "enroll", "Exchange a bootstrap token for this machine's certificate. Once per machine.");
  enroll_command
      ->add_option("--token-file", enroll.token_file,
                   "What 'muster token create' wrote; - reads standard input")
      ->required();
  enroll_command->add_option(
      "--data-dir", enroll.data_dir,
      OfPlatform("Where identity and journal are kept", DefaultDataDirectory()));
  enroll_command->add_option("--server-name", enroll.server_name,
                             "Name of the server in the inventory [this machine's name]");
  enroll_command
      ->add_option("--address", enroll.address, "host:port of the bootstrap listener [the token's]")
      ->check(DialProblem);

  RunFlags run;
  CLI::App* run_command =
      app.add_subcommand("run", "Connect to the orchestrator and carry out its commands.");
  AddRunOptions(*run_command, run);

  std::string status_dir;
  CLI::App* status_command = app.add_subcommand("status", "Print who this worker is.");
  status_command->add_option("--data-dir", status_dir,
                             OfPlatform("As for enroll", DefaultDataDirectory()));

  const std::unique_ptr<ServiceHost> host = SystemServiceHost();
  ServiceCommands service;
  if (host != nullptr) service.AddTo(app);

  std::reverse(arguments.begin(), arguments.end());  // As CLI11 takes them.
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  IgnoreFailedWrites();
  if (*enroll_command) return RunEnroll(enroll);
  if (*run_command) return RunWorker(run);
  if (*status_command) return RunStatus(status_dir);
  if (*service.install) return InstallService(*host, service.GivenFlags());
  if (*service.run) return RunService(*host, service.flags);
  return ControlService(*host, service.service->get_subcommands().front()->get_name());
}

}  // namespace muster::worker
