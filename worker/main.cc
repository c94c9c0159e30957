// muster-worker: joins the local Certify service to its zone's hub, on the orchestrator's command.
#include "absl/synchronization/mutex.h"
#include "base/crypto/locked_keys.h"
#include "base/platform/process_memory.h"
#include "base/platform/program_start.h"
#include "worker/app/command_line.h"

int main(int argc, char** argv) {
  muster::KeepMemoryPrivate();
  static_cast<void>(muster::crypto::KeepKeysInLockedMemory());  // Whether it does is asked later.
#ifdef NDEBUG
  // The packaged abseil looks for lock-order cycles by default, at a high price.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return muster::worker::RunCommandLine(muster::StartProgram(argc, argv));
}
