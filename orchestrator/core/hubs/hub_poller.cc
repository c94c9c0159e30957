#include "orchestrator/core/hubs/hub_poller.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/hubs/hub_standing.h"

namespace muster::core {

bool HubPoller::IsOf(const Source& source, const store::Zone& zone) {
  const Settings& s = source.settings;
  return s.hub_url == zone.hub_url && s.verifier_kind == zone.verifier.kind &&
         s.principal == zone.verifier.principal && s.secret == zone.verifier.secret.bytes &&
         s.hub_ca_pem == zone.hub_ca_pem;
}

absl::StatusOr<HubPoller::Source*> HubPoller::SourceOf(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
  if (entry == nullptr) return absl::NotFoundError(absl::StrCat("no zone ", zone.value()));
  if (const auto it = source_of_.find(zone); it != source_of_.end()) {
    Source* before = it->second;
    if (IsOf(*before, entry->zone)) return before;
    source_of_.erase(it);
    before->zones.erase(zone);
    if (before->zones.empty() && !before->reading) sources_.erase(Settings(before->settings));
  }
  Settings settings{entry->zone.hub_url, entry->zone.hub_ca_pem, entry->zone.verifier.kind,
                    entry->zone.verifier.principal, entry->zone.verifier.secret.bytes};
  std::unique_ptr<Source>& source = sources_[settings];
  if (source == nullptr) {
    ASSIGN_OR_RETURN(std::optional<store::HubContact> known,
                     turn.store().zones().FindContact(zone));
    source = std::make_unique<Source>();
    source->settings = std::move(settings);
    if (known.has_value()) source->contact = *std::move(known);
    source->contact.zone_id = zone;
    const auto wish = wishes_.find(entry->zone.hub_url);
    if (wish != wishes_.end() && wish->second > turn.now()) {
      NoteWish(source->contact, wish->second, turn.now());
    }
    source->askable_since = LeftAloneUntil(source->contact, options_, turn.now());
  }
  source->zones.insert(zone);
  source_of_[zone] = source.get();
  return source.get();
}

HubPoller::Source* HubPoller::Find(const Settings& settings) {
  const auto it = sources_.find(settings);
  return it == sources_.end() ? nullptr : it->second.get();
}

absl::Time HubPoller::EarliestOf(const Source& source, absl::Time now) const {
  const absl::Time alone = LeftAloneUntil(source.contact, options_, now);
  // A start in the future is of a clock that was set back since.
  return source.started > now ? alone : std::max(alone, source.started + options_.poll_interval);
}

absl::Status HubPoller::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(const std::vector<store::HubContact> contacts,
                   turn.store().zones().ListContacts(store::TenantWall::Everything(), TenantId()));
  for (const store::HubContact& contact : contacts) {
    if (contact.short_readings == 0) continue;
    ASSIGN_OR_RETURN(Source * source, SourceOf(turn, contact.zone_id));
    LookAgain(*source, turn.now(), EarliestOf(*source, turn.now()));
  }
  return absl::OkStatus();
}

// Whether a short list is the truth shows by itself, whoever waits.
void HubPoller::LookAgain(Source& source, absl::Time now, absl::Time earliest) {
  const store::HubContact& contact = source.contact;
  if (contact.short_readings == 0) return;
  const absl::Time counted = std::min(contact.short_time.value_or(now), now);
  Arm(source, std::max(earliest, counted + options_.short_list_between));
}

absl::Status HubPoller::WantAt(Turn& turn, const ZoneId& zone, absl::Time when) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  Arm(*source, std::max(when, EarliestOf(*source, turn.now())));
  return absl::OkStatus();
}

absl::Status HubPoller::ReadNow(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  return Poll(turn, *source, true);
}

