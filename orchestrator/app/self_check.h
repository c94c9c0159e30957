// The orchestrator looks at itself every few seconds and keeps what it saw.
//
//   store · control strand (does it still take turns?) · each listener (does it still answer?) ·
//   disk space · certificates that come to their end · the age of the newest backup
//
// Problems and their end are logged once each; the newest report is for whoever asks.
#ifndef MUSTER_ORCHESTRATOR_APP_SELF_CHECK_H_
#define MUSTER_ORCHESTRATOR_APP_SELF_CHECK_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/strand.h"
#include "base/timers.h"
#include "orchestrator/api/system_facts.h"
#include "orchestrator/app/backup.h"
#include "orchestrator/app/disk_space.h"
#include "store/interface/store.h"

namespace muster::app {

struct SelfCheckOptions {
  std::string data_dir;
  absl::Duration interval = absl::Seconds(10);
  // A listener that fails so often in a row, or a strand that takes no turn for so long, is dead.
  int failures_until_dead = 2;
  absl::Duration strand_patience = absl::Seconds(60);
  absl::Duration backup_age_warning = absl::Hours(24 * 7);
};

// What is asked about something with a name; blocks.
struct ListenerCheck {
  std::string name;
  std::function<absl::Status()> probe;
};
struct ExpiryCheck {
  std::string name;  // "certificate authority".
  std::function<absl::Time()> not_after;
  absl::Duration warn_before;
  std::string next;
};

// A warning when there is none, and when the newest is older than `patience`.
api::SystemCheck CheckOfBackup(const std::optional<BackupNote>& last, absl::Time now,
                               absl::Duration patience);

// All borrowed; they outlive it, and timers and pool have ended when it is destroyed.
struct SelfCheckDependencies {
  const store::Store& store;
  const DiskWatch& disk;
  Strand& strand;
  Executor& pool;  // Of its own: probes block.
  Timers& timers;
  const Clock& clock;
};

// Thread-safe.
class SelfCheck final : public api::SystemFacts {
 public:
  SelfCheck(SelfCheckOptions options, SelfCheckDependencies dependencies);
  // Before Start.
  void Add(ListenerCheck listener) { listeners_.push_back(std::move(listener)); }
  void Add(ExpiryCheck expiry) { expiries_.push_back(std::move(expiry)); }
  // What others found out; the last of a name counts. Thread-safe.
  void Set(api::SystemCheck check);
  void Set(api::Traffic traffic);
  // Done at the end of each look, on the pool.
  void OnLook(std::function<void()> work) { work_.push_back(std::move(work)); }
  void Start();

  api::SystemReport Report() const override;
  // The strand takes turns: the process is alive. Does not block.
  bool alive() const;

 private:
  struct Seen {
    int failures = 0;
    absl::Status last;
  };
  void Look();
  void AskStrand();
  std::vector<api::SystemCheck> Judge() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool StrandAlive() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const SelfCheckOptions options_;
  const SelfCheckDependencies d_;
  std::vector<ListenerCheck> listeners_;
  std::vector<ExpiryCheck> expiries_;
  std::vector<std::function<void()>> work_;
  mutable Mutex mu_;
  std::map<std::string, Seen> seen_ ABSL_GUARDED_BY(mu_);  // By listener.
  absl::Time strand_answered_ ABSL_GUARDED_BY(mu_);
  bool strand_asked_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::string, api::SystemCheck> set_ ABSL_GUARDED_BY(mu_);
  std::optional<BackupNote> last_backup_ ABSL_GUARDED_BY(mu_);
  std::optional<RestoreNote> restored_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, api::SystemCheck::Result> said_ ABSL_GUARDED_BY(mu_);
  api::Traffic traffic_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_SELF_CHECK_H_
