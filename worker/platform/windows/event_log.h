// The application log of Windows, where technicians look first: lines of warnings and errors of the
// worker's log stand there as well, with their codes (E-…).
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_EVENT_LOG_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_EVENT_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::worker {

constexpr char kEventSource[] = "Muster Worker";

// Registers the source with `program`, whose message table (messages.mc) turns events into text.
absl::Status AddEventSource(const std::string& program);
void RemoveEventSource();

class EventLog {
 public:
  EventLog();
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  // A line of the log, of either format: an event when it is a warning or an error, or no line of
  // the log at all.
  void TakeLine(absl::string_view line);

 private:
  void* const source_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_EVENT_LOG_H_
