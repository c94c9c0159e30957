#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/disk_space.h"
#include "orchestrator/app/run_serve.h"

namespace muster::app {
namespace {

struct ServeFlags {
  OrchestratorOptions options;
  std::string port_file;
  LogFlags log;
  absl::Duration verify_poll = core::VerifyOptions().poll_interval;
  absl::Duration confirm_after = core::VerifyOptions().question_between;
  absl::Duration store_lost_linger = absl::Seconds(5);
  double disk_warning_mib = 512;
  bool no_door = false;
  int door_memory_mib = 128;
};

// Invariant 2.
std::string CommandMemoryProblem(const std::string& text) {
  absl::Duration parsed;
  const bool ok = ParseRetention(text, parsed) && parsed >= absl::Hours(24 * 7);
  return ok ? "" : "must be at least 7d: a worker may repeat what it has until then";
}

std::string HandshakeTimeoutProblem(const std::string& text) {
  absl::Duration parsed;
  const bool ok = absl::ParseDuration(text, &parsed) && parsed >= absl::Seconds(1) &&
                  parsed <= absl::Minutes(1);
  return ok ? "" : "wants a duration from 1s to 1m";
}

void DescribeListeners(CLI::App& serve, ServeFlags& flags) {
  OrchestratorOptions& o = flags.options;
  FlagGroup group(serve, "Listeners");
  group.Listen("--session-listen", o.session_listen, "Workers, mutual TLS");
  group.Listen("--bootstrap-listen", o.bootstrap_listen, "Machines with a bootstrap token");
  group.Listen("--admin-listen", o.admin_listen, "Operators, mutual TLS");
  group.Text("--admin-socket", o.admin_socket,
             "Unix socket for root on this machine [admin.sock in the data directory]");
  group.Host("--public-address", o.public_address,
             "Host that workers and operators dial [the first --address of init]");
  group.Dial("--public-session-address", o.public_session_address,
             "host:port of the session listener as workers see it");
  group.Dial("--public-bootstrap-address", o.public_bootstrap_address,
             "host:port of the bootstrap listener as workers see it");
  group.Dial("--public-admin-address", o.public_admin_address,
             "host:port of the admin listener as operators see it");
  group.Listen("--health-listen", o.health_listen,
               "Plain HTTP for /healthz and /readyz, on an IP address such as 127.0.0.1:8446 "
               "[none]");
  group.Listen("--metrics-listen", o.metrics_listen,
               "Plain HTTP for Prometheus' GET /metrics, on an IP address such as 127.0.0.1:8447 "
               "[none]");
  group.Text("--port-file", flags.port_file,
             "Write the actual ports and addresses here, as JSON, once all listen");
  group.Number("--bootstrap-rate-per-minute", o.bootstrap_calls_per_minute,
               "Bootstrap calls a minute of one source address");
}

void DescribeConnections(CLI::App& serve, ServeFlags& flags) {
  net::ConnectionOptions& c = flags.options.connections;
  FlagGroup group(serve, "Connections (docs/configuration.md)");
  group.Count("--max-sessions", c.sessions,
              "Connections to the session listener [what the limit of open files leaves]");
  group.Count("--max-sessions-per-address", c.sessions_per_address,
              "Of these, of one address [half of them]");
  group.Count("--max-sessions-per-subnet", c.sessions_per_subnet,
              "Of these, of one /64 of IPv6 [as of one address]");
  group.Count("--max-bootstraps", c.bootstraps,
              "Connections to the bootstrap listener [an eighth of the open files, at most 1024]");
  group.Count("--max-admins", c.admins,
              "Connections to the admin listener [a sixteenth of the open files, at most 256]");
  group.Count("--max-handshakes", c.handshakes, "TLS handshakes at once, per listener");
  group.Number("--connections-per-second", c.turns_per_second,
               "New connections that get their turn, per listener; others wait for it");
  group
      .Duration("--handshake-timeout", c.handshake_timeout,
                "For TLS and the first words of HTTP/2; 1s to 1m")
      ->check(HandshakeTimeoutProblem);
  group.Switch("--no-door", flags.no_door,
               "Listen for machines with a token in this process instead of one of its own");
  group.Text("--door-user", flags.options.door.user,
             "Whom that process becomes when the orchestrator is root");
  group
      .Count("--door-memory-mib", flags.door_memory_mib,
             "What that process may use beyond its start; then it is started again")
      ->check(CLI::Range(32, 65536));
}

void DescribeWork(CLI::App& serve, ServeFlags& flags) {
  OrchestratorOptions& o = flags.options;
  FlagGroup group(serve, "Work");
  group.Number("--join-rate-per-minute", o.core.pacing.initial_joins_per_minute,
               "Joins a minute to begin with, per hub and egress address; grows with success");
  group.Number("--join-rate-limit", o.core.pacing.max_joins_per_minute,
               "Joins a minute at most, per hub and egress address");
  group.Count("--max-attempts", o.core.retry.max_attempts, "Tries of one target");
  group.Duration("--retry-first", o.core.retry.backoff.first, "First wait before a retry");
  group.Duration("--join-timeout", o.core.dispatch.join_timeout,
                 "From a join's sending to its result");
  group.Duration("--verify-poll", flags.verify_poll, "Between readings of a hub while waiting");
  group.Duration("--verify-deadline", o.core.verify.verify_deadline,
                 "A claim that no hub confirms for so long has failed");
  group.Duration("--confirm-after", flags.confirm_after,
                 "A loss or a finding counts when a reading so much later shows it, too");
  group.Duration("--heartbeat-interval", o.sessions.heartbeat_interval,
                 "Of workers; three missed end a session");
  group.Duration("--stop-deadline", o.stop_deadline, "For calls that run when it stops");
  group.Duration("--store-lost-linger", flags.store_lost_linger,
                 "Reads are answered so long after the store was lost; then it ends with 3");
  group.Duration("--self-check-interval", o.self_check_interval,
                 "Between two looks at listeners, disk and certificates");
  group.Duration("--backup-age-warning", o.backup_age_warning,
                 "A newest backup that is older is warned of");
  group.Number("--disk-warning-mib", flags.disk_warning_mib,
               "Warn when the data directory's disk has fewer MiB free");
}

void DescribeRetention(CLI::App& serve, ServeFlags& flags) {
  core::CoreOptions& core = flags.options.core;
  const char* title = "Retention (docs/operations.md)";
  FlagGroup group(serve, title);
  group.Retention("--keep-audit", core.retention.audit, "Audit events");
  serve
      .add_option("--keep-audit-events", core.retention.audit_events,
                  "The newest audit events, however young the others are; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(title);
  group.Retention("--keep-rollouts", core.retention.rollouts,
                  "Finished rollouts with their targets");
  group
      .Retention("--keep-commands", core.dispatch.command_memory,
                 "Commands and attempts after their expiry; at least 7d")
      ->check(CommandMemoryProblem);
  group.Retention("--keep-findings", core.retention.findings, "Resolved findings");
  group.Retention("--keep-sweeps", core.retention.sweeps, "Sweeps");
  group.Retention("--keep-notifications", core.retention.notifications, "Finished deliveries");
  group.Retention("--keep-refusals", core.retention.refusals, "Refused bootstrap calls");
  group.Retention("--keep-request-ids", core.retention.request_ids,
                  "Ids of requests, for those who ask again");
  group.Retention("--keep-tokens", core.retention.tokens, "Tokens after their expiry");
  group.Retention("--keep-certificates", core.retention.certificates,
                  "Workers' certificates after their end; a server's newest stays");
}

int Serve(ServeFlags flags) {
  const log::Level level = ConfigureLog(flags.log);
  core::VerifyOptions& verify = flags.options.core.verify;
  verify.poll_interval = flags.verify_poll;
  verify.poll_first = std::min(verify.poll_first, flags.verify_poll);
  verify.poll_interval_failing = std::max(verify.poll_interval_failing, flags.verify_poll);
  verify.question_between = flags.confirm_after;
  flags.options.core.sweep.confirm_after = flags.confirm_after;
  flags.options.disk_warning_bytes =
      static_cast<int64_t>(flags.disk_warning_mib * static_cast<double>(kMebibyte));
  DoorOptions& door = flags.options.door;
  if (!flags.no_door) door.program = "/proc/self/exe";
  door.memory_bytes = int64_t{flags.door_memory_mib} << 20;
  door.more_arguments = {"--log-format", flags.log.format};
  auto& pacing = flags.options.core.pacing;
  pacing.initial_joins_per_minute =
      std::min(pacing.initial_joins_per_minute, pacing.max_joins_per_minute);
  return RunServe({std::move(flags.options), flags.port_file, flags.store_lost_linger, level});
}

}  // namespace

Command AddServeCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand("serve", "Run until SIGINT or SIGTERM.");
  const auto flags = std::make_shared<ServeFlags>();
  FlagGroup group(*command);
  group.DataDir(flags->options.data_dir, "As made by init");
  group.Switch("--new-master-key", flags->options.new_master_key,
               "Start although no secret opens: the master key was lost and is another one now");
  AddLogFlags(group, flags->log);
  DescribeListeners(*command, *flags);
  DescribeConnections(*command, *flags);
  DescribeWork(*command, *flags);
  DescribeRetention(*command, *flags);
  return {command, [flags] { return Serve(std::move(*flags)); }};
}

}  // namespace muster::app
