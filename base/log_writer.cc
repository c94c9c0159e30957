#include "base/log_writer.h"

#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/mutex.h"
#include "base/platform/standard_error.h"
#include "base/platform/thread_name.h"
#include "base/timed_flag.h"

namespace muster::log {

struct BackgroundWriter::Queue {
  Sink sink;
  TimedFlag drained;  // Nothing is queued and the thread is over.
  Mutex mu;
  std::string lines ABSL_GUARDED_BY(mu);
  uint64_t lost ABSL_GUARDED_BY(mu) = 0;
  uint64_t told ABSL_GUARDED_BY(mu) = 0;  // Of `lost`.
  bool closing ABSL_GUARDED_BY(mu) = false;

  bool Wakes() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return closing || !lines.empty(); }
};

namespace {

Mutex& CurrentMutex() {
  static Mutex* const mu = new Mutex;
  return *mu;
}
std::weak_ptr<void>& Current() {
  static auto* const current = new std::weak_ptr<void>;
  return *current;
}

// In the format of the lines around it.
std::string LostLine(uint64_t count, bool json) {
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  if (json) {
    return absl::StrCat("{\"time\":\"", time,
                        "\",\"level\":\"warning\",\"msg\":\"log lines lost: standard error was not "
                        "read\",\"count\":\"",
                        count, "\"}\n");
  }
  return absl::StrCat(
      "time=", time,
      " level=warning msg=\"log lines lost: standard error was not read\" count=", count, "\n");
}

}  // namespace

BackgroundWriter::BackgroundWriter(Sink sink) : queue_(std::make_shared<Queue>()) {
  queue_->sink = sink ? std::move(sink) : Sink(WriteToStandardError);
  {
    MutexLock lock(&CurrentMutex());
    Current() = queue_;
  }
  std::thread([queue = queue_] {
    SetThreadName("log");
    while (true) {
      std::string batch;
      bool last = false;
      {
        MutexLock lock(&queue->mu);
        queue->mu.Await(absl::Condition(
            +[](Queue* self) { return self->Wakes(); }, queue.get()));
        batch.swap(queue->lines);
        last = queue->closing;
        if (const uint64_t news = queue->lost - queue->told; news > 0 && !batch.empty()) {
          absl::StrAppend(&batch, LostLine(news, absl::StartsWith(batch, "{")));
          queue->told = queue->lost;
        }
      }
      if (!batch.empty() && !queue->sink(batch)) {
        MutexLock lock(&queue->mu);
        ++queue->lost;
      }
      if (last) break;
    }
    queue->drained.Set();
  }).detach();  // It may hang in a write: then it ends with the process.
}

BackgroundWriter::~BackgroundWriter() {
  {
    MutexLock lock(&CurrentMutex());
    Current().reset();
  }
  {
    MutexLock lock(&queue_->mu);
    queue_->closing = true;
  }
  queue_->drained.Await(kPatience);
}

bool BackgroundWriter::Take(absl::string_view line) {
  std::shared_ptr<void> current;
  {
    MutexLock lock(&CurrentMutex());
    current = Current().lock();
  }
  if (current == nullptr) return false;
  Queue& queue = *static_cast<Queue*>(current.get());
  MutexLock lock(&queue.mu);
  if (queue.lines.size() + line.size() > kMaxBytes) {
    ++queue.lost;
  } else {
    absl::StrAppend(&queue.lines, line);
  }
  return true;
}

uint64_t BackgroundWriter::lost() const {
  MutexLock lock(&queue_->mu);
  return queue_->lost;
}

}  // namespace muster::log
