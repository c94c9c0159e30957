#include "worker/app/worker.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/tcp_transport.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/platform/directory_lock.h"
#include "base/status_macros.h"
#include "base/timed_flag.h"
#include "worker/commands/join.h"
#include "worker/commands/probe.h"
#include "worker/identity/key_ring.h"
#include "worker/identity/renewer.h"
#include "worker/identity/state_directory.h"
#include "worker/platform/clean_facts.h"
#include "worker/platform/machine.h"
#include "worker/platform/negotiator.h"
#include "worker/platform/process.h"
#include "worker/platform/service_control.h"
#include "worker/platform/service_pipe.h"
#include "worker/platform/service_trust.h"
#include "worker/rpc/grpc_session_transport.h"
#include "worker/service/cli_driver.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"
#include "worker/session/sqlite_journal.h"

namespace muster::worker {

std::string AppDataFolder(const std::string& option) {
  if (!option.empty()) return option;
  for (const char* name : {"CERTIFY_APPDATA_PATH", "CERTIFY_APP_DATA"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return DefaultAppDataFolder();
}

struct Worker::Equipment {
  std::unique_ptr<DirectoryLock> directory_lock;
  std::optional<StateDirectory> directory;
  TimedFlag stopping;
  KeyRing keys;
  // A stop ends a join's program, which may hang for minutes, but lets the service's restart
  // finish: a service left stopped would renew nothing.
  const std::unique_ptr<ProcessRunner> join_programs = MakeProcessRunner();
  const std::unique_ptr<ProcessRunner> service_programs = MakeProcessRunner();
  std::unique_ptr<ServiceTrust> trust;
  std::optional<http::TcpTransport> transport;
  std::unique_ptr<http::Transport> pipe_transport;  // Null where there are no pipes.
  const std::unique_ptr<http::Negotiator> negotiator = SystemNegotiator();
  std::optional<http::BeastClient> http;
  std::optional<http::BeastClient> pipe_http;
  std::unique_ptr<HttpServiceDriver> api;
  std::unique_ptr<CliServiceDriver> cli;
  std::unique_ptr<ServiceControl> service_control;
};

struct Worker::Inside {
  Inside(Runtime& runtime_in, WorkerParts parts, const std::string& session_address,
         SessionOptions session_options)
      : runtime(runtime_in),
        strand(runtime_in.NextStrand()),
        journal(std::move(parts.journal)),
        handlers(std::move(parts.handlers)),
        transport(session_address, parts.identity.Clone()),
        session(Session::Create({.transport = transport,
                                 .journal = *journal,
                                 .handlers = handlers,
                                 .strand = strand,
                                 .executor = runtime_in.executor(),
                                 .timers = runtime_in.timers(),
                                 .clock = runtime_in.clock(),
                                 .random = runtime_in.random()},
                                std::move(session_options))) {}

  Runtime& runtime;
  Strand& strand;
  const std::unique_ptr<Journal> journal;
  CommandHandlers handlers;
  GrpcSessionTransport transport;
  std::shared_ptr<Session> session;
  std::shared_ptr<Renewer> renewer;
  std::string certificate_pem;  // In use. On the strand.
  ServerId server_id;           // Whose it is.
  bool fixed_address = false;   // By a flag, whatever an enrollment says.
  bool refused = false;         // As the directory says. On the strand.
  bool started = false;
  bool stopped = false;
};

Worker::Worker(Runtime& runtime, std::unique_ptr<Equipment> equipment, WorkerParts parts,
               const std::string& session_address)
    : equipment_(std::move(equipment)) {
  Identity identity = parts.identity.Clone();
  const bool identity_refused = parts.identity_refused;
  SessionOptions session{
      .identity = {parts.identity.zone_pin, parts.identity.ca_bundle_pem},
      .machine = std::move(parts.machine),
      .start_spread = parts.start_spread,
      .on_state =
          [this, tell = std::move(parts.on_state)](SessionState state, const absl::Status& why) {
            NoteState(state, why);
            if (tell) tell(state, why);
          },
      .own_problem =
          [this] {
            return ProblemByDates(inside_->certificate_pem, inside_->runtime.clock().Now());
          },
      .look_at_peer =
          [this] { return inside_->transport.LookAtPeer(inside_->runtime.clock().Now()); }};
  if (equipment_ != nullptr) {
    session.keep_pin = [this](const v1::ZonePin& pin) {
      RETURN_IF_ERROR(equipment_->directory->SaveZonePin(pin));
      equipment_->trust->SetZoneAccount(pin.service_account());
      return absl::OkStatus();
    };
    session.replaced_identity = [this] { return TakeReplacedIdentity(); };
    session.identity.nonce = equipment_->directory->LoadNonce(identity.server_id);
    session.keep_nonce = [this](const std::string& nonce) {
      return equipment_->directory->SaveNonce(inside_->server_id, nonce);
    };
    session.boot = ReadBootHash();
    session.moment = equipment_->directory->LoadMoment();
    session.keep_moment = [this](const v1::Moment& moment) {
      const absl::Status kept = equipment_->directory->SaveMoment(moment);
      if (!kept.ok()) log::Debug("the data directory takes no note", {{"reason", kept}});
    };
    session.look_by_itself = true;
  }
  inside_ =
      std::make_unique<Inside>(runtime, std::move(parts), session_address, std::move(session));
  Inside& inside = *inside_;
  inside.certificate_pem = identity.certificate_pem;
  inside.server_id = identity.server_id;
  inside.refused = identity_refused;
  inside.fixed_address = session_address != identity.session_address;
  inside.renewer = Renewer::Create(
      {.client = inside.transport,
       .strand = inside.strand,
       .timers = runtime.timers(),
       .clock = runtime.clock(),
       .random = runtime.random()},
      std::move(identity),
      [this](const Identity& renewed) {
        if (equipment_ == nullptr) return absl::OkStatus();
        return equipment_->directory->SaveCertificate(renewed.certificate_pem,
                                                      renewed.ca_bundle_pem);
      },
      [&inside](const Identity& renewed) {
        inside.certificate_pem = renewed.certificate_pem;
        inside.transport.SetIdentity(renewed.Clone());
        inside.session->Reconnect(renewed.ca_bundle_pem);
      });
}

void Worker::NoteState(SessionState state, const absl::Status& status) {
  if (equipment_ == nullptr) return;
  const bool refused = state == SessionState::kWaiting && !status.ok();
  const bool accepted = state == SessionState::kOpen;
  if (!refused && !(accepted && inside_->refused)) return;
  const absl::Status noted = refused ? equipment_->directory->SaveRefusal(status.message())
                                     : equipment_->directory->ClearRefusal();
  if (!noted.ok()) log::Warning("the data directory takes no note", {{"reason", noted}});
  inside_->refused = refused;
}

std::optional<SessionIdentity> Worker::TakeReplacedIdentity() {
  absl::StatusOr<Identity> found = equipment_->directory->LoadIdentity();
  if (!found.ok()) log::Warning("identity not read again", {{"reason", found.status()}});
  if (!found.ok() || found->certificate_pem == inside_->certificate_pem) return std::nullopt;
  inside_->certificate_pem = found->certificate_pem;
  inside_->server_id = found->server_id;
  equipment_->keys.Use(found->private_key_pem);
  equipment_->trust->SetZoneAccount(found->zone_pin.service_account());
  inside_->transport.SetIdentity(found->Clone(),
                                 inside_->fixed_address ? "" : found->session_address);
  inside_->renewer->Replace(found->Clone());
  return SessionIdentity{found->zone_pin, found->ca_bundle_pem,
                         equipment_->directory->LoadNonce(found->server_id)};
}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  inside_->started = true;
  inside_->session->Start();
  inside_->renewer->Start();
}

void Worker::Reload() { inside_->session->Reload(); }

void Worker::Stop() {
  if (inside_->stopped) return;
  inside_->stopped = true;
  if (equipment_ != nullptr) {
    equipment_->stopping.Set();
    equipment_->http->Stop();
    if (equipment_->pipe_http.has_value()) equipment_->pipe_http->Stop();
    equipment_->join_programs->Stop();
  }
  inside_->renewer->Stop();
  Notification idle;
  inside_->session->Stop([&idle] { idle.Notify(); });
  idle.WaitForNotification();
}

std::unique_ptr<Worker> Worker::Create(Runtime& runtime, WorkerParts parts) {
  const std::string address = parts.identity.session_address;
  return std::unique_ptr<Worker>(new Worker(runtime, nullptr, std::move(parts), address));
}

absl::StatusOr<std::unique_ptr<Worker>> Worker::Open(Runtime& runtime, WorkerOptions options) {
  auto equipment = std::make_unique<Equipment>();
  std::error_code error;
  if (!std::filesystem::exists(options.data_dir, error) && !error) {  // An enrollment makes it.
    return FailureStatus(FailureCode::kWorkerNotEnrolled,
                         absl::StrCat("there is no directory ", options.data_dir));
  }
  ASSIGN_OR_RETURN(equipment->directory, StateDirectory::Open(options.data_dir));
  auto lock = DirectoryLock::Acquire(options.data_dir);
  if (!lock.ok()) return EnsureCode(lock.status(), FailureCode::kSystemDataDir);
  equipment->directory_lock = *std::move(lock);
  WorkerParts parts;
  ASSIGN_OR_RETURN(parts.identity, equipment->directory->LoadIdentity());
  ASSIGN_OR_RETURN(parts.journal,
                   SqliteJournal::Open(equipment->directory->JournalPath(), runtime.clock().Now()));
  equipment->keys.Use(parts.identity.private_key_pem);
  parts.identity_refused = !equipment->directory->LoadRefusal().empty();
  parts.machine =
      options.machine.has_value() ? CleanFacts(*std::move(options.machine)) : ReadMachineFacts();
  parts.start_spread = options.start_spread;
  parts.on_state = std::move(options.on_state);

  const std::string app_data = AppDataFolder(options.app_data_folder);
  const std::string unit =
      options.service_unit.empty() ? DefaultServiceUnit() : std::move(options.service_unit);
  equipment->trust =
      SystemServiceTrust({.account = std::move(options.service_account),
                          .ask_account = [&programs = *equipment->join_programs, unit] {
                            return ServiceAccountOf(programs, unit);
                          }});
  equipment->trust->SetZoneAccount(parts.identity.zone_pin.service_account());
  equipment->transport.emplace(ProvenLoopback(*equipment->trust, HostsFile()));
  equipment->http.emplace(*equipment->transport, equipment->negotiator.get());
  const std::string pipe = DefaultServicePipe();
  equipment->pipe_transport = ServicePipeTransport(*equipment->trust, pipe);
  if (equipment->pipe_transport != nullptr) {
    equipment->pipe_http.emplace(*equipment->pipe_transport, equipment->negotiator.get());
  }
  equipment->api = std::make_unique<HttpServiceDriver>(
      *equipment->http, *equipment->trust,
      HttpDriverOptions{.app_data_folder = app_data,
                        .negotiate = equipment->negotiator != nullptr && ServiceWantsNegotiate(),
                        .pipe = pipe,
                        .join_timeout = options.join_timeout},
      equipment->pipe_http.has_value() ? &*equipment->pipe_http : nullptr);
  const std::string cli =
      options.cli_program.empty() ? DefaultCliPath() : std::move(options.cli_program);
  if (!cli.empty()) {
    equipment->cli = std::make_unique<CliServiceDriver>(
        *equipment->join_programs, *equipment->trust,
        CliDriverOptions{
            .program = cli, .app_data_folder = app_data, .join_timeout = options.join_timeout});
  }
  equipment->service_control = options.service_control != nullptr
                                   ? std::move(options.service_control)
                                   : SystemServiceControl(*equipment->service_programs, unit);
  parts.handlers.push_back(std::make_unique<ProbeHandler>(
      *equipment->api, parts.machine,
      [path = equipment->directory->TakeoverMarkPath(), &control = *equipment->service_control](
          const types::v1::ServiceFacts& facts) -> std::optional<Failure> {
        const TakeoverMark mark(path, "");
        const std::string hub = mark.MarkedHub();  // The zone's may have changed since.
        if (hub.empty() || !IsJoinedTo(facts, hub)) return std::nullopt;
        if (mark.RestartedSince(control.RunId())) return std::nullopt;
        return Failure{FailureCode::kJoinRestartDue, "the service has not been restarted since"};
      }));
  // Named after the service's folder, not after this worker's: two workers of one service must
  // meet.
  const std::string join_lock = absl::StrCat(LockDirectory(options.data_dir), "/muster-join-",
                                             crypto::Sha256Hex(app_data).substr(0, 16), ".lock");
  parts.handlers.push_back(std::make_unique<JoinHandler>(
      JoinHandler::Parts{.api = *equipment->api,
                         .cli = equipment->cli.get(),
                         .service_control = *equipment->service_control,
                         .clock = runtime.clock(),
                         .open_secret =
                             [&keys = equipment->keys](const v1::Command& command) {
                               return keys.OpenJoiningSecret(command);
                             },
                         .wait = [&stopping = equipment->stopping](
                                     absl::Duration time) { return !stopping.Await(time); }},
      JoinHandlerOptions{.zone_pin = parts.identity.zone_pin,
                         .lock_path = join_lock,
                         .takeover_mark_path = equipment->directory->TakeoverMarkPath(),
                         .pending_join_path = equipment->directory->PendingJoinPath()}));

  const std::string address =
      options.session_address.empty() ? parts.identity.session_address : options.session_address;
  return std::unique_ptr<Worker>(
      new Worker(runtime, std::move(equipment), std::move(parts), address));
}

}  // namespace muster::worker
