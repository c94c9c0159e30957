// Heads of the audit log as lines: what is signed, what stands in the book and what is exported.
//
//   head 120000 9f86d0…(64 digits) 1764216049123456 0 4be1…(16 digits) 3045…(signature)
//   │    │      │                  │                │ │
//   kind │      hash               time, µs         │ key
//        sequence                                   restored: what the book vouched for before
#ifndef MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_TEXT_H_
#define MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "store/model/audit_event.h"

namespace muster::core {

// Without a line end.
std::string LineOf(const store::AuditHead& head);
// InvalidArgument for any other text. Says nothing about the signature.
absl::StatusOr<store::AuditHead> ParseHead(absl::string_view line);

// Puts key and signature into the head.
absl::Status SignHead(const AuditKey& key, store::AuditHead& head);
bool IsSigned(const AuditKey& key, const store::AuditHead& head);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_TEXT_H_
