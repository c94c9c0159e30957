// Observations about servers (store/model/observation.h), as decisions write them: new ones reach
// the log, repeated ones are counted, and at most so often that a worker that knocks without end
// does not fill the disk.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_OBSERVATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_OBSERVATIONS_H_

#include <initializer_list>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

// The same observation with the same detail is written once in this time.
inline constexpr absl::Duration kObserveEvery = absl::Minutes(1);

// Nothing for a server that does not exist. Logs what is new.
absl::Status Observe(Turn& turn, const ServerId& server, FailureCode code,
                     absl::string_view detail);

// There is evidence that these hold no more. Cheap when there are none.
absl::Status ClearObservations(Turn& turn, const ServerId& server,
                               std::initializer_list<FailureCode> codes);

// What a worker says is wrong on its server, as of a whole look: problems of its kind (E-JOIN-…,
// E-SERVICE-…, E-WORKER-…) that it said earlier and says no more are cleared.
absl::Status NoteProblems(Turn& turn, const ServerId& server, const std::vector<Failure>& problems);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_OBSERVATIONS_H_
