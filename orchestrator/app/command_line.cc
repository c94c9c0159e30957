#include "orchestrator/app/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/orchestrator.h"
#include "orchestrator/app/signals.h"

namespace muster::app {
namespace {

constexpr char kDefaultDataDir[] = "/var/lib/muster";

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "muster-orchestrator: " << status.message() << "\n";
  return exit_code;
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

int RunInit(InitOptions options) {
  if (options.addresses.empty()) options.addresses.push_back(HostName());
  if (options.admin_address.empty()) {
    options.admin_address = absl::StrCat(options.addresses.front(), ":8445");
  }
  const auto report = InitDataDirectory(options, SystemClock(), crypto::SecureRandom());
  if (!report.ok()) return Fail(report.status(), kExitStartFailed);
  std::cout << "initialized  " << options.data_dir << "\nCA           " << report->ca_fingerprint
            << "\noperator     " << options.operator_name << " (" << report->operator_id
            << "), provider_admin, certificate for one year in " << report->operator_dir
            << "\nnext         muster-orchestrator serve --data-dir " << options.data_dir
            << "\n             muster --operator-dir " << report->operator_dir
            << " system status\nkeep         " << options.data_dir << "/ca and " << options.data_dir
            << "/master.key in a backup of their own\n";
  return kExitStopped;
}

absl::Status WritePortFile(const std::string& path, const Endpoints& at) {
  const nlohmann::json json = {{"session", at.session_port},
                               {"bootstrap", at.bootstrap_port},
                               {"admin", at.admin_port},
                               {"session_address", at.session_address},
                               {"bootstrap_address", at.bootstrap_address},
                               {"admin_address", at.admin_address},
                               {"admin_socket", at.admin_socket},
                               {"pid", getpid()}};
  return ReplaceFile(path, json.dump(2) + "\n");
}

int RunServe(OrchestratorOptions options, const std::string& port_file) {
  HoldStopSignals();
  auto orchestrator = Orchestrator::Create(std::move(options));
  if (!orchestrator.ok()) return Fail(orchestrator.status(), kExitStartFailed);
  if (!port_file.empty()) {
    const absl::Status written = WritePortFile(port_file, (*orchestrator)->endpoints());
    if (!written.ok()) return Fail(Annotate(written, "--port-file"), kExitStartFailed);
  }
  AwaitStopSignal(kExitForced);
  log::Info("stopping");
  (*orchestrator)->Stop();
  log::Info("stopped");
  return (*orchestrator)->store_lost() ? kExitStoreLost : kExitStopped;
}

// A duration as text: "250ms", "30s", "5m".
CLI::Option* AddDuration(CLI::App* app, const std::string& flag, absl::Duration& target,
                         const std::string& help) {
  const auto positive = [](const std::string& text) -> std::string {
    absl::Duration parsed;
    const bool ok = absl::ParseDuration(text, &parsed) && parsed > absl::ZeroDuration();
    return ok ? "" : "wants a positive duration such as 250ms, 30s or 5m";
  };
  return app
      ->add_option_function<std::string>(
          flag, [&target](const std::string& text) { absl::ParseDuration(text, &target); }, help)
      ->check(positive)
      ->default_str(absl::FormatDuration(target))
      ->type_name("DURATION");
}

std::string NumberProblem(const std::string& text) {
  double number = 0;
  const bool ok = absl::SimpleAtod(text, &number) && number > 0 && number <= 1e9;
  return ok ? "" : "wants a number above 0";
}

std::string HostPortProblem(const std::string& text, int smallest_port) {
  return IsHostPort(text, smallest_port)
             ? ""
             : absl::StrCat("wants HOST:PORT with a port from ", smallest_port, " to 65535");
}
std::string ListenProblem(const std::string& text) { return HostPortProblem(text, 0); }
std::string DialProblem(const std::string& text) { return HostPortProblem(text, 1); }

void DescribeInit(CLI::App* init, InitOptions& options) {
  options.data_dir = kDefaultDataDir;
  init->add_option("--data-dir", options.data_dir, "The directory to make")->capture_default_str();
  init->add_option("--address", options.addresses,
                   "Names and IP addresses by which workers and operators reach this orchestrator; "
                   "the first is handed out [this machine's name]");
  init->add_option("--operator-name", options.operator_name, "Name of the first operator")
      ->capture_default_str();
  init->add_option("--admin-address", options.admin_address,
                   "host:port for the operator directory [the first address, port 8445]")
      ->check(DialProblem);
}

struct ServeFlags {
  OrchestratorOptions options;
  std::string port_file;
  std::string log_format = "logfmt";
  std::string log_level = "info";
  absl::Duration verify_poll = core::VerifyOptions().poll_interval;
};

void DescribeServe(CLI::App* serve, ServeFlags& flags) {
  OrchestratorOptions& o = flags.options;
  o.data_dir = kDefaultDataDir;
  serve->add_option("--data-dir", o.data_dir, "As made by init")->capture_default_str();
  const char* listen = "Listeners";
  serve->add_option("--session-listen", o.session_listen, "Workers, mutual TLS")
      ->check(ListenProblem)
      ->capture_default_str()
      ->group(listen);
  serve->add_option("--bootstrap-listen", o.bootstrap_listen, "Machines with a bootstrap token")
      ->check(ListenProblem)
      ->capture_default_str()
      ->group(listen);
  serve->add_option("--admin-listen", o.admin_listen, "Operators, mutual TLS")
      ->check(ListenProblem)
      ->capture_default_str()
      ->group(listen);
  serve
      ->add_option("--admin-socket", o.admin_socket,
                   "Unix socket for root on this machine [admin.sock in the data directory]")
      ->group(listen);
  serve
      ->add_option("--public-address", o.public_address,
                   "Host that workers and operators dial [the first --address of init]")
      ->group(listen);
  serve
      ->add_option("--public-session-address", o.public_session_address,
                   "host:port of the session listener as workers see it")
      ->check(DialProblem)
      ->group(listen);
  serve
      ->add_option("--public-bootstrap-address", o.public_bootstrap_address,
                   "host:port of the bootstrap listener as workers see it")
      ->check(DialProblem)
      ->group(listen);
  serve
      ->add_option("--public-admin-address", o.public_admin_address,
                   "host:port of the admin listener as operators see it")
      ->check(DialProblem)
      ->group(listen);
  serve
      ->add_option("--port-file", flags.port_file,
                   "Write the actual ports and addresses here, as JSON, once all listen")
      ->group(listen);
  serve
      ->add_option("--bootstrap-rate-per-minute", o.bootstrap_calls_per_minute,
                   "Bootstrap calls a minute of one source address")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(listen);

  const char* work = "Work";
  serve
      ->add_option("--join-rate-per-minute", o.core.pacing.initial_joins_per_minute,
                   "Joins a minute to begin with, per hub and egress address; grows with success")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(work);
  serve
      ->add_option("--join-rate-limit", o.core.pacing.max_joins_per_minute,
                   "Joins a minute at most, per hub and egress address")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(work);
  serve->add_option("--max-attempts", o.core.retry.max_attempts, "Tries of one target")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(work);
  AddDuration(serve, "--retry-first", o.core.retry.backoff.first, "First wait before a retry")
      ->group(work);
  AddDuration(serve, "--join-timeout", o.core.dispatch.join_timeout,
              "From a join's sending to its result")
      ->group(work);
  AddDuration(serve, "--verify-poll", flags.verify_poll, "Between readings of a hub while waiting")
      ->group(work);
  AddDuration(serve, "--verify-deadline", o.core.verify.verify_deadline,
              "A claim that no hub confirms for so long has failed")
      ->group(work);
  AddDuration(serve, "--heartbeat-interval", o.sessions.heartbeat_interval,
              "Of workers; three missed end a session")
      ->group(work);
  AddDuration(serve, "--stop-deadline", o.stop_deadline, "For calls that run when it stops")
      ->group(work);

  serve->add_option("--log-format", flags.log_format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  serve->add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

int Serve(ServeFlags flags) {
  log::Level level = log::Level::kInfo;
  if (flags.log_level == "debug") level = log::Level::kDebug;
  if (flags.log_level == "warning") level = log::Level::kWarning;
  if (flags.log_level == "error") level = log::Level::kError;
  log::Configure(level, flags.log_format == "json" ? log::Format::kJson : log::Format::kLogfmt);
  core::VerifyOptions& verify = flags.options.core.verify;
  verify.poll_interval = flags.verify_poll;
  verify.poll_first = std::min(verify.poll_first, flags.verify_poll);
  verify.poll_interval_failing = std::max(verify.poll_interval_failing, flags.verify_poll);
  auto& pacing = flags.options.core.pacing;
  pacing.initial_joins_per_minute =
      std::min(pacing.initial_joins_per_minute, pacing.max_joins_per_minute);
  return RunServe(std::move(flags.options), flags.port_file);
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app("The Muster orchestrator: inventory, decisions and proof for a fleet.");
  app.set_version_flag("--version", MUSTER_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 stopped, 1 start failed, 2 usage, 3 store lost while running, 4 ended by a "
      "second signal.");
  InitOptions init_options;
  ServeFlags serve_flags;
  CLI::App* init = app.add_subcommand(
      "init", "Make the data directory: database, certificate authority, master key, operator.");
  DescribeInit(init, init_options);
  CLI::App* serve = app.add_subcommand("serve", "Run until SIGINT or SIGTERM.");
  DescribeServe(serve, serve_flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  IgnoreFailedWrites();
  return *init ? RunInit(std::move(init_options)) : Serve(std::move(serve_flags));
}

}  // namespace muster::app
