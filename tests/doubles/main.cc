// muster-sim: the doubles of hub and services, and many workers at once, as a program. Called
// `certify`, it is the certify command line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/platform/program_start.h"
#include "base/platform/signals.h"
#include "tests/doubles/http/test_certificate.h"
#include "tests/doubles/hub/hub_double.h"
#include "tests/doubles/service/certify_cli.h"
#include "tests/doubles/service/service_fleet.h"
#include "tests/doubles/workers/worker_fleet.h"

namespace muster::doubles {
namespace {

constexpr int kExitStartFailed = 1;
constexpr int kExitUsage = 2;

int Fail(int code, absl::string_view message) {
  std::cerr << "muster-sim: " << message << std::endl;
  return code;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Whole or not at all, so that who waits for the file reads it complete.
void WriteFile(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream(path + ".new") << text;
  std::error_code ignored;
  std::filesystem::rename(path + ".new", path, ignored);
}

Notification& Stopped() {
  static auto* const stopped = new Notification;
  return *stopped;
}

void WaitForSignal() { Stopped().WaitForNotification(); }

struct Shared {
  std::string listen;
  std::string port_file;
  double speed = 1;
  int heartbeat_ms = 30000;
};

void AddShared(CLI::App& command, Shared& shared) {
  command.add_option("--port-file", shared.port_file, "File to write the port to once it listens");
  command.add_option("--speed", shared.speed, "How many times faster than real time clocks run")
      ->check(CLI::PositiveNumber);
  command.add_option("--heartbeat-ms", shared.heartbeat_ms, "Period of heartbeats")
      ->check(CLI::PositiveNumber);
}

struct HubArguments {
  Shared shared;
  std::string profile = "hub2026";
  std::string tls_cert, tls_key, tls_self_signed;
  std::vector<std::string> keys;
  HubOptions options;
};

int RunHub(HubArguments& arguments) {
  HubOptions& options = arguments.options;
  const std::optional<HubProfile> profile = ParseHubProfile(arguments.profile);
  if (!profile) return Fail(kExitUsage, "--profile is hub2025, hub2026 or hub2026s");
  options.profile = *profile;
  const absl::StatusOr<ListenOptions> listen = ParseListenAddress(arguments.shared.listen);
  if (!listen.ok()) return Fail(kExitUsage, listen.status().message());
  options.listen = *listen;
  for (const std::string& key : arguments.keys) {
    const std::vector<std::string> parts = absl::StrSplit(key, ':');
    if (parts.size() != 3) return Fail(kExitUsage, "--key is <client id>:<secret>:<role>");
    options.keys.push_back({parts[0], parts[1], parts[2]});
  }
  if (!arguments.tls_self_signed.empty()) {
    const absl::StatusOr<TestCertificate> made = MakeTestCertificate(options.listen.host);
    if (!made.ok()) return Fail(kExitStartFailed, made.status().message());
    options.listen.tls_certificate_pem = made->certificate_pem;
    options.listen.tls_key_pem = made->key_pem;
    WriteFile(arguments.tls_self_signed, made->certificate_pem);
  } else if (!arguments.tls_cert.empty()) {
    options.listen.tls_certificate_pem = ReadFile(arguments.tls_cert);
    options.listen.tls_key_pem = ReadFile(arguments.tls_key);
  }
  options.clock = SimClock::Real(arguments.shared.speed);
  options.heartbeat = absl::Milliseconds(arguments.shared.heartbeat_ms);
  const absl::StatusOr<std::unique_ptr<HubDouble>> hub = HubDouble::Start(std::move(options));
  if (!hub.ok()) return Fail(kExitStartFailed, hub.status().message());
  WriteFile(arguments.shared.port_file, absl::StrCat((*hub)->port()));
  std::cout << "hub " << (*hub)->url() << " client-id " << (*hub)->client_id() << std::endl;
  WaitForSignal();
  return 0;
}

struct FleetArguments {
  Shared shared;
  std::string profile = "service2026";
  std::string names_file, control = "127.0.0.1:0", source;
  FleetOptions options;
};

int RunServices(FleetArguments& arguments) {
  FleetOptions& options = arguments.options;
  const std::optional<ServiceProfile> profile = ParseServiceProfile(arguments.profile);
  if (!profile) return Fail(kExitUsage, "--profile is service2025, service2026 or service2026s");
  options.service.profile = *profile;
  const absl::StatusOr<ListenOptions> listen = ParseListenAddress(arguments.shared.listen);
  if (!listen.ok()) return Fail(kExitUsage, listen.status().message());
  options.listen = *listen;
  const absl::StatusOr<ListenOptions> control = ParseListenAddress(arguments.control);
  if (!control.ok()) return Fail(kExitUsage, control.status().message());
  options.control = *control;
  if (!arguments.names_file.empty()) {
    options.names = absl::StrSplit(ReadFile(arguments.names_file), absl::ByAnyChar("\r\n"),
                                   absl::SkipWhitespace());
    if (options.names.empty()) return Fail(kExitUsage, "--names-file holds no names");
  }
  options.source_is_name = arguments.source == "own";
  if (!options.source_is_name) options.service.source = arguments.source;
  options.clock = SimClock::Real(arguments.shared.speed);
  options.heartbeat = absl::Milliseconds(arguments.shared.heartbeat_ms);
  const absl::StatusOr<std::unique_ptr<ServiceFleet>> fleet =
      ServiceFleet::Start(std::move(options));
  if (!fleet.ok()) return Fail(kExitStartFailed, fleet.status().message());
  WriteFile(arguments.shared.port_file, (*fleet)->control_url());
  std::cout << "services " << (*fleet)->size() << " control " << (*fleet)->control_url()
            << std::endl;
  WaitForSignal();
  return 0;
}

struct WorkersArguments {
  std::string list, ready_file;
  WorkerFleetOptions options;
};

int RunWorkers(WorkersArguments& arguments) {
  log::Configure(log::Level::kWarning, log::Format::kLogfmt);
  absl::StatusOr<std::vector<FleetMember>> members = ParseFleetList(ReadFile(arguments.list));
  if (!members.ok()) return Fail(kExitUsage, members.status().message());
  if (members->empty()) return Fail(kExitUsage, "--list names no workers");
  arguments.options.members = *std::move(members);
  const absl::StatusOr<std::unique_ptr<WorkerFleet>> fleet = WorkerFleet::Start(arguments.options);
  if (!fleet.ok()) return Fail(kExitStartFailed, fleet.status().message());
  const std::string ready = absl::StrCat("workers ", (*fleet)->size());
  WriteFile(arguments.ready_file, ready);
  std::cout << ready << std::endl;
  WaitForSignal();
  return 0;
}

int Certify(const std::vector<std::string>& args) {
  const char* const app_data = std::getenv("CERTIFY_APPDATA_PATH");
  return RunCertify(args, app_data == nullptr ? "/usr/share/certify" : app_data, std::cout);
}

int Main(const std::string& called, std::vector<std::string> arguments) {
  IgnoreFailedWrites();
  const auto signals = WatchSignals({.on_stop = [] { Stopped().Notify(); }});

  const std::string name = std::filesystem::path(called).stem().string();
  if (name == "certify") return Certify(arguments);
  CLI::App app{"Doubles of the Certify Management Hub and of local Certify services.",
               "muster-sim"};
  app.require_subcommand(1);

  HubArguments hub;
  hub.shared.listen = "127.0.0.1:0";
  CLI::App* const hub_command = app.add_subcommand("hub", "One management hub");
  AddShared(*hub_command, hub.shared);
  hub_command->add_option("--listen", hub.shared.listen, "Address and port; port 0: any")
      ->capture_default_str();
  hub_command->add_option("--profile", hub.profile, "hub2025, hub2026 or hub2026s")
      ->capture_default_str();
  CLI::Option* const key_file =
      hub_command->add_option("--tls-key", hub.tls_key, "Private key, PEM");
  hub_command->add_option("--tls-cert", hub.tls_cert, "Certificate, PEM: serve https")
      ->needs(key_file);
  hub_command->add_option("--tls-self-signed", hub.tls_self_signed,
                          "Serve https with a new certificate, written to this file");
  hub_command->add_option("--client-id", hub.options.client_id, "Of the joining key")
      ->capture_default_str();
  hub_command->add_option("--client-secret", hub.options.secret, "Of the joining key");
  hub_command->add_option("--key", hub.keys, "A further API token: <client id>:<secret>:<role>");
  hub_command->add_option("--admin-password", hub.options.admin_password, "Of the user admin");
  hub_command->add_option("--title", hub.options.title, "Machine name of the hub's own instance");
  hub_command->add_option("--join-limit", hub.options.join_limit,
                          "register and joincheck calls a minute and source address; 0: no limit");

  FleetArguments fleet;
  fleet.shared.listen = "127.0.0.1:0";
  CLI::App* const fleet_command = app.add_subcommand("services", "Any number of local services");
  AddShared(*fleet_command, fleet.shared);
  fleet_command
      ->add_option("--listen-base", fleet.shared.listen,
                   "Port 0: all there, on ports that the system chooses; else the first of as "
                   "many addresses as there are services, all on this port")
      ->capture_default_str();
  fleet_command->add_option("--count", fleet.options.count, "How many, without --names-file");
  fleet_command->add_option("--names-file", fleet.names_file, "Machine names, one a line");
  fleet_command->add_option("--appdata-root", fleet.options.app_data_root,
                            "Folder for one app data folder per service, by name");
  fleet_command->add_option("--control", fleet.control, "Address and port of the control route");
  fleet_command->add_option("--profile", fleet.profile, "service2025, service2026 or service2026s");
  fleet_command->add_option(
      "--source", fleet.source,
      "Address that the hub's rate limiter sees: any text, or own for one each");
  fleet_command->add_option("--os", fleet.options.service.os,
                            "Operating system reported to the hub");
  fleet_command->add_flag("--windows", fleet.options.service.windows, "Ask callers to negotiate");

  WorkersArguments workers;
  CLI::App* const workers_command =
      app.add_subcommand("workers", "Many workers, the product's own code, in one process");
  workers_command
      ->add_option("--list", workers.list,
                   "One worker a line: server name, token file, app data folder of its service")
      ->required()
      ->check(CLI::ExistingFile);
  workers_command
      ->add_option("--data-root", workers.options.data_root,
                   "Folder for one data directory per worker, by name")
      ->required();
  workers_command->add_option("--ready-file", workers.ready_file,
                              "File to write once all are enrolled and started");
  workers_command
      ->add_option("--threads", workers.options.blocking_threads, "How many joins may run at once")
      ->capture_default_str();

  CLI::App* const certify = app.add_subcommand(
      "certify",
      "The certify command line: hub join <url> <client id> <secret>; finds its service by "
      "CERTIFY_APPDATA_PATH");
  certify->prefix_command();

  // CLI11 reports by exception; help is one too.
  try {
    std::reverse(arguments.begin(), arguments.end());  // As CLI11 takes them.
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (*hub_command) return RunHub(hub);
  if (*fleet_command) return RunServices(fleet);
  if (*workers_command) return RunWorkers(workers);
  return Certify(certify->remaining());
}

}  // namespace
}  // namespace muster::doubles

int main(int argc, char** argv) {
  const std::vector<std::string> arguments = muster::StartProgram(argc, argv);
  return muster::doubles::Main(argv[0], arguments);
}
