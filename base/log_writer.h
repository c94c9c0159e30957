// Takes the writing of log lines off the threads that work: a reader of standard error that stops
// reading (a full pipe, a stuck journal) must stop no session and no stop.
//
//   log::Info(…) ──► queue, at most kMaxBytes ──► one thread ──► standard error
//                        │ full
//                        └─► dropped and counted; the count is the next line that gets through
#ifndef MUSTER_BASE_LOG_WRITER_H_
#define MUSTER_BASE_LOG_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::log {

// Made by a daemon's main, one at a time, before other threads start and after the signals are
// blocked. From then on log lines take the queue; after its destruction they are written by their
// callers again.
class BackgroundWriter {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;
  // How long the destructor waits for what is queued; then the rest is lost.
  static constexpr absl::Duration kPatience = absl::Seconds(2);

  // Writes a text, whole lines; may block. False: it could not be written, and is counted as lost.
  using Sink = std::function<bool(absl::string_view)>;
  // Null: standard error.
  explicit BackgroundWriter(Sink sink = nullptr);
  ~BackgroundWriter();
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  // Queues the line, which ends with a line break, or drops and counts it. False when there is no
  // writer. Thread-safe; never blocks on the sink.
  static bool Take(absl::string_view line);
  // Lines lost so far. Thread-safe.
  uint64_t lost() const;

 private:
  struct Queue;
  // Also held by the thread, which may hang in the sink for ever.
  const std::shared_ptr<Queue> queue_;
};

}  // namespace muster::log

#endif  // MUSTER_BASE_LOG_WRITER_H_
