// What the orchestrator finds out about itself: for `muster system status`, `muster doctor`,
// `muster-orchestrator health` and the HTTP probe, so that all say the same.
#ifndef MUSTER_ORCHESTRATOR_API_SYSTEM_FACTS_H_
#define MUSTER_ORCHESTRATOR_API_SYSTEM_FACTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace muster::api {

struct SystemCheck {
  enum class Result { kOk, kWarning, kProblem };
  std::string name;  // "listener session", "disk".
  Result result = Result::kOk;
  std::string seen;
  std::string next;  // What to do; empty when all is well.
  // It counts what belongs to tenants, of all of them: shown to those whom no wall holds.
  bool about_tenants = false;
};

// The connections of one listener.
struct ListenerCounts {
  struct Refused {
    std::string reason;
    int64_t count = 0;
  };
  std::string name;
  int connections = 0;
  int limit = 0;
  int unproven = 0;
  int queued = 0;
  int handshakes = 0;
  int64_t taken = 0;
  std::vector<Refused> refused;
};

struct Traffic {
  std::vector<ListenerCounts> listeners;
  int64_t open_files = 0;
  int64_t open_files_limit = 0;
};

struct SystemReport {
  bool ready = false;  // No check is a problem.
  std::vector<SystemCheck> checks;
  std::optional<int64_t> disk_free_bytes;
  std::optional<absl::Time> last_backup_time;
  std::optional<absl::Time> restored_backup_time;  // Of the backup that this life came out of.
  Traffic traffic;                                 // As it was seconds ago; empty before.
};

// Thread-safe; its call does not block.
class SystemFacts {
 public:
  virtual ~SystemFacts() = default;
  virtual SystemReport Report() const = 0;
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_SYSTEM_FACTS_H_
