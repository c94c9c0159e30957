// One ExportEvidence stream: the pack is put on record, made whole on the disk, then sent piece by
// piece as its reader takes it. Nothing is held in the store or on the strand while it travels.
//
//   Begin ─► pool: who calls, for which tenant ─► strand: on record ─► pool: make ─┐
//                                                                                  ▼
//                        Finish ◄── the end ◄── OnWriteDone ◄──── pool: read a piece, write
#ifndef MUSTER_ORCHESTRATOR_API_EVIDENCE_STREAM_H_
#define MUSTER_ORCHESTRATOR_API_EVIDENCE_STREAM_H_

#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "orchestrator/api/long_calls.h"
#include "orchestrator/api/stream.h"

namespace muster::api {

// A pack that was made. Its file has no name any more: it is gone with this.
struct MadeEvidence {
  std::ifstream file;
  int64_t bytes = 0;
};

// Thread-safe. The carrier holds it by shared_ptr, as work under way does. It calls its sink under
// its lock.
class EvidenceStream final : public ServerStream,
                             public std::enable_shared_from_this<EvidenceStream> {
 public:
  // Called once, on the pool: checks the caller and the request, and asks for the record. What it
  // returns keeps a place among those under way, until the stream is gone. Later, from any thread,
  // Make or End.
  using Open =
      std::function<absl::StatusOr<std::shared_ptr<void>>(const std::shared_ptr<EvidenceStream>&)>;
  // Called once, on the pool; stops early when it is told to.
  using MakeIt = std::function<absl::StatusOr<std::unique_ptr<MadeEvidence>>(
      const std::function<bool()>& stop)>;

  EvidenceStream(Executor& pool, Open open) : pool_(pool), open_(std::move(open)) {}

  void Make(MakeIt make);
  // Ends it as soon as nothing is being written. The first word counts.
  void End(const absl::Status& why);

  // ServerStream.
  void Begin(StreamSink& sink) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void OpenOnPool();
  void MakeOnPool(const MakeIt& make);
  void SendOnPool();
  void FinishIfOver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Executor& pool_;
  const Open open_;
  std::atomic<bool> stop_ = false;
  std::unique_ptr<MadeEvidence> made_;  // Of the one task that runs.

  Mutex mu_;
  StreamSink* sink_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  int64_t sent_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<absl::Status> finish_with_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<void> place_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_EVIDENCE_STREAM_H_
