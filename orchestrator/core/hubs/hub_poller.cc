#include "orchestrator/core/hubs/hub_poller.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

// What makes two readings the same. Sealed bytes differ even for equal secrets; the reader, which
// opens them, makes one request out of equal ones that come together.
std::string SourceKeyOf(const store::Zone& zone) {
  std::string key;
  for (const std::string* part :
       {&zone.hub_url, &zone.hub_ca_pem, &zone.verifier.principal, &zone.verifier.secret.bytes}) {
    absl::StrAppend(&key, part->size(), ":", *part);
  }
  return absl::StrCat(key, static_cast<int>(zone.verifier.kind));
}

}  // namespace

absl::StatusOr<HubPoller::Source*> HubPoller::SourceOf(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
  if (entry == nullptr) return absl::NotFoundError(absl::StrCat("no zone ", zone.value()));
  std::string key = SourceKeyOf(entry->zone);
  if (const auto it = source_of_.find(zone); it != source_of_.end()) {
    Source* before = it->second;
    if (before->key == key) return before;
    source_of_.erase(it);
    before->zones.erase(zone);
    if (before->zones.empty() && !before->reading) sources_.erase(before->key);
  }
  std::unique_ptr<Source>& source = sources_[key];
  if (source == nullptr) {
    source = std::make_unique<Source>();
    source->hub_url = entry->zone.hub_url;
    source->key = std::move(key);
  }
  source->zones.insert(zone);
  source_of_[zone] = source.get();
  return source.get();
}

HubPoller::Source* HubPoller::Find(const std::string& key) {
  const auto it = sources_.find(key);
  return it == sources_.end() ? nullptr : it->second.get();
}

absl::Status HubPoller::WantAt(Turn& turn, const ZoneId& zone, absl::Time when) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  Arm(*source, std::max(when, source->not_before));
  return absl::OkStatus();
}

absl::Status HubPoller::ReadNow(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  return Poll(turn, *source, true);
}

void HubPoller::Forget(const ZoneId& zone) {
  const auto it = source_of_.find(zone);
  if (it == source_of_.end()) return;
  Source* source = it->second;
  source_of_.erase(it);
  source->zones.erase(zone);
  if (source->zones.empty() && !source->reading) sources_.erase(std::string(source->key));
}

void HubPoller::Arm(Source& source, absl::Time when) {
  if (when >= source.next) return;
  source.next = when;
  agenda_.At(when, [this, key = source.key](Turn& turn) { return PollDue(turn, key); });
}

// Sources of one hub that are due soon go along: the reader makes one request of equal ones.
absl::Status HubPoller::PollDue(Turn& turn, const std::string& key) {
  Source* due = Find(key);
  if (due == nullptr || turn.now() < due->next) return absl::OkStatus();  // It was done meanwhile.
  for (const auto& [other_key, source] : sources_) {
    if (source->hub_url == due->hub_url && source->next <= turn.now() + options_.poll_first) {
      RETURN_IF_ERROR(Poll(turn, *source, false));
    }
  }
  return absl::OkStatus();
}

absl::Status HubPoller::Poll(Turn& turn, Source& source, bool insist) {
  source.next = absl::InfiniteFuture();
  if (source.reading || source.zones.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, *source.zones.begin()));
  if (entry == nullptr || SourceKeyOf(entry->zone) != source.key) return absl::OkStatus();
  const store::Zone& zone = entry->zone;
  HubReadRequest request{zone.id,         zone.tenant_id, zone.hub_url,
                         zone.hub_ca_pem, zone.verifier,  insist};
  source.reading = true;
  turn.AfterCommit(
      [this, key = source.key, request = std::move(request), started = turn.now()]() mutable {
        reader_.Read(std::move(request), [this, key, started](HubReadResult result) {
          control_.Post(
              [this, key, started, result = std::move(result)](Turn& next) mutable {
                return OnResult(next, key, started, std::move(result));
              },
              [](absl::Status status) {
                if (!status.ok()) log::Error("a hub's list was not used", {{"error", status}});
              });
        });
      });
  return absl::OkStatus();
}

