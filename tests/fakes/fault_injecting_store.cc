#include "tests/fakes/fault_injecting_store.h"

#include <optional>
#include <utility>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"

namespace muster {
namespace {

absl::Status Crashed() { return absl::UnavailableError("the process has crashed (injected)"); }

absl::Status Refusal(Fault fault) {
  switch (fault) {
    case Fault::kFull:
      return FailureStatus(FailureCode::kStoreFull, "injected");
    case Fault::kIo:
      return FailureStatus(FailureCode::kStoreIo, "injected");
    case Fault::kCorrupt:
      return FailureStatus(FailureCode::kStoreCorrupt, "injected");
    case Fault::kCrashBefore:
    case Fault::kCrashAfter:
      break;
  }
  return Crashed();
}

}  // namespace

class FaultInjectingStore::FaultyTransaction final : public store::Transaction {
 public:
  FaultyTransaction(FaultInjectingStore& owner, std::unique_ptr<store::Transaction> inner)
      : owner_(owner), inner_(std::move(inner)) {}

  store::TenantStore& tenants() override { return inner_->tenants(); }
  store::ZoneStore& zones() override { return inner_->zones(); }
  store::ServerStore& servers() override { return inner_->servers(); }
  store::TokenStore& tokens() override { return inner_->tokens(); }
  store::CertificateStore& certificates() override { return inner_->certificates(); }
  store::OperatorStore& operators() override { return inner_->operators(); }
  store::RequestStore& requests() override { return inner_->requests(); }
  store::ObservationStore& observations() override { return inner_->observations(); }
  store::MachineStore& machines() override { return inner_->machines(); }
  store::FindingStore& findings() override { return inner_->findings(); }
  store::SweepStore& sweeps() override { return inner_->sweeps(); }
  store::NotificationStore& notifications() override { return inner_->notifications(); }
  store::RolloutStore& rollouts() override { return inner_->rollouts(); }
  store::AttemptStore& attempts() override { return inner_->attempts(); }
  store::AuditLog& audit() override { return inner_->audit(); }

  absl::Status Mark() override { return inner_->Mark(); }
  absl::Status Release() override { return inner_->Release(); }
  absl::Status RollBackToMark() override { return inner_->RollBackToMark(); }
  absl::Status Commit() override { return owner_.Commit(*inner_); }

 private:
  FaultInjectingStore& owner_;
  // Kept until this object ends, also after a commit: callers may hold its nouns as long.
  const std::unique_ptr<store::Transaction> inner_;
};

void FaultInjectingStore::FailCommit(int number, Fault fault) {
  MutexLock lock(&mu_);
  faults_[number] = fault;
}

void FaultInjectingStore::SetCommitHook(std::function<absl::Status(int number)> hook) {
  MutexLock lock(&mu_);
  hook_ = std::move(hook);
}

int FaultInjectingStore::commits() const {
  MutexLock lock(&mu_);
  return commits_;
}

bool FaultInjectingStore::crashed() const {
  MutexLock lock(&mu_);
  return crashed_;
}

void FaultInjectingStore::Revive() {
  MutexLock lock(&mu_);
  crashed_ = false;
  failure_ = absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<store::Transaction>> FaultInjectingStore::Begin() {
  {
    MutexLock lock(&mu_);
    if (crashed_) return Crashed();
    if (!failure_.ok()) return FailureStatus(FailureCode::kStoreReadOnly, failure_.message());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> inner, inner_.Begin());
  return std::make_unique<FaultyTransaction>(*this, std::move(inner));
}

absl::StatusOr<std::unique_ptr<store::Snapshot>> FaultInjectingStore::Read() const {
  if (crashed()) return Crashed();
  return inner_.Read();
}

void FaultInjectingStore::FailSync() {
  MutexLock lock(&mu_);
  fail_sync_ = true;
}

void FaultInjectingStore::SetSyncHook(std::function<void()> hook) {
  MutexLock lock(&mu_);
  sync_hook_ = std::move(hook);
}

absl::Status FaultInjectingStore::Sync() {
  {
    MutexLock lock(&mu_);
    if (crashed_) return Crashed();
    if (std::exchange(fail_sync_, false)) return failure_ = Refusal(Fault::kIo);
  }
  const absl::Status status = inner_.Sync();
  std::function<void()> hook;
  {
    MutexLock lock(&mu_);
    hook = sync_hook_;
  }
  if (status.ok() && hook) hook();
  return status;
}

store::StoreHealth FaultInjectingStore::Health() const {
  store::StoreHealth health = inner_.Health();
  MutexLock lock(&mu_);
  if (!failure_.ok() && !health.read_only) {
    health.read_only = true;
    health.reason = std::string(failure_.message());
  }
  return health;
}

absl::Status FaultInjectingStore::Commit(store::Transaction& inner) {
  std::optional<Fault> fault;
  std::function<absl::Status(int)> hook;
  int number = 0;
  {
    MutexLock lock(&mu_);
    number = ++commits_;
    hook = hook_;
    if (crashed_) return Crashed();
    if (const auto found = faults_.find(number); found != faults_.end()) {
      fault = found->second;
      faults_.erase(found);
    }
  }
  if (hook) RETURN_IF_ERROR(hook(number));
  if (!fault.has_value()) return inner.Commit();
  // Without a commit the inner transaction rolls back when it ends.
  if (*fault == Fault::kCrashAfter) RETURN_IF_ERROR(inner.Commit());
  MutexLock lock(&mu_);
  if (*fault == Fault::kCrashBefore || *fault == Fault::kCrashAfter) {
    crashed_ = true;
  } else {
    failure_ = Refusal(*fault);
  }
  return Refusal(*fault);
}

}  // namespace muster
