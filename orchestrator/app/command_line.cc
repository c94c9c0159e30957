// One file because the commands share the checks of their flags.
#include "orchestrator/app/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/platform/signals.h"
#include "orchestrator/app/backup.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/disk_space.h"
#include "orchestrator/app/door_process.h"
#include "orchestrator/app/health_command.h"
#include "orchestrator/app/older_note.h"
#include "orchestrator/app/recover.h"
#include "orchestrator/app/run_serve.h"

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
    options.admin_address = HostPort{options.addresses.front(), 8445}.ToString();
  }
  const auto report = InitDataDirectory(options, SystemClock(), crypto::SecureRandom());
  if (!report.ok()) return Fail(report.status(), kExitStartFailed);
  std::cout << "initialized  " << options.data_dir << "\nCA           " << report->ca_fingerprint
            << "\noperator     " << options.operator_name << " (" << report->operator_id
            << "), provider_admin, certificate for one year in " << report->operator_dir
            << "\nnext         muster-orchestrator serve --data-dir " << options.data_dir
            << "\n             muster --operator-dir " << report->operator_dir
            << " system status\nkeep         " << options.data_dir
            << "/master.key in a place of its own, and all else with\n"
               "             muster-orchestrator backup --data-dir "
            << options.data_dir << " --out FILE\n";
  return kExitStopped;
}

// How long something is kept: "400d", "36h"; "0": for ever.
bool ParseRetention(const std::string& text, absl::Duration& out) {
  int64_t days = 0;
  if (!text.empty() && text.back() == 'd' &&
      absl::SimpleAtoi(absl::string_view(text).substr(0, text.size() - 1), &days)) {
    out = absl::Hours(24) * days;
    return days >= 0 && days <= 36'500;
  }
  return absl::ParseDuration(text, &out) && out >= absl::ZeroDuration();
}

CLI::Option* RetentionOf(CLI::App* app, const std::string& flag, absl::Duration& target,
                         const std::string& help) {
  const auto check = [](const std::string& text) -> std::string {
    absl::Duration parsed;
    return ParseRetention(text, parsed) ? "" : "wants a time such as 90d or 36h, or 0 for ever";
  };
  return app
      ->add_option_function<std::string>(
          flag, [&target](const std::string& text) { ParseRetention(text, target); }, help)
      ->check(check)
      ->default_str(absl::StrCat(absl::ToInt64Hours(target) / 24, "d"))
      ->type_name("TIME");
}

