#include "store/model/finding.h"

#include "base/failure_code.h"

namespace muster::store {

FailureCode CodeOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kMissing:
      return FailureCode::kVerifyGone;
    case FindingKind::kDisconnected:
      return FailureCode::kVerifyDisconnected;
    case FindingKind::kIdentityChanged:
      return FailureCode::kVerifyIdentity;
    case FindingKind::kDuplicateIdentity:
      return FailureCode::kFindingDuplicate;
    case FindingKind::kGhost:
      return FailureCode::kFindingGhost;
    case FindingKind::kUnknown:
      return FailureCode::kFindingUnknown;
    case FindingKind::kWrongZone:
      return FailureCode::kFindingWrongZone;
    case FindingKind::kRenamed:
      return FailureCode::kFindingRenamed;
    case FindingKind::kMoved:
      return FailureCode::kFindingMoved;
    case FindingKind::kUnproven:
      return FailureCode::kVerifyStale;
    case FindingKind::kWorkerMissing:
      return FailureCode::kFindingWorkerMissing;
    case FindingKind::kClockSkew:
      return FailureCode::kFindingClockSkew;
    case FindingKind::kServiceDown:
      return FailureCode::kFindingServiceDown;
  }
  return FailureCode::kVerifyUnproven;
}

Severity SeverityOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kIdentityChanged:
    case FindingKind::kDuplicateIdentity:
    case FindingKind::kWrongZone:
      return Severity::kCritical;
    case FindingKind::kMissing:
    case FindingKind::kDisconnected:
    case FindingKind::kUnproven:
    case FindingKind::kServiceDown:
      return Severity::kHigh;
    case FindingKind::kUnknown:
    case FindingKind::kMoved:
    case FindingKind::kWorkerMissing:
      return Severity::kMedium;
    case FindingKind::kGhost:
    case FindingKind::kRenamed:
    case FindingKind::kClockSkew:
      return Severity::kLow;
  }
  return Severity::kLow;
}

}  // namespace muster::store
