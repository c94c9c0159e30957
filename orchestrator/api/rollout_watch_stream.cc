#include "orchestrator/api/rollout_watch_stream.h"

#include <utility>

namespace muster::api {

RolloutWatchStream::RolloutWatchStream(RolloutId rollout, RolloutWatchers& watchers, Executor& pool,
                                       Reader reader)
    : rollout_(std::move(rollout)), watchers_(watchers), pool_(pool), reader_(std::move(reader)) {}

void RolloutWatchStream::Begin(StreamSink& sink) {
  // Before the first read, so that no change falls between the two.
  const absl::Status added = watchers_.Add(rollout_, shared_from_this());
  MutexLock lock(&mu_);
  sink_ = &sink;
  if (!added.ok()) finish_with_ = added;
  Pump();
}

void RolloutWatchStream::Changed() {
  MutexLock lock(&mu_);
  dirty_ = true;
  Pump();
}

void RolloutWatchStream::End(const absl::Status& why) {
  MutexLock lock(&mu_);
  if (!finish_with_.has_value()) finish_with_ = why;
  Pump();
}

void RolloutWatchStream::Pump() {
  if (sink_ == nullptr || finished_ || busy_) return;
  if (finish_with_.has_value()) {
    finished_ = true;
    sink_->Finish(*finish_with_);
    return;
  }
  if (!dirty_ || armed_) return;
  if (const absl::Duration wait = next_ - watchers_.clock().Steady(); wait > absl::ZeroDuration()) {
    armed_ = true;
    watchers_.timers().After(wait, [self = shared_from_this()] {
      MutexLock lock(&self->mu_);
      self->armed_ = false;
      self->Pump();
    });
    return;
  }
  dirty_ = false;
  busy_ = true;
  pool_.Run([self = shared_from_this()] { self->ReadOnPool(); });
}

void RolloutWatchStream::ReadOnPool() { Arrived(reader_()); }

void RolloutWatchStream::Arrived(absl::StatusOr<WatchedRollout> rollout) {
  MutexLock lock(&mu_);
  if (sink_ == nullptr || finished_) return;
  if (!rollout.ok() && !finish_with_.has_value()) finish_with_ = rollout.status();
  if (finish_with_.has_value()) {
    busy_ = false;
    Pump();
    return;
  }
  final_ = rollout->final;
  sink_->Write(rollout->message);  // Still busy, until OnWriteDone.
}

void RolloutWatchStream::OnWriteDone(bool ok) {
  MutexLock lock(&mu_);
  busy_ = false;
  next_ = watchers_.clock().Steady() + kWatchInterval;
  if (!finish_with_.has_value()) {
    if (!ok) finish_with_ = absl::CancelledError("the watcher is gone");
    if (ok && final_) finish_with_ = absl::OkStatus();
  }
  Pump();
}

void RolloutWatchStream::OnCancel() { End(absl::CancelledError("the watcher is gone")); }

void RolloutWatchStream::OnDone() {
  watchers_.Remove(rollout_, this);
  MutexLock lock(&mu_);
  sink_ = nullptr;
}

}  // namespace muster::api
