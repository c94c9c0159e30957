#include "worker/app/commands.h"

#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/log_level_file.h"
#include "base/log_writer.h"
#include "base/mutex.h"
#include "base/platform/directory_lock.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/platform/signals.h"
#include "base/sql/error.h"
#include "base/status_macros.h"
#include "proto/rpc/grpc_log.h"
#include "proto/rpc/token_file.h"
#include "worker/app/runtime.h"
#include "worker/app/worker.h"
#include "worker/identity/enroll.h"
#include "worker/identity/state_directory.h"
#include "worker/platform/machine.h"
#include "worker/rpc/grpc_bootstrap_client.h"
#include "worker/session/sqlite_journal.h"

namespace muster::worker {
namespace {

// A start, or a command, that failed: nothing ran that could have lost its journal.
int Fail(const absl::Status& status) {
  std::cerr << "muster-worker: " << status.message() << "\n";
  const int code = ExitCodeOf(status);
  return code == kExitJournalLost ? static_cast<int>(kExitStartFailed) : code;
}

std::string OrDefault(const std::string& value, const std::string& otherwise) {
  return value.empty() ? otherwise : value;
}

// "-" is standard input.
absl::StatusOr<Secret> ReadTokenText(const std::string& path) {
  if (path != "-") {
    RETURN_IF_ERROR(CheckUnreachableByOthers(path));
    ASSIGN_OR_RETURN(std::string content, ReadWholeFile(path, 64 << 10));
    return Secret::Take(std::move(content));
  }
  std::string text;
  for (char c = 0; text.size() < (64 << 10) && std::cin.get(c);) text.push_back(c);
  return Secret::Take(std::move(text));
}

absl::StatusOr<Enrolled> EnrollFromFlags(const EnrollFlags& flags) {
  EnrollOptions options;
  const absl::StatusOr<Secret> text = ReadTokenText(flags.token_file);
  if (!text.ok()) return Annotate(text.status(), "--token-file");
  absl::StatusOr<v1::TokenFile> token = rpc::ParseTokenFile(text->Reveal());
  RETURN_IF_ERROR(token.status());
  options.token = *std::move(token);
  options.machine = ReadMachineFacts();
  options.server_name = flags.server_name;
  options.now = absl::Now();
  const std::string data_dir = OrDefault(flags.data_dir, DefaultDataDirectory());
  ASSIGN_OR_RETURN(const StateDirectory directory, StateDirectory::Open(data_dir));
  // Not the directory's lock: a worker that runs goes on meanwhile, and takes over what changes.
  const auto lock = FileLock::TryAcquire(directory.EnrollLockPath());
  if (!lock.ok()) {
    return absl::IsAborted(lock.status())
               ? FailureStatus(FailureCode::kSystemDataDirBusy, "another enrollment is under way")
               : EnsureCode(lock.status(), FailureCode::kSystemDataDir);
  }
  GrpcBootstrapClient client(OrDefault(flags.address, options.token.bootstrap_address()),
                             options.token.ca_bundle_pem());
  return Enroll(client, directory, options);
}

// What main waits for: a signal, or the end of the session.
struct Ending {
  Mutex mu;
  bool over ABSL_GUARDED_BY(mu) = false;
  absl::Status status ABSL_GUARDED_BY(mu);

  void Set(const absl::Status& why) {
    MutexLock lock(&mu);
    if (over) return;
    over = true;
    status = why;
  }
  absl::Status Await() {
    MutexLock lock(&mu);
    mu.Await(absl::Condition(&over));
    return status;
  }
};

// Who reloads on a signal, which may come at any time.
class Reloading {
 public:
  // From `Serve` to `Serve(nullptr)` there is something to reload.
  void Serve(Worker* worker) {
    MutexLock lock(&mu_);
    worker_ = worker;
  }
  void Ask() {
    MutexLock lock(&mu_);
    if (worker_ != nullptr) worker_->Reload();
  }

