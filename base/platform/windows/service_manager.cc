#include "base/platform/service_manager.h"

namespace muster {

// The service control manager hears from worker/platform/windows/service_host.cc what it wants to
// know, and has no watchdog.
void TellServiceManager(absl::string_view) {}

absl::Duration WatchdogInterval() { return absl::InfiniteDuration(); }

}  // namespace muster