absl::StatusOr<bool> HubPoller::MayJoin(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  const store::HubContact& contact = source->contact;
  if (source->succeeded >= source->wanted && core::MayJoin(contact, options_, turn.now())) {
    return true;
  }
  if (source->reading) return false;
  const absl::Time next = contact.failure.has_value() && contact.try_time <= turn.now()
                              ? contact.try_time + options_.poll_interval_failing
                              : turn.now();
  Arm(*source, std::max({next, turn.now(), EarliestOf(*source, turn.now())}));
  return false;
}

absl::StatusOr<std::optional<Failure>> HubPoller::WhyHeld(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const Source* source, SourceOf(turn, zone));
  return core::WhyHeld(source->contact, turn.now());
}

absl::Status HubPoller::Question(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  source->wanted = source->begun + 1;
  return absl::OkStatus();
}

absl::Time HubPoller::AskableSince(const ZoneId& zone) const {
  const auto it = source_of_.find(zone);
  return it == source_of_.end() ? absl::InfinitePast() : it->second->askable_since;
}

absl::StatusOr<std::optional<int>> HubPoller::AcceptShrink(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(Source * source, SourceOf(turn, zone));
  store::HubContact& contact = source->contact;
  if (contact.short_readings == 0) return std::optional<int>();
  contact.accepted_instances = contact.short_instances;
  RETURN_IF_ERROR(Keep(turn, *source));
  RETURN_IF_ERROR(Poll(turn, *source, true));
  return contact.accepted_instances;
}

void HubPoller::Forget(const ZoneId& zone) {
  const auto it = source_of_.find(zone);
  if (it == source_of_.end()) return;
  Source* source = it->second;
  source_of_.erase(it);
  source->zones.erase(zone);
  if (source->zones.empty() && !source->reading) sources_.erase(Settings(source->settings));
}

void HubPoller::Arm(Source& source, absl::Time when) {
  if (when >= source.next) return;
  source.next = when;
  agenda_.At(when,
             [this, settings = source.settings](Turn& turn) { return PollDue(turn, settings); });
}

// Sources of one hub that are due soon go along: the reader makes one request of equal ones.
absl::Status HubPoller::PollDue(Turn& turn, const Settings& settings) {
  Source* due = Find(settings);
  if (due == nullptr || turn.now() < due->next) return absl::OkStatus();  // It was done meanwhile.
  for (const auto& [other, source] : sources_) {
    if (other.hub_url != settings.hub_url || source->next > turn.now() + options_.poll_first) {
      continue;
    }
    const absl::Time earliest = EarliestOf(*source, turn.now());
    if (earliest <= turn.now()) {
      RETURN_IF_ERROR(Poll(turn, *source, false));
    } else if (source->next <= turn.now()) {
      source->next = absl::InfiniteFuture();  // It was put off meanwhile.
      Arm(*source, earliest);
    }
  }
  return absl::OkStatus();
}

