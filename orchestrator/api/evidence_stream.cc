#include "orchestrator/api/evidence_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/admin/v1/evidence.pb.h"

namespace muster::api {
namespace {

constexpr int64_t kChunk = 256 << 10;

}  // namespace

void EvidenceStream::Begin(StreamSink& sink) {
  MutexLock lock(&mu_);
  sink_ = &sink;
  pool_.Run([self = shared_from_this()] { self->OpenOnPool(); });
}

void EvidenceStream::OpenOnPool() {
  if (stop_) return;
  absl::StatusOr<std::shared_ptr<void>> place = open_(shared_from_this());
  if (!place.ok()) return End(place.status());
  MutexLock lock(&mu_);
  if (!finished_) place_ = *std::move(place);
}

void EvidenceStream::Make(MakeIt make) {
  pool_.Run([self = shared_from_this(), make = std::move(make)] { self->MakeOnPool(make); });
}

void EvidenceStream::MakeOnPool(const MakeIt& make) {
  if (stop_) return;
  absl::StatusOr<std::unique_ptr<MadeEvidence>> made = make([this] { return stop_.load(); });
  if (!made.ok()) return End(made.status());
  made_ = *std::move(made);
  SendOnPool();
}

void EvidenceStream::SendOnPool() {
  int64_t sent = 0;
  {
    MutexLock lock(&mu_);
    sent = sent_;
  }
  const int64_t size = std::min(kChunk, made_->bytes - sent);
  if (size == 0) return End(absl::OkStatus());
  std::string piece(static_cast<size_t>(size), '\0');
  made_->file.read(piece.data(), size);
  if (made_->file.gcount() != size) return End(absl::UnavailableError("the pack cannot be read"));
  muster::admin::v1::EvidenceChunk chunk;
  if (sent == 0) chunk.set_total_bytes(made_->bytes);
  chunk.set_data(std::move(piece));
  MutexLock lock(&mu_);
  if (finished_ || sink_ == nullptr || finish_with_.has_value()) return FinishIfOver();
  sent_ = sent + size;
  writing_ = true;
  sink_->Write(chunk);
}

void EvidenceStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(&mu_);
    writing_ = false;
    if (!ok && !finish_with_.has_value()) {
      finish_with_ = absl::CancelledError("nobody reads the pack any more");
    }
    if (finish_with_.has_value()) return FinishIfOver();
  }
  pool_.Run([self = shared_from_this()] { self->SendOnPool(); });
}

void EvidenceStream::End(const absl::Status& why) {
  stop_ = true;
  MutexLock lock(&mu_);
  if (!finish_with_.has_value()) finish_with_ = why;
  FinishIfOver();
}

void EvidenceStream::FinishIfOver() {
  if (sink_ == nullptr || finished_ || writing_ || !finish_with_.has_value()) return;
  finished_ = true;
  sink_->Finish(*finish_with_);
}

void EvidenceStream::OnCancel() { End(absl::CancelledError("nobody reads the pack any more")); }

void EvidenceStream::OnDone() {
  stop_ = true;
  std::shared_ptr<void> place;
  MutexLock lock(&mu_);
  sink_ = nullptr;
  place = std::move(place_);
}

}  // namespace muster::api
