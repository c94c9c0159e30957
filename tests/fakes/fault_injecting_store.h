// A store with levers: it passes everything to a real store, counts commits and breaks them on
// demand.
//
//   FaultInjectingStore store(*sqlite);
//   store.FailCommit(store.commits() + 1, Fault::kCrashAfter);
//   … drive the core until store.crashed(), throw the core away, store.Revive(), build a new core …
//
//   fault          the changes   Commit answers     afterwards
//   kFull          are lost      E-STORE-FULL       read-only, as the real store
//   kIo            are lost      E-STORE-IO         read-only
//   kCorrupt       are lost      E-STORE-CORRUPT    read-only
//   kCrashBefore   are lost      Unavailable        crashed: every call fails until Revive
//   kCrashAfter    are kept      Unavailable        crashed: the process died before it heard of it
#ifndef MUSTER_TESTS_FAKES_FAULT_INJECTING_STORE_H_
#define MUSTER_TESTS_FAKES_FAULT_INJECTING_STORE_H_

#include <functional>
#include <map>
#include <memory>

#include "base/mutex.h"
#include "store/interface/store.h"

namespace muster {

enum class Fault { kFull, kIo, kCorrupt, kCrashBefore, kCrashAfter };

// Thread-safe as the store it wraps, which outlives it.
class FaultInjectingStore final : public store::Store {
 public:
  explicit FaultInjectingStore(store::Store& inner) : inner_(inner) {}

  // -- levers --
  // Breaks the commit with this number; they count from 1 over the life of this object.
  void FailCommit(int number, Fault fault);
  // The next Sync answers E-STORE-IO, and the store is read-only.
  void FailSync();
  // Called after each Sync that succeeded: what is in the files now survives a power cut.
  void SetSyncHook(std::function<void()> hook);
  // Called before each commit with its number. An error rolls back and is Commit's answer.
  void SetCommitHook(std::function<absl::Status(int number)> hook);
  // How many times Commit was called, broken ones included.
  int commits() const;
  bool crashed() const;
  // What a restart does: ends a crash, and a read-only state that a fault brought about.
  void Revive();

  // -- store::Store --
  absl::StatusOr<std::unique_ptr<store::Transaction>> Begin() override;
  absl::StatusOr<std::unique_ptr<store::Snapshot>> Read() const override;
  absl::Status Sync() override;
  bool CheckpointIsDue() const override { return inner_.CheckpointIsDue(); }
  absl::Status Checkpoint() override { return inner_.Checkpoint(); }
  store::StoreHealth Health() const override;

 private:
  class FaultyTransaction;
  absl::Status Commit(store::Transaction& inner);

  store::Store& inner_;
  mutable Mutex mu_;
  int commits_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int, Fault> faults_ ABSL_GUARDED_BY(mu_);
  std::function<absl::Status(int)> hook_ ABSL_GUARDED_BY(mu_);
  std::function<void()> sync_hook_ ABSL_GUARDED_BY(mu_);
  bool fail_sync_ ABSL_GUARDED_BY(mu_) = false;
  bool crashed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);  // The reason of the read-only state.
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAKES_FAULT_INJECTING_STORE_H_
