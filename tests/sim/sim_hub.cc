#include "tests/sim/sim_hub.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace muster::sim {
namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(30);

}  // namespace

bool SimHub::HasRecordOf(const std::string& owner) const {
  return std::any_of(records_.begin(), records_.end(),
                     [&](const auto& record) { return record.second.owner == owner; });
}

std::string SimHub::Register(const std::string& owner, absl::Time now) {
  const std::string id = absl::StrCat("hub-", random_.Base32(12));
  Record& record = records_[id];
  record.view.id = HubInstanceId(id);
  record.owner = owner;
  record.registered = now;
  return id;
}

void SimHub::Connect(const std::string& id, const std::string& internal_id,
                     const std::string& title, absl::Time now) {
  Record& record = records_[id];
  if (record.view.id.empty()) {  // It was removed: the heartbeat brings it back (certify.md 3.4).
    record.view.id = HubInstanceId(id);
    record.owner = internal_id;
    record.registered = now;
  }
  record.view.internal_instance_id = internal_id;
  record.view.title = title;
  record.view.os = "Linux";
  if (!record.connected_since.has_value()) record.connected_since = now;
  record.ever_connected = true;
}

void SimHub::RemoveGhosts(const std::string& owner, const std::string& known) {
  std::erase_if(records_, [&](const auto& entry) {
    return entry.second.owner == owner && !entry.second.ever_connected && entry.first != known;
  });
}

void SimHub::Disconnect(const std::string& id) { records_[id].connected_since.reset(); }

void SimHub::Lose(size_t keep) {
  while (records_.size() > keep) records_.erase(std::prev(records_.end()));
}

core::HubList SimHub::List(absl::Time now, absl::Duration lag) const {
  core::HubList list = TrueList(now, lag);
  for (core::HubInstance& instance : list.instances) {
    if (instance.registered_time.has_value()) *instance.registered_time += ahead_;
    if (instance.reported_time.has_value()) *instance.reported_time += ahead_;
  }
  list.clock_offset = ahead_;
  return list;
}

core::HubList SimHub::TrueList(absl::Time now, absl::Duration lag) const {
  core::HubList list;
  list.whole = list.shows_disconnected = list.shows_pending = !connected_only_;
  for (const auto& [id, record] : records_) {
    if (record.registered + lag > now) continue;
    if (connected_only_ && !record.connected_since.has_value()) continue;
    core::HubInstance instance = record.view;
    instance.registered_time = record.registered;
    instance.connected = record.connected_since.has_value();
    instance.pending = !record.ever_connected;
    // dateLastReported: the last heartbeat, or the registration (certify.md 4.4).
    instance.reported_time =
        record.connected_since.has_value()
            ? *record.connected_since + absl::Floor(now - *record.connected_since, kHeartbeat)
            : record.registered;
    if (record.last_report.has_value()) instance.reported_time = record.last_report;
    list.instances.push_back(std::move(instance));
  }
  return list;
}

}  // namespace muster::sim