// Those zones that still are this source's: settings may have changed while the hub was read.
absl::StatusOr<std::vector<ZoneId>> HubPoller::ZonesOf(Turn& turn, Source& source) {
  const std::vector<ZoneId> before(source.zones.begin(), source.zones.end());
  std::vector<ZoneId> zones;
  for (const ZoneId& zone : before) {
    ASSIGN_OR_RETURN(Source * now, SourceOf(turn, zone));
    if (now == &source) {
      zones.push_back(zone);
    } else {
      Arm(*now, turn.now());  // Whoever waits in it gets its own reading.
    }
  }
  return zones;
}

absl::Status HubPoller::OnResult(Turn& turn, const std::string& key, absl::Time started,
                                 HubReadResult result) {
  Source* source = Find(key);
  if (source == nullptr) return absl::OkStatus();
  // `reading` keeps the source alive while its zones are looked at.
  ASSIGN_OR_RETURN(const std::vector<ZoneId> zones, ZonesOf(turn, *source));
  source->reading = false;
  if (zones.empty()) {
    sources_.erase(key);
    return absl::OkStatus();
  }
  if (const HubUnread* unread = std::get_if<HubUnread>(&result)) {
    source->not_before = turn.now() + std::min(unread->retry_after.value_or(absl::ZeroDuration()),
                                               options_.longest_retry_after);
    return listener_->OnUnread(turn, zones, unread->failure, source->not_before);
  }
  source->not_before = absl::InfinitePast();
  const std::string& itself = std::get<HubList>(result).hub_instance_id;
  ASSIGN_OR_RETURN(const bool anothers, IsAnothers(turn, *source, zones, itself));
  if (anothers) {
    const Failure shared{FailureCode::kHubShared,
                         absl::StrCat(source->hub_url, " calls itself ", itself,
                                      ", as the hub of a zone of another tenant does that was "
                                      "registered before")};
    return listener_->OnUnread(turn, zones, shared, source->not_before);
  }
  auto reading = std::make_shared<HubReading>();
  reading->hub_url = source->hub_url;
  reading->list = std::get<HubList>(std::move(result));
  reading->started = started;
  ASSIGN_OR_RETURN(reading->conclusive, IsConclusive(turn, *source, zones, reading->list));
  return listener_->OnRead(turn, zones, reading);
}

absl::StatusOr<bool> HubPoller::IsAnothers(Turn& turn, Source& source,
                                           const std::vector<ZoneId>& zones,
                                           const std::string& hub_instance_id) {
  source.hub_instance_id = hub_instance_id;
  source.registered = {absl::InfiniteFuture(), ZoneId()};
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
    if (entry == nullptr) continue;
    const std::pair registered(entry->zone.create_time, zone);
    if (registered >= source.registered) continue;
    source.registered = registered;
    source.tenant = entry->zone.tenant_id;
  }
  if (hub_instance_id.empty()) return false;
  for (const auto& [key, other] : sources_) {
    if (other->hub_instance_id != hub_instance_id || other->tenant == source.tenant) continue;
    log::Warning("two tenants' zones lead to one hub", {{"zone", source.registered.second.value()},
                                                        {"other", other->registered.second.value()},
                                                        {"hub_instance", hub_instance_id}});
    if (other->registered < source.registered) return true;
  }
  return false;
}

// A hub may really have lost most of its records: a whole list that stays short is believed after a
// while.
absl::StatusOr<bool> HubPoller::IsConclusive(Turn& turn, Source& source,
                                             const std::vector<ZoneId>& zones,
                                             const HubList& list) {
  if (!list.whole) return false;
  std::optional<int> last;
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    if (before.has_value() && before->read_time.has_value() &&
        (before->hub_url.empty() || before->hub_url == source.hub_url)) {
      last = std::max(last.value_or(0), before->instances);
    }
  }
  if (IsPlausible(static_cast<int>(list.instances.size()), last)) {
    source.short_since.reset();
    return true;
  }
  if (!source.short_since.has_value()) source.short_since = turn.now();
  return turn.now() >= *source.short_since + options_.short_list_patience;
}

}  // namespace muster::core
