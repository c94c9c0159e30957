// A key that signs with a hash, and a book in memory that outlives the orchestrator's lives.
#ifndef MUSTER_TESTS_SIM_SIM_AUDIT_H_
#define MUSTER_TESTS_SIM_SIM_AUDIT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "orchestrator/core/interfaces/audit_trust.h"

namespace muster::sim {

class SimAuditKey final : public core::AuditKey {
 public:
  explicit SimAuditKey(std::string id = "sim-key") : id_(std::move(id)) {}
  const std::string& id() const override { return id_; }
  absl::StatusOr<std::string> Sign(absl::string_view text) const override {
    return crypto::HmacSha256(id_, text);
  }
  bool HasSigned(absl::string_view text, absl::string_view signature) const override {
    return crypto::HmacSha256(id_, text) == signature;
  }

 private:
  const std::string id_;
};

class SimHeadBook final : public core::HeadBook {
 public:
  void Append(std::string line) override { lines.push_back(std::move(line)); }
  absl::StatusOr<std::vector<std::string>> Read() const override { return lines; }

  std::vector<std::string> lines;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_AUDIT_H_
