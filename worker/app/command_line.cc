#include "worker/app/command_line.h"

#include <CLI/CLI.hpp>

#include "base/host_port.h"
#include "base/platform/signals.h"
#include "worker/app/commands.h"

namespace muster::worker {
namespace {

std::string DialProblem(const std::string& text) {
  return IsHostPort(text, 1) ? "" : "wants HOST:PORT, such as muster.example:8443";
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app("The Muster worker: joins the Certify service of this machine to its hub.");
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
  enroll_command->add_option("--data-dir", enroll.data_dir,
                             "Where identity and journal are kept [/var/lib/muster-worker]");
  enroll_command->add_option("--server-name", enroll.server_name,
                             "Name of the server in the inventory [this machine's name]");
  enroll_command
      ->add_option("--address", enroll.address, "host:port of the bootstrap listener [the token's]")
      ->check(DialProblem);

  RunFlags run;
  CLI::App* run_command =
      app.add_subcommand("run", "Connect to the orchestrator and carry out its commands.");
  run_command->add_option("--data-dir", run.data_dir, "As for enroll [/var/lib/muster-worker]");
  run_command->add_option(
      "--appdata", run.app_data,
      "The Certify service's app data folder [$CERTIFY_APPDATA_PATH, else $CERTIFY_APP_DATA, else "
      "/usr/share/certify]");
  run_command->add_option("--certify-cli", run.cli, "Path of certify, where a zone allows its use");
  run_command->add_option("--service-unit", run.service_unit,
                          "What a takeover restarts [certify-agent.service]");
  run_command->add_option(
      "--service-account", run.service_account,
      "The Certify service's account, whose files and port are believed besides "
      "root's [that of the unit]");
  run_command
      ->add_option("--address", run.address, "host:port of the session listener [the enrollment's]")
      ->check(DialProblem);
  run_command->add_option("--machine-name", run.machine_name,
                          "Report this name instead of the system's");
  run_command->add_option("--log-format", run.log_format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  run_command->add_option("--log-level", run.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();

  std::string status_dir;
  CLI::App* status_command = app.add_subcommand("status", "Print who this worker is.");
  status_command->add_option("--data-dir", status_dir, "As for enroll [/var/lib/muster-worker]");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  IgnoreFailedWrites();
  if (*enroll_command) return RunEnroll(enroll);
  return *run_command ? RunWorker(run) : RunStatus(status_dir);
}

}  // namespace muster::worker
