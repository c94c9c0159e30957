// absl::Notification that ThreadSanitizer understands, as base/mutex.h is for absl::Mutex: the
// packaged abseil is not built with TSan, so that what a thread wrote before Notify() looked like a
// race to who had waited for it.
#ifndef MUSTER_BASE_NOTIFICATION_H_
#define MUSTER_BASE_NOTIFICATION_H_

#include "absl/synchronization/notification.h"
#include "base/mutex.h"  // MUSTER_TSAN, and the sanitizer's interface.

namespace muster {

// Happens once. Thread-safe. For waits with a limit: TimedFlag.
class Notification {
 public:
  Notification() = default;
  Notification(const Notification&) = delete;
  Notification& operator=(const Notification&) = delete;

  void Notify() {
#ifdef MUSTER_TSAN
    __tsan_release(this);
#endif
    notification_.Notify();
  }
  bool HasBeenNotified() const {
    const bool notified = notification_.HasBeenNotified();
    if (notified) Acquire();
    return notified;
  }
  // Blocks until Notify() was called.
  void WaitForNotification() const {
    notification_.WaitForNotification();
    Acquire();
  }

 private:
  void Acquire() const {
#ifdef MUSTER_TSAN
    __tsan_acquire(const_cast<Notification*>(this));
#endif
  }
  absl::Notification notification_;
};

}  // namespace muster

#endif  // MUSTER_BASE_NOTIFICATION_H_
