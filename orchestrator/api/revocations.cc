#include "orchestrator/api/revocations.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::api {
namespace {

absl::Status RevokedMeanwhile() {
  return FailureStatus(FailureCode::kAuthRevoked, "it happened while the call was under way");
}

}  // namespace

void Revocations::OperatorRevoked(const OperatorId& id) {
  const std::string actor = absl::StrCat("operator:", id.value());
  {
    MutexLock lock(&mu_);
    revoked_.insert(actor);
  }
  long_calls_.EndOf(actor, RevokedMeanwhile());
  watchers_.LookAgain();
}

absl::Status Revocations::Check(absl::string_view actor) const {
  MutexLock lock(&mu_);
  return revoked_.contains(std::string(actor)) ? RevokedMeanwhile() : absl::OkStatus();
}

}  // namespace muster::api
