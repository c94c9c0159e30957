// What of the audit log is told, and in which words. The log is written in the same commit as the
// facts, so that whoever reads on from where it stopped misses none (docs/decisions/notifications.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_HAPPENINGS_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_HAPPENINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/audit_event.h"
#include "store/model/notification.h"

namespace muster::core {

// The actions of the log that may have to be told.
const std::vector<std::string>& ToldActions();

// What is told of the event; nothing of a rollout that was resumed, or of a finding that never was
// open. On the strand.
absl::StatusOr<std::optional<store::NotificationEvent>> HappeningOf(Turn& turn,
                                                                    const store::AuditEvent& event);

// The open findings behind the wall, the worst first, as `finding_opened`; at most `most`.
// What is suspected or suppressed is not told. On the strand.
struct OpenFindings {
  std::vector<store::NotificationEvent> events;
  int left_out = 0;
};
absl::StatusOr<OpenFindings> OpenFindingsOf(Turn& turn, const store::TenantWall& wall, int most);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_HAPPENINGS_H_