 private:
  Mutex mu_;
  Worker* worker_ ABSL_GUARDED_BY(mu_) = nullptr;
};

log::Level LevelOf(const RunFlags& flags) {
  return log::FindLevel(flags.log_level).value_or(log::Level::kInfo);
}

void ConfigureLog(const RunFlags& flags) {
  log::Configure(LevelOf(flags),
                 flags.log_format == "json" ? log::Format::kJson : log::Format::kLogfmt);
}

// What people compare with 'muster server show'.
std::string KeyOf(const Identity& identity) {
  const auto certificate = crypto::Certificate::FromPem(identity.certificate_pem);
  return certificate.ok() ? certificate->public_key().Fingerprint() : "";
}

// That of the identity that is kept there; empty when it cannot be read.
std::string KeyIn(const std::string& data_dir) {
  const auto directory = StateDirectory::Open(data_dir);
  if (!directory.ok()) return "";
  const absl::StatusOr<Identity> identity = directory->LoadIdentity();
  return identity.ok() ? KeyOf(*identity) : "";
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitStopped;
  const auto code = FailureCodeOf(status);
  if (code == FailureCode::kWorkerJournal || code == FailureCode::kStoreCorrupt) {
    return kExitJournalLost;
  }
  if (code == FailureCode::kWorkerNotEnrolled || code == FailureCode::kTokenMalformed ||
      code == FailureCode::kWorkerOtherZone) {
    return kExitUsage;
  }
  return kExitStartFailed;
}

int RunEnroll(const EnrollFlags& flags) {
  const absl::StatusOr<Enrolled> enrolled = EnrollFromFlags(flags);
  if (!enrolled.ok()) return Fail(enrolled.status());
  const Identity& identity = enrolled->identity;
  const std::string key = KeyOf(identity);
  std::cout << (enrolled->already ? "Already enrolled as " : "Enrolled as ") << identity.server_id
            << " in zone " << identity.zone_pin.zone_id()
            << (enrolled->already ? "; nothing to do" : "") << ".\nThis worker joins the hub "
            << identity.zone_pin.hub_url() << " and no other.\n";
  std::cout << "Its key: " << key << "\n";
  if (!identity.admitted && !enrolled->already) {
    std::cout << "The server waits for an operator's admission, who compares the key with the one "
                 "that is shown there:\n  muster server admit "
              << identity.zone_pin.zone_id() << "/NAME --fingerprint " << key
              << "\nThe worker connects after it.\n";
  }
  std::cout << "Next: muster-worker run, unless it runs already\n";
  return kExitStopped;
}

int RunWorker(const RunFlags& flags) {
  ConfigureLog(flags);
  Ending ending;  // Declared before all that calls it.
  Reloading reload;
  const std::string data_dir = OrDefault(flags.data_dir, DefaultDataDirectory());
  const auto signals = WatchSignals({.on_stop =
                                         [&ending] {
                                           log::Info("stopping");
                                           ending.Set(absl::OkStatus());
                                         },
                                     .on_reload =
                                         [&] {
                                           log::ApplyLevelFile(data_dir, LevelOf(flags));
                                           reload.Ask();
                                           log::Info("reloaded");
                                         }});
  std::optional<log::BackgroundWriter> log_writer(std::in_place);
  rpc::RouteGrpcLog();
  log::ApplyLevelFile(data_dir, LevelOf(flags));
  Runtime runtime;
  WorkerOptions options;
  options.data_dir = data_dir;
  options.app_data_folder = flags.app_data;
  options.cli_program = flags.cli;
  options.service_unit = flags.service_unit;
  options.service_account = flags.service_account;
  options.session_address = flags.address;
  if (!flags.machine_name.empty()) {
    options.machine = ReadMachineFacts();
    options.machine->set_machine_name(flags.machine_name);
    options.machine->clear_machine_id_hash();  // That of this machine would look like a clone.
  }
  options.on_state = [&ending](SessionState state, const absl::Status& status) {
    if (state == SessionState::kOpen) log::Info("session open");
    if (state == SessionState::kEnded) ending.Set(status);
  };
  auto worker = Worker::Open(runtime, std::move(options));
  if (!worker.ok()) {
    log_writer.reset();  // The last words are the last line.
    return Fail(worker.status());
  }
  log::Info("worker started", {{"version", MUSTER_VERSION}, {"key", KeyIn(data_dir)}});
  (*worker)->Start();
  reload.Serve(worker->get());
  const absl::Status why = ending.Await();
  reload.Serve(nullptr);
  (*worker)->Stop();
  if (why.ok()) {
    log::Info("worker stopped");
    return kExitStopped;
  }
  log::Error("worker ended", {{"reason", why}});
  const int code = ExitCodeOf(why);
  return code == kExitStartFailed ? static_cast<int>(kExitUsage) : code;
}

int RunStatus(const std::string& data_dir_flag) {
  const std::string data_dir = OrDefault(data_dir_flag, DefaultDataDirectory());
  if (!IsDirectory(data_dir)) {
    return Fail(
        FailureStatus(FailureCode::kWorkerNotEnrolled, absl::StrCat("there is no ", data_dir)));
  }
  const auto directory = StateDirectory::Open(data_dir);
  if (!directory.ok()) return Fail(directory.status());
  const absl::StatusOr<Identity> identity = directory->LoadIdentity();
  const std::string next_key = directory->NextKeyFingerprint();
  if (!identity.ok()) {
    // One that is not let in yet asks with it.
    const std::string key = next_key.empty() ? directory->KeyFingerprint() : next_key;
    if (!key.empty()) std::cout << "key           " << key << "\n";
    return Fail(identity.status());
  }
  const auto certificate = crypto::Certificate::FromPem(identity->certificate_pem);
  std::cout << "server        " << identity->server_id << "\n"
            << "zone          " << identity->zone_pin.zone_id() << "\n"
            << "hub           " << identity->zone_pin.hub_url() << "\n"
            << "orchestrator  " << identity->session_address << "\n"
            << "key           " << KeyOf(*identity) << "\n";
  if (!next_key.empty() && next_key != KeyOf(*identity)) {
    std::cout << "next key      " << next_key << ", of an enrollment that has not ended\n";
  }
  if (certificate.ok()) {
    std::cout << "certificate   until " << certificate->not_after() << ", renewed from "
              << RenewalTime(identity->certificate_pem) << "\n";
  }
  if (const std::string refusal = directory->LoadRefusal(); !refusal.empty()) {
    std::cout << "refused       " << refusal << "\n";
  } else if (const auto problem = ProblemByDates(identity->certificate_pem, absl::Now())) {
    std::cout << "problem       " << FailureStatus(problem->code, problem->detail).message()
              << "\n";
  }
  const auto lock = DirectoryLock::Acquire(data_dir);
  std::cout << "process       " << (lock.ok() ? "not running" : "running") << "\n";
  if (lock.ok() &&
      ReadWholeFile(directory->JournalPath(), 1).status().code() != absl::StatusCode::kNotFound) {
    // Only while no one writes: the journal belongs to the process that runs.
    const auto journal = SqliteJournal::Open(directory->JournalPath(), absl::Now());
    if (!journal.ok()) return Fail(journal.status());
    const auto open = (*journal)->Unacknowledged();
    if (!open.ok()) return Fail(open.status());
    std::cout << "journal       " << open->size() << " commands not acknowledged\n";
  }
  return kExitStopped;
}

}  // namespace muster::worker
