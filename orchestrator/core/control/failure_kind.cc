#include "orchestrator/core/control/failure_kind.h"

#include <optional>

#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::core {

FailureKind KindOf(const absl::Status& failure) {
  const std::optional<FailureCode> code = FailureCodeOf(failure);
  if (!code.has_value()) return FailureKind::kUnexpected;
  switch (*code) {
    case FailureCode::kStoreFull:
    case FailureCode::kStoreIo:
    case FailureCode::kStoreCorrupt:
    case FailureCode::kStoreReadOnly:
      return FailureKind::kStoreLost;
    default:
      return FailureKind::kRefusal;
  }
}

absl::Status IfLost(const absl::Status& status) {
  return status.ok() || KindOf(status) != FailureKind::kStoreLost ? absl::OkStatus() : status;
}

}  // namespace muster::core
