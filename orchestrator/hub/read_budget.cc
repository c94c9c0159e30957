#include "orchestrator/hub/read_budget.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace muster::hub {
namespace {

std::string Mebibytes(size_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); }

}  // namespace

ReadBudget::Share::~Share() {
  if (bytes_ == 0) return;
  MutexLock lock(&budget_.mu_);
  budget_.held_ -= bytes_;
  const auto it = budget_.tenants_.find(tenant_);
  it->second.bytes -= bytes_;
  if (it->second.bytes == 0) budget_.tenants_.erase(it);
}

bool ReadBudget::Share::Take(size_t bytes) {
  MutexLock lock(&budget_.mu_);
  Tenant& tenant = budget_.tenants_[tenant_];
  if (tenant.bytes + bytes > budget_.tenant_bytes_) {
    refusal_ = absl::StrCat("the lists of this tenant's hubs that are being read take more than ",
                            Mebibytes(budget_.tenant_bytes_), " together");
  } else if (budget_.held_ + bytes > budget_.total_bytes_) {
    const auto most = std::max_element(
        budget_.tenants_.begin(), budget_.tenants_.end(),
        [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
    // Who asks may have what it asks for: the readings of the other end with their next bytes.
    if (most->second.bytes > tenant.bytes) most->second.gives_way = true;
    tenant.gives_way |= most->second.bytes <= tenant.bytes ||
                        budget_.held_ + bytes > budget_.total_bytes_ + budget_.tenant_bytes_;
  }
  if (refusal_.empty() && tenant.gives_way) {
    refusal_ = absl::StrCat("the lists of all hubs that are being read take more than ",
                            Mebibytes(budget_.total_bytes_),
                            " together, and this tenant's had to give way");
  }
  if (!refusal_.empty()) {
    if (tenant.bytes == 0) budget_.tenants_.erase(tenant_);
    return false;
  }
  bytes_ += bytes;
  tenant.bytes += bytes;
  budget_.held_ += bytes;
  budget_.peak_ = std::max(budget_.peak_, budget_.held_);
  return true;
}

size_t ReadBudget::held() const {
  MutexLock lock(&mu_);
  return held_;
}

size_t ReadBudget::peak() const {
  MutexLock lock(&mu_);
  return peak_;
}

}  // namespace muster::hub
