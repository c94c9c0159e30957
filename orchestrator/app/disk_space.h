// Free space on the data directory's disk: asked for at the start, watched while running.
//
//   start      less than the database's log may need  ─► E-STORE-FULL, before anything is written
//   running    below the warning                      ─► log, status, doctor; again when it is over
//   full       a commit fails                         ─► the store is lost (docs/decisions/store-lost.md)
#ifndef MUSTER_ORCHESTRATOR_APP_DISK_SPACE_H_
#define MUSTER_ORCHESTRATOR_APP_DISK_SPACE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/timers.h"

namespace muster::app {

inline constexpr int64_t kMebibyte = 1 << 20;

// Bytes that a user without privileges may still write below `directory`. Unavailable when the
// system does not say. Blocks on the disk.
absl::StatusOr<int64_t> FreeBytes(const std::string& directory);
// What `serve` must be able to write beside a database whose log is `log_bytes` long already: the
// log grows before its content moves into the database.
int64_t BytesNeededToStart(int64_t log_bytes);
// E-STORE-FULL with both numbers when `free` is less than `needed`.
absl::Status CheckFreeBytes(const std::string& directory, int64_t free, int64_t needed);

struct DiskWatchOptions {
  std::string directory;
  int64_t warn_below = 512 * kMebibyte;
  absl::Duration interval = absl::Seconds(10);
  // Null: FreeBytes.
  std::function<absl::StatusOr<int64_t>(const std::string& directory)> free_bytes;
};

// Thread-safe. Asks on `pool`; timers and pool have ended when it is destroyed.
class DiskWatch {
 public:
  struct Space {
    int64_t free_bytes = 0;
    bool low = false;  // Below the warning.
  };

  DiskWatch(DiskWatchOptions options, Timers& timers, Executor& pool);
  void Start();
  // Empty before the first answer, and while the system gives none.
  std::optional<Space> Last() const;

 private:
  void Look();
  void Keep(const absl::StatusOr<int64_t>& free);

  const DiskWatchOptions options_;
  Timers& timers_;
  Executor& pool_;
  mutable Mutex mu_;
  std::optional<Space> last_ ABSL_GUARDED_BY(mu_);
  bool said_unknown_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DISK_SPACE_H_
