// The note, beside the database, that this orchestrator found itself put back to an earlier moment
// (orchestrator/core/admission/moment_watch.h): whoever looks days later shall see it, too.
#ifndef MUSTER_ORCHESTRATOR_APP_OLDER_NOTE_H_
#define MUSTER_ORCHESTRATOR_APP_OLDER_NOTE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "orchestrator/api/system_facts.h"

namespace muster::app {

struct OlderNote {
  absl::Time time;   // When it was found.
  std::string seen;  // By what.
};

// Blocks on the disk.
absl::Status SaveOlderNote(const std::string& data_dir, const OlderNote& note);
// None when there is none, or none that can be read. Blocks on the disk.
std::optional<OlderNote> LoadOlderNote(const std::string& data_dir);

// A warning for a week, in which somebody decides what it means; a fact from then on.
api::SystemCheck CheckOfOlderNote(const OlderNote& note, absl::Time now);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_OLDER_NOTE_H_
