// One worker, whole: identity, journal, commands, session and renewal, wired.
//
//   Open    from a data directory, with the drivers to the local Certify service: the product
//   Create  from parts: load generators plug in their own handlers and a journal in memory
//
//   Runtime runtime({.strands = 4, .blocking_threads = 32});
//   auto worker = Worker::Open(runtime, {.data_dir = dir, .app_data_folder = folder});
//   (*worker)->Start();  …  (*worker)->Stop();
#ifndef MUSTER_WORKER_APP_WORKER_H_
#define MUSTER_WORKER_APP_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/app/runtime.h"
#include "worker/commands/command_handler.h"
#include "worker/identity/identity.h"
#include "worker/platform/service_control.h"
#include "worker/session/session.h"

namespace muster::worker {

struct WorkerOptions {
  std::string data_dir;
  std::string app_data_folder;  // Of the Certify service; empty: environment, then the platform's.
  std::string cli_program;      // Path of certify; empty: the platform's, which may be none.
  std::string service_unit;     // What a takeover restarts; empty: the platform's.
  // Whose files and listener are the service's besides root's, as a name or a number; empty: what
  // the service manager says of the unit.
  std::string service_account;
  std::string session_address;  // Instead of the enrollment's; empty: that one.
  absl::Duration join_timeout = absl::Seconds(300);
  std::optional<types::v1::MachineFacts> machine;  // Instead of this machine's, for demos.
  // Instead of the system's service manager, for demos.
  std::unique_ptr<ServiceControl> service_control;
  absl::Duration start_spread = absl::Seconds(3);
  // On the strand, at each change; see SessionOptions.
  std::function<void(SessionState, const absl::Status&)> on_state;
};

struct WorkerParts {
  Identity identity;
  bool identity_refused = false;  // As the directory remembers.
  std::unique_ptr<Journal> journal;
  CommandHandlers handlers;
  types::v1::MachineFacts machine;
  absl::Duration start_spread = absl::ZeroDuration();
  std::function<void(SessionState, const absl::Status&)> on_state;
};

class Worker {
 public:
  // E-WORKER-NOT-ENROLLED, E-WORKER-IDENTITY, E-WORKER-JOURNAL, E-STORE-NEWER,
  // E-SYSTEM-DATA-DIR, E-SYSTEM-DATA-DIR-BUSY. `runtime` outlives the worker.
  static absl::StatusOr<std::unique_ptr<Worker>> Open(Runtime& runtime, WorkerOptions options);
  static std::unique_ptr<Worker> Create(Runtime& runtime, WorkerParts parts);
  ~Worker();  // Stops as Stop does.

  void Start();  // Once.
  // Takes over an identity that was put into the directory meanwhile (by `enroll`, by hand), and
  // tries again now if it waits to connect. One that cannot be used is said and left alone.
  // Thread-safe, does not block. From Start to Stop.
  void Reload();
  // Closes the session and waits for the command that runs, whose calls to the service are broken
  // off: the next start looks what became of it. Blocks. Idempotent. Not from on_state.
  void Stop();

 private:
  struct Equipment;  // What the handlers stand on.
  Worker(Runtime& runtime, std::unique_ptr<Equipment> equipment, WorkerParts parts,
         const std::string& session_address);

  // Remembers in the directory whether the identity is refused: `enroll` and `status` ask.
  void NoteState(SessionState state, const absl::Status& status);
  // Of the directory, when an enrollment has replaced the one in use.
  std::optional<SessionIdentity> TakeReplacedIdentity();

  std::unique_ptr<Equipment> equipment_;
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// The service's app data folder: option, then environment (CERTIFY_APPDATA_PATH, CERTIFY_APP_DATA),
// then the platform's.
std::string AppDataFolder(const std::string& option);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_WORKER_H_
