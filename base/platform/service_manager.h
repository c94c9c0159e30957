// What a program tells the service manager that started it (systemd: sd_notify, Type=notify). Where
// none listens, nothing happens.
#ifndef MUSTER_BASE_PLATFORM_SERVICE_MANAGER_H_
#define MUSTER_BASE_PLATFORM_SERVICE_MANAGER_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// "READY=1", "STOPPING=1", "WATCHDOG=1". Does not block; a message that cannot be delivered is lost.
void TellServiceManager(absl::string_view state);

// How often this process has to say "WATCHDOG=1" so that it is not taken for dead: half of what the
// service manager waits. Infinite: it does not wait for that.
absl::Duration WatchdogInterval();

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_SERVICE_MANAGER_H_
