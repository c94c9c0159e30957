// The number of the newest audit event, noted beside the database: a database that ends before it
// is an older copy that somebody put back (a file, not a backup by `restore`, which takes the whole
// directory).
#ifndef MUSTER_ORCHESTRATOR_APP_EVENT_MARK_H_
#define MUSTER_ORCHESTRATOR_APP_EVENT_MARK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/interface/store.h"

namespace muster::app {

// One data directory's mark. Used by one thread at a time; blocks on the disk and the store.
class EventMark {
 public:
  EventMark(std::string data_dir, const store::Store& store);

  struct Gap {
    int64_t database = 0;  // Its last event.
    int64_t noted = 0;     // The last one that was ever noted here.
  };
  // Before the first Note: whether the database is older than the mark.
  absl::StatusOr<std::optional<Gap>> FindGap() const;
  // Notes the newest event of now; does nothing while there is no newer one.
  absl::Status Note();

 private:
  absl::StatusOr<int64_t> NewestEvent() const;

  const std::string path_;
  const store::Store& store_;
  int64_t written_ = -1;  // By this object.
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_EVENT_MARK_H_
