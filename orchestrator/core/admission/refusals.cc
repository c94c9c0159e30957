#include "orchestrator/core/admission/refusals.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

constexpr size_t kMostAddresses = 1000;
constexpr char kOthers[] = "others";

absl::Status Write(Turn& turn, const Refusal& refusal, int64_t times, const std::string& detail) {
  if (refusal.action == kBootstrapRefused) {
    RETURN_IF_ERROR(turn.store().tokens().AddRefusal({.token_id = refusal.token_id,
                                                      .time = turn.now(),
                                                      .address = refusal.address,
                                                      .server_name = refusal.server_name,
                                                      .code = refusal.code,
                                                      .times = times}));
  }
  return Audit(turn, refusal.actor, refusal.action, refusal.subject, refusal.tenant_id, detail);
}

}  // namespace

absl::Status Refusals::Note(Turn& turn, const Refusal& refusal) {
  Key key(refusal.action, refusal.subject);
  const bool known = doors_.contains(key);
  if (!known && doors_.size() >= kMostDoors) key = {refusal.action, kOthers};
  const auto [it, fresh] = doors_.try_emplace(key);
  Door& door = it->second;
  if (fresh) {
    agenda_.At(turn.now() + door.window,
               [this, key](Turn& later) { return EndWindow(later, key); });
  }
  Kind& kind = door.kinds[refusal.code];
  if (kind.told.size() < kToldOneByOne && !kind.told.contains(refusal.address)) {
    RETURN_IF_ERROR(
        Write(turn, refusal, 1, absl::StrCat(TextOf(refusal.code), " ", refusal.detail)));
    kind.told.insert(refusal.address);
    return absl::OkStatus();
  }
  ++kind.untold;
  if (kind.addresses.size() < kMostAddresses) kind.addresses.insert(refusal.address);
  if (!door.last.has_value()) door.first = turn.now();
  door.last = refusal;
  return absl::OkStatus();
}

absl::Status Refusals::Tell(Turn& turn, const Key& key, Door& door) {
  if (!door.last.has_value()) return absl::OkStatus();
  Refusal last = *std::exchange(door.last, std::nullopt);
  int64_t all = 0;
  std::vector<std::string> sums;
  for (auto& [code, kind] : door.kinds) {
    if (kind.untold == 0) continue;
    all += kind.untold;
    sums.push_back(absl::StrCat(kind.untold, " more ", TextOf(code), " from ",
                                kind.addresses.size() < kMostAddresses ? "" : "at least ",
                                kind.addresses.size(),
                                kind.addresses.size() == 1 ? " address" : " addresses"));
    kind.untold = 0;
    kind.addresses.clear();
  }
  if (key.second == kOthers) {
    // Of many: no tenant is told what others' doors counted.
    last.tenant_id = TenantId();
    last.subject.clear();
    last.token_id = TokenId();
    last.server_name.clear();
    last.detail.clear();
  }
  return Write(turn, last, all,
               absl::StrCat(absl::StrJoin(sums, ", "), " since ",
                            absl::FormatTime(absl::RFC3339_sec, door.first, absl::UTCTimeZone()),
                            "; the last: ", TextOf(last.code), " ", last.detail));
}

absl::Status Refusals::TellAll(Turn& turn) {
  for (auto& [key, door] : doors_) RETURN_IF_ERROR(Tell(turn, key, door));
  return absl::OkStatus();
}

absl::Status Refusals::EndWindow(Turn& turn, const Key& key) {
  const auto it = doors_.find(key);
  if (it == doors_.end()) return absl::OkStatus();
  Door& door = it->second;
  if (!door.last.has_value()) {
    doors_.erase(it);
    return absl::OkStatus();
  }
  // It may go on.
  door.window = std::min(door.window * 2, kLongestWindow);
  agenda_.At(turn.now() + door.window, [this, key](Turn& later) { return EndWindow(later, key); });
  return Tell(turn, key, door);
}

}  // namespace muster::core
