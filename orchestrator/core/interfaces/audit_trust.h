// What makes the audit log's end trustworthy from outside of the database: a key that signs heads,
// and a book beside the database that keeps them.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_AUDIT_TRUST_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_AUDIT_TRUST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::core {

// Made by init, kept apart from the database. Thread-safe, does not block.
class AuditKey {
 public:
  virtual ~AuditKey() = default;
  virtual const std::string& id() const = 0;  // Of the public half; names the key in each head.
  virtual absl::StatusOr<std::string> Sign(absl::string_view text) const = 0;
  virtual bool HasSigned(absl::string_view text, absl::string_view signature) const = 0;
};

// A file that is only ever appended to. Thread-safe.
class HeadBook {
 public:
  virtual ~HeadBook() = default;
  // Does not block. Lines come into the book in this order; what cannot be written is logged, and
  // written with the next, or at the next start out of the database.
  virtual void Append(std::string line) = 0;
  // All lines. Blocks. A book that does not exist yet is empty.
  virtual absl::StatusOr<std::vector<std::string>> Read() const = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_AUDIT_TRUST_H_