// Invariant 2.
std::string CommandMemoryProblem(const std::string& text) {
  absl::Duration parsed;
  const bool ok = ParseRetention(text, parsed) && parsed >= absl::Hours(24 * 7);
  return ok ? "" : "must be at least 7d: a worker may repeat what it has until then";
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

std::string CountProblem(const std::string& text) {
  int number = 0;
  const bool ok = absl::SimpleAtoi(text, &number) && number > 0 && number <= 1'000'000;
  return ok ? "" : "wants a whole number from 1 to 1000000";
}
CLI::Option* AddCount(CLI::App* app, const std::string& flag, int& target,
                      const std::string& help) {
  return app->add_option(flag, target, help)->check(CountProblem);
}
std::string HandshakeTimeoutProblem(const std::string& text) {
  absl::Duration parsed;
  const bool ok = absl::ParseDuration(text, &parsed) && parsed >= absl::Seconds(1) &&
                  parsed <= absl::Minutes(1);
  return ok ? "" : "wants a duration from 1s to 1m";
}

std::string HostPortProblem(const std::string& text, int smallest_port) {
  const auto parsed = ParseHostPort(text, smallest_port);
  return parsed.ok() ? ""
                     : absl::StrCat("wants HOST:PORT with a port from ", smallest_port,
                                    " to 65535: ", parsed.status().message());
}
std::string HostProblem(const std::string& text) {
  const auto host = ParseHostAlone(text);
  return host.ok() ? ""
                   : absl::StrCat("wants a host name or an IP address: ", host.status().message());
}
// An option that takes a host, as it is written in certificates.
CLI::Option* AddHost(CLI::Option* option) {
  return option->check(HostProblem)->transform([](const std::string& text) {
    return ParseHostAlone(text).value_or(text);
  });
}
std::string ListenProblem(const std::string& text) { return HostPortProblem(text, 0); }
std::string DialProblem(const std::string& text) { return HostPortProblem(text, 1); }

void DescribeInit(CLI::App* init, InitOptions& options) {
  options.data_dir = kDefaultDataDir;
  init->add_option("--data-dir", options.data_dir, "The directory to make")->capture_default_str();
  AddHost(init->add_option("--address", options.addresses,
                           "Names and IP addresses by which workers and operators reach this "
                           "orchestrator; the first is handed out [this machine's name]"));
  init->add_option("--operator-name", options.operator_name, "Name of the first operator")
      ->capture_default_str();
  init->add_option("--admin-address", options.admin_address,
                   "host:port for the operator directory [the first address, port 8445]")
      ->check(DialProblem);
}

// What was found, for people; the first line says it all.
void Print(const char* verdict, const std::string& what, const BackupFacts& facts) {
  std::cout << verdict << what << "\ntime         "
            << absl::FormatTime(absl::RFC3339_sec, facts.time, absl::UTCTimeZone())
            << "\nversion      Muster " << facts.muster_version << ", schema "
            << facts.schema_version << "\naudit log    " << facts.audit_events
            << " events, chain intact\nmaster key   "
            << (facts.has_master_key ? "in it" : "not in it") << "\n";
}

void DescribeBackup(CLI::App* backup, BackupOptions& options) {
  options.data_dir = kDefaultDataDir;
  backup->add_option("--data-dir", options.data_dir, "The directory to copy; it may be in use")
      ->capture_default_str();
  backup->add_option("--out", options.file, "The file to make; must not exist")->required();
  backup->add_flag("--with-master-key", options.with_master_key,
                   "Put master.key in as well: the file alone then opens every joining key");
}

int RunBackup(const BackupOptions& options) {
  const auto made = MakeBackup(options, SystemClock(), crypto::SecureRandom());
  if (!made.ok()) return Fail(made.status(), kExitStartFailed);
  Print("backed up    ", options.file, *made);
  std::cout << "keep         it as you keep a private key: the certificate authority's is in it\n";
  if (!made->has_master_key) {
    std::cout << "also keep    the master key, apart from it: a restore asks for it\n";
  }
  return kExitStopped;
}

void DescribeRestore(CLI::App* restore, RestoreOptions& options) {
  options.data_dir = kDefaultDataDir;
  restore->add_option("--from", options.file, "A file that 'backup' made")->required();
  restore
      ->add_option("--data-dir", options.data_dir,
                   "The directory to make; must not exist, or be "
                   "empty")
      ->capture_default_str();
  restore->add_option("--master-key-file", options.master_key_file,
                      "The master key of that time [in the backup, or where serve looks]");
}

int RunRestore(const RestoreOptions& options) {
  const auto restored = RestoreBackup(options, SystemClock(), crypto::SecureRandom());
  if (!restored.ok()) return Fail(restored.status(), kExitStartFailed);
  Print("restored     ", options.data_dir, restored->backup);
  std::cout << "generation   " << restored->generation
            << "\nnext         muster-orchestrator serve "
            << "--data-dir " << options.data_dir << "\n";
  if (!restored->master_key_kept) {
    std::cout << "             with the master key that this restore was given from outside\n";
  }
  std::cout << "             muster doctor   (workers come back by themselves; what happened after "
               "the\n             backup is settled with them and with the hubs)\n";
  return kExitStopped;
}

struct CheckFlags {
  std::string backup;
  std::string data_dir;
};

void DescribeCheck(CLI::App* check, CheckFlags& flags) {
  auto* what = check->add_option_group("what");
  what->add_option("--backup", flags.backup, "A file that 'backup' made");
  what->add_option("--data-dir", flags.data_dir, "A data directory that no process works in");
  what->require_option(1);
}

int RunCheck(const CheckFlags& flags) {
  const bool file = !flags.backup.empty();
  const auto checked =
      file ? CheckBackup(flags.backup, SystemClock(), crypto::SecureRandom())
           : CheckDataDirectory(flags.data_dir, SystemClock(), crypto::SecureRandom());
  if (!checked.ok()) return Fail(checked.status(), kExitStartFailed);
  Print("whole        ", file ? flags.backup : flags.data_dir, *checked);
  const auto older = file ? std::nullopt : LoadOlderNote(flags.data_dir);
  if (older.has_value()) {
    std::cout << "put back     " << CheckOfOlderNote(*older, older->time).seen << "\n";
  }
  return kExitStopped;
}

struct HealthFlags {
  std::string data_dir = kDefaultDataDir;
  std::string socket;
  absl::Duration timeout = absl::Seconds(10);
};

int RunHealth(const HealthFlags& flags) {
  const HealthAnswer answer =
      AskHealth(flags.socket.empty() ? DataPaths(flags.data_dir).admin_socket() : flags.socket,
                flags.timeout);
  std::cout << answer.line << "\n";
  return answer.ready ? kExitStopped : kExitStartFailed;
}

void DescribeRecover(CLI::App* recover, RecoverOptions& options) {
  options.data_dir = kDefaultDataDir;
  recover->add_option("--data-dir", options.data_dir, "Of the orchestrator, running or not")
      ->capture_default_str();
  recover->add_option("--admin-socket", options.admin_socket, "[admin.sock in the data directory]");
  recover
      ->add_option("--name", options.name,
                   "The provider_admin who shall come in again; made if there is none of that name")
      ->capture_default_str();
  recover->add_option("--out", options.out,
                      "The operator directory to make [recovered-TIME in the data directory]");
  RetentionOf(recover, "--valid-for", options.valid_for, "How long the certificate is valid");
}

int RunRecover(RecoverOptions options) {
  if (options.out.empty()) {
    options.out =
        absl::StrCat(options.data_dir, "/recovered-",
                     absl::FormatTime("%Y%m%dT%H%M%SZ", SystemClock().Now(), absl::UTCTimeZone()));
  }
  const auto report = RecoverOperator(options, SystemClock(), crypto::SecureRandom());
  if (!report.ok()) return Fail(report.status(), kExitStartFailed);
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

struct ServeFlags {
  OrchestratorOptions options;
  std::string port_file;
  std::string log_format = "logfmt";
  std::string log_level = "info";
  absl::Duration verify_poll = core::VerifyOptions().poll_interval;
  absl::Duration store_lost_linger = absl::Seconds(5);
  double disk_warning_mib = 512;
  bool no_door = false;
  int door_memory_mib = 128;
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
  AddHost(serve->add_option("--public-address", o.public_address,
                            "Host that workers and operators dial [the first --address of init]"))
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
      ->add_option("--health-listen", o.health_listen,
                   "Plain HTTP for /healthz and /readyz, on an IP address such as 127.0.0.1:8446 "
                   "[none]")
      ->check(ListenProblem)
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

  net::ConnectionOptions& c = o.connections;
  const char* connections = "Connections (docs/configuration.md)";
  AddCount(serve, "--max-sessions", c.sessions,
           "Connections to the session listener [what the limit of open files leaves]")
      ->group(connections);
  AddCount(serve, "--max-sessions-per-address", c.sessions_per_address,
           "Of these, of one address [half of them]")
      ->group(connections);
  AddCount(serve, "--max-sessions-per-subnet", c.sessions_per_subnet,
           "Of these, of one /64 of IPv6 [as of one address]")
      ->group(connections);
  AddCount(serve, "--max-bootstraps", c.bootstraps,
           "Connections to the bootstrap listener [an eighth of the open files, at most 1024]")
      ->group(connections);
  AddCount(serve, "--max-admins", c.admins,
           "Connections to the admin listener [a sixteenth of the open files, at most 256]")
      ->group(connections);
  AddCount(serve, "--max-handshakes", c.handshakes, "TLS handshakes at once, per listener")
      ->capture_default_str()
      ->group(connections);
  serve
      ->add_option("--connections-per-second", c.turns_per_second,
                   "New connections that get their turn, per listener; others wait for it")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(connections);
  AddDuration(serve, "--handshake-timeout", c.handshake_timeout,
              "For TLS and the first words of HTTP/2; 1s to 1m")
      ->check(HandshakeTimeoutProblem)
      ->group(connections);

  serve
      ->add_flag("--no-door", flags.no_door,
                 "Listen for machines with a token in this process instead of one of its own")
      ->group(connections);
  serve
      ->add_option("--door-user", o.door.user,
                   "Whom that process becomes when the orchestrator is root")
      ->capture_default_str()
      ->group(connections);
  serve
      ->add_option("--door-memory-mib", flags.door_memory_mib,
                   "What that process may use beyond its start; then it is started again")
      ->check(CLI::Range(32, 65536))
      ->capture_default_str()
      ->group(connections);

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
  AddDuration(serve, "--store-lost-linger", flags.store_lost_linger,
              "Reads are answered so long after the store was lost; then it ends with 3")
      ->group(work);
  AddDuration(serve, "--self-check-interval", o.self_check_interval,
              "Between two looks at listeners, disk and certificates")
      ->group(work);
  AddDuration(serve, "--backup-age-warning", o.backup_age_warning,
              "A newest backup that is older is warned of")
      ->group(work);
  serve
      ->add_option("--disk-warning-mib", flags.disk_warning_mib,
                   "Warn when the data directory's disk has fewer MiB free")
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(work);

  const char* keep = "Retention (docs/operations.md)";
  RetentionOf(serve, "--keep-audit", o.core.retention.audit, "Audit events")->group(keep);
  serve
      ->add_option("--keep-audit-events", o.core.retention.audit_events,
                   "The newest audit events, however young the others are; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(keep);
  RetentionOf(serve, "--keep-rollouts", o.core.retention.rollouts,
              "Finished rollouts with their targets")
      ->group(keep);
  RetentionOf(serve, "--keep-commands", o.core.dispatch.command_memory,
              "Commands and attempts after their expiry; at least 7d")
      ->check(CommandMemoryProblem)
      ->group(keep);
  RetentionOf(serve, "--keep-refusals", o.core.retention.refusals, "Refused bootstrap calls")
      ->group(keep);
  RetentionOf(serve, "--keep-request-ids", o.core.retention.request_ids,
              "Ids of requests, for those who ask again")
      ->group(keep);
  RetentionOf(serve, "--keep-tokens", o.core.retention.tokens, "Tokens after their expiry")
      ->group(keep);
  RetentionOf(serve, "--keep-certificates", o.core.retention.certificates,
              "Workers' certificates after their end; a server's newest stays")
      ->group(keep);

  serve->add_flag("--new-master-key", o.new_master_key,
                  "Start although no secret opens: the master key was lost and is another one now");
  serve->add_option("--log-format", flags.log_format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  serve->add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

void DescribeHealth(CLI::App* health, HealthFlags& flags) {
  health->add_option("--data-dir", flags.data_dir, "Of the orchestrator that runs")
      ->capture_default_str();
  health->add_option("--admin-socket", flags.socket, "[admin.sock in the data directory]");
  AddDuration(health, "--timeout", flags.timeout, "For the answer");
}

struct DoorFlags {
  DoorArguments arguments;
  std::string log_format = "logfmt";
  std::string log_level = "info";
};

// Started by serve; no command for people.
CLI::App* DescribeDoor(CLI::App& app, DoorFlags& flags) {
  CLI::App* door = app.add_subcommand("door", "Of serve itself.")->group("");
  door->add_option("--parent", flags.arguments.parent)->required();
  door->add_option("--listeners", flags.arguments.listeners)->check(CLI::Range(1, 32))->required();
  door->add_option("--log-format", flags.log_format);
  door->add_option("--log-level", flags.log_level);
  return door;
}

int Door(const DoorFlags& flags) {
  log::Configure(log::FindLevel(flags.log_level).value_or(log::Level::kInfo),
                 flags.log_format == "json" ? log::Format::kJson : log::Format::kLogfmt);
  return RunDoor(flags.arguments);
}

int Serve(ServeFlags flags) {
  const log::Level level = log::FindLevel(flags.log_level).value_or(log::Level::kInfo);
  log::Configure(level, flags.log_format == "json" ? log::Format::kJson : log::Format::kLogfmt);
  core::VerifyOptions& verify = flags.options.core.verify;
  verify.poll_interval = flags.verify_poll;
  verify.poll_first = std::min(verify.poll_first, flags.verify_poll);
  verify.poll_interval_failing = std::max(verify.poll_interval_failing, flags.verify_poll);
  flags.options.disk_warning_bytes =
      static_cast<int64_t>(flags.disk_warning_mib * static_cast<double>(kMebibyte));
  DoorOptions& door = flags.options.door;
  if (!flags.no_door) door.program = "/proc/self/exe";
  door.memory_bytes = int64_t{flags.door_memory_mib} << 20;
  door.more_arguments = {"--log-format", flags.log_format};
  auto& pacing = flags.options.core.pacing;
  pacing.initial_joins_per_minute =
      std::min(pacing.initial_joins_per_minute, pacing.max_joins_per_minute);
  return RunServe({std::move(flags.options), flags.port_file, flags.store_lost_linger, level});
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app("The Muster orchestrator: inventory, decisions and proof for a fleet.");
  app.set_version_flag("--version", MUSTER_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done or stopped, 1 failed to start, 2 usage, 3 store lost while running, 4 "
      "ended by a "
      "second signal, 5 a listener lost while running.");
  InitOptions init_options;
  ServeFlags serve_flags;
  CLI::App* init = app.add_subcommand(
      "init", "Make the data directory: database, certificate authority, master key, operator.");
  DescribeInit(init, init_options);
  CLI::App* serve = app.add_subcommand("serve", "Run until SIGINT or SIGTERM.");
  DescribeServe(serve, serve_flags);
  BackupOptions backup_options;
  CLI::App* backup = app.add_subcommand(
      "backup", "Write everything to one verified file, while the orchestrator runs or not.");
  DescribeBackup(backup, backup_options);
  RestoreOptions restore_options;
  CLI::App* restore =
      app.add_subcommand("restore", "Make a data directory out of a backup; overwrites nothing.");
  DescribeRestore(restore, restore_options);
  HealthFlags health_flags;
  CLI::App* health = app.add_subcommand(
      "health", "Say in one line whether the orchestrator on this machine is ready; 0 or 1.");
  DescribeHealth(health, health_flags);
  CheckFlags check_flags;
  CLI::App* check = app.add_subcommand("check", "Verify a backup or a data directory, offline.");
  DescribeCheck(check, check_flags);
  RecoverOptions recover_options;
  CLI::App* operators = app.add_subcommand(
      "operator", "Operators, for root on this machine; all else is 'muster operator'.");
  operators->require_subcommand(1);
  CLI::App* recover = operators->add_subcommand(
      "recover", "Let a provider_admin come in again, when no operator can.");
  DescribeRecover(recover, recover_options);
  DoorFlags door_flags;
  CLI::App* door = DescribeDoor(app, door_flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  IgnoreFailedWrites();
  if (*init) return RunInit(std::move(init_options));
  if (*backup) return RunBackup(backup_options);
  if (*restore) return RunRestore(restore_options);
  if (*health) return RunHealth(health_flags);
  if (*check) return RunCheck(check_flags);
  if (*recover) return RunRecover(std::move(recover_options));
  if (*door) return Door(door_flags);
  return Serve(std::move(serve_flags));
}

}  // namespace muster::app
