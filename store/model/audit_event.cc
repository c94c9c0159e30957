#include "store/model/audit_event.h"

namespace muster::store {

absl::string_view ToString(AuditHead::Kind kind) {
  switch (kind) {
    case AuditHead::Kind::kHead:
      return "head";
    case AuditHead::Kind::kCheckpoint:
      return "checkpoint";
    case AuditHead::Kind::kRestored:
      return "restored";
  }
  return "";
}

bool FromString(absl::string_view text, AuditHead::Kind& kind) {
  for (const AuditHead::Kind known :
       {AuditHead::Kind::kHead, AuditHead::Kind::kCheckpoint, AuditHead::Kind::kRestored}) {
    if (ToString(known) != text) continue;
    kind = known;
    return true;
  }
  return false;
}

}  // namespace muster::store
