#include "orchestrator/core/control/agenda.h"

#include <utility>

#include "base/log.h"

namespace muster::core {

void Agenda::At(absl::Time when, Task task) {
  if (when == absl::InfiniteFuture()) return;
  entries_.push(Entry{when, next_order_++, std::move(task)});
  Arm();
}

void Agenda::Clear() {
  entries_ = {};
  if (timer_ != 0) timers_.Cancel(timer_);
  timer_ = 0;
  armed_ = absl::InfiniteFuture();
}

void Agenda::Arm() {
  if (entries_.empty() || entries_.top().when >= armed_) return;
  if (timer_ != 0) timers_.Cancel(timer_);
  armed_ = entries_.top().when;
  // What is left until then on the slewed clock, which no step of the machine's clock moves.
  timer_ = timers_.After(armed_ - clock_.Now(), [this] {
    control_.Post(
        [this](Turn&) {
          RunDue();
          return absl::OkStatus();
        },
        nullptr);
  });
}

// Each due task is an operation of its own, so that one that fails is undone alone.
void Agenda::RunDue() {
  timer_ = 0;
  armed_ = absl::InfiniteFuture();
  while (!entries_.empty() && entries_.top().when <= clock_.Now()) {
    control_.Post([task = entries_.top().task](Turn& turn) { return task(turn); },
                  [](absl::Status status) {
                    if (!status.ok()) log::Error("a timed step failed", {{"error", status}});
                  });
    entries_.pop();
  }
  Arm();
}

}  // namespace muster::core
