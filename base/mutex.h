// absl::Mutex that ThreadSanitizer understands. The packaged abseil is not built with TSan, so its
// mutex looks like a race to it; under TSan this class tells it about each lock and unlock.
// Annotations of clang's thread-safety analysis come along.
#ifndef MUSTER_BASE_MUTEX_H_
#define MUSTER_BASE_MUTEX_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#if defined(__SANITIZE_THREAD__)
#define MUSTER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MUSTER_TSAN 1
#endif
#endif
#ifdef MUSTER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace muster {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    Before();
    mu_.Lock();
    After();
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    BeforeRelease();
    mu_.Unlock();
    AfterRelease();
  }
  // Blocks until `condition` holds; the lock is held before and after.
  void Await(const absl::Condition& condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    BeforeRelease();
    AfterRelease();
    Before();  // Here already: TSan must not look while abseil evaluates the condition, which it
               // does under the lock.
    mu_.Await(condition);
    After();
  }
  // As Await, but gives up after `timeout`. Returns whether `condition` holds.
  bool AwaitWithTimeout(const absl::Condition& condition, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    BeforeRelease();
    AfterRelease();
    Before();
    const bool held = mu_.AwaitWithTimeout(condition, timeout);
    After();
    return held;
  }

 private:
#ifdef MUSTER_TSAN
  void Before() { __tsan_mutex_pre_lock(this, 0); }
  void After() { __tsan_mutex_post_lock(this, 0, 0); }
  void BeforeRelease() { __tsan_mutex_pre_unlock(this, 0); }
  void AfterRelease() { __tsan_mutex_post_unlock(this, 0); }
#else
  void Before() {}
  void After() {}
  void BeforeRelease() {}
  void AfterRelease() {}
#endif
  absl::Mutex mu_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

}  // namespace muster

#endif  // MUSTER_BASE_MUTEX_H_
