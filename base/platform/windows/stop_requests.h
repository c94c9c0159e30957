// What the service control manager asks of a program, handed to the watch of its signals
// (base/platform/signals.h): there are no signals between processes here.
#ifndef MUSTER_BASE_PLATFORM_WINDOWS_STOP_REQUESTS_H_
#define MUSTER_BASE_PLATFORM_WINDOWS_STOP_REQUESTS_H_

namespace muster {

// As SIGTERM and SIGHUP elsewhere; but a stop that is asked for again is the same one. What is asked
// before there is a watch waits for it.
// Thread-safe, do not block.
void RequestStop();
void RequestReload();

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_WINDOWS_STOP_REQUESTS_H_