absl::Status HubPoller::Poll(Turn& turn, Source& source, bool insist) {
  source.next = absl::InfiniteFuture();
  if (source.reading || source.zones.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, *source.zones.begin()));
  if (entry == nullptr || !IsOf(source, entry->zone)) return absl::OkStatus();
  const store::Zone& zone = entry->zone;
  HubReadRequest request{zone.id,         zone.tenant_id, zone.hub_url,
                         zone.hub_ca_pem, zone.verifier,  insist};
  source.reading = true;
  source.started = turn.now();
  ++source.begun;
  turn.AfterCommit([this, settings = source.settings, request = std::move(request),
                    started = turn.now()]() mutable {
    reader_.Read(std::move(request), [this, settings, started](HubReadResult result) {
      HubUnread* const unread = std::get_if<HubUnread>(&result);
      Read read = unread != nullptr
                      ? Read(std::move(*unread))
                      : std::make_shared<IndexedReading>(std::get<HubList>(std::move(result)));
      control_.Post([this, settings, started, read = std::move(read)](
                        Turn& next) { return OnResult(next, settings, started, read); },
                    [](absl::Status status) {
                      if (!status.ok())
                        log::Error("a hub's list was not used", {{"error", status}});
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

absl::Status HubPoller::Keep(Turn& turn, Source& source) {
  for (const ZoneId& zone : source.zones) {
    // Of a zone that has other settings since, and has not left yet: this is not its hub's standing.
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
    if (entry == nullptr || !IsOf(source, entry->zone)) continue;
    source.contact.zone_id = zone;
    RETURN_IF_ERROR(turn.store().zones().PutContact(source.contact));
  }
  return absl::OkStatus();
}

absl::Status HubPoller::LeaveAlone(Turn& turn, const Source& source, absl::Time until) {
  std::erase_if(wishes_, [&](const auto& wish) { return wish.second <= turn.now(); });
  wishes_[source.settings.hub_url] = until;
  for (const auto& [settings, other] : sources_) {
    if (other.get() == &source || settings.hub_url != source.settings.hub_url) continue;
    if (!NoteWish(other->contact, until, turn.now())) continue;
    other->askable_since = until;
    RETURN_IF_ERROR(Keep(turn, *other));
  }
  return absl::OkStatus();
}

absl::Status HubPoller::OnFailed(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                                 const HubUnread& unread) {
  NoteUnread(source.contact, unread, options_, turn.now());
  const absl::Time again = LeftAloneUntil(source.contact, options_, turn.now());
  source.askable_since = std::max(source.askable_since, again);
  RETURN_IF_ERROR(Keep(turn, source));
  if (unread.retry_after.has_value() && again > turn.now()) {
    RETURN_IF_ERROR(LeaveAlone(turn, source, again));
  }
  LookAgain(source, turn.now(), std::max(again, turn.now() + options_.short_list_between));
  return listener_->OnUnread(turn, zones, unread.failure, again);
}

absl::Status HubPoller::OnResult(Turn& turn, const Settings& settings, absl::Time started,
                                 const Read& read) {
  Source* source = Find(settings);
  if (source == nullptr) return absl::OkStatus();
  // `reading` keeps the source alive while its zones are looked at.
  ASSIGN_OR_RETURN(const std::vector<ZoneId> zones, ZonesOf(turn, *source));
  source->reading = false;
  if (zones.empty()) {
    sources_.erase(settings);
    return absl::OkStatus();
  }
  if (const HubUnread* unread = std::get_if<HubUnread>(&read)) {
    return OnFailed(turn, *source, zones, *unread);
  }
  const auto& indexed = std::get<std::shared_ptr<IndexedReading>>(read);
  HubReading& reading = indexed->reading;
  const std::string& itself = reading.list.hub_instance_id;
  ASSIGN_OR_RETURN(const bool anothers, IsAnothers(turn, *source, zones, itself));
  if (anothers) {
    const Failure shared{FailureCode::kHubShared,
                         absl::StrCat(settings.hub_url, " calls itself ", itself,
                                      ", as the hub of a zone of another tenant does that was "
                                      "registered before")};
    return OnFailed(turn, *source, zones, shared);
  }
  reading.hub_url = settings.hub_url;
  reading.started = started;
  NoteRead(source->contact, reading.list, turn.now());
  source->succeeded = source->begun;
  ASSIGN_OR_RETURN(reading.conclusive, IsConclusive(turn, *source, zones, reading.list, started));
  RETURN_IF_ERROR(Keep(turn, *source));
  RETURN_IF_ERROR(listener_->OnRead(turn, zones, indexed));
  LookAgain(*source, turn.now(), EarliestOf(*source, turn.now()));
  return absl::OkStatus();
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

absl::StatusOr<bool> HubPoller::IsConclusive(Turn& turn, Source& source,
                                             const std::vector<ZoneId>& zones, const HubList& list,
                                             absl::Time started) {
  if (!list.whole) return false;
  std::optional<int> last;
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    if (before.has_value() && before->read_time.has_value() &&
        (before->hub_url.empty() || before->hub_url == source.settings.hub_url)) {
      last = std::max(last.value_or(0), before->instances);
    }
  }
  return IsBelieved(source.contact, list, last, started, options_);
}

}  // namespace muster::core
