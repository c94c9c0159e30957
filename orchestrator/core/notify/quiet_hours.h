// When nobody wants to be told. Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_QUIET_HOURS_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_QUIET_HOURS_H_

#include <string>

#include "absl/time/time.h"
#include "store/model/notification.h"

namespace muster::core {

// What is wrong with them, as "quiet hours …"; empty: nothing.
std::string ProblemOfQuietHours(const store::QuietHours& quiet);

// `time`, or the end of the quiet hours that it lies in, by the clocks of their time zone: a night
// in which these change is an hour longer or shorter.
absl::Time AfterQuiet(const store::QuietHours& quiet, absl::Time time);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_QUIET_HOURS_H_
