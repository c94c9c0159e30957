#include "orchestrator/core/sweep/comparison.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/enrollment/judgment.h"
#include "orchestrator/core/enrollment/record_claim.h"
#include "orchestrator/core/sweep/clone_sighting.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::FindingKind;

constexpr size_t kShownRecords = 5;

std::string OfRecord(const HubInstanceId& id) { return absl::StrCat("record ", id.value()); }

// All that the hub says of a record, in its own words.
std::string RecordText(const HubInstance& record) {
  std::string text = OfRecord(record.id);
  const auto add = [&text](absl::string_view what, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, ", ", what, " \"", value, "\"");
  };
  add("title", record.title.str());
  add("internal id", record.internal_instance_id.str());
  add("os", record.os.str());
  add("client", record.client_version.str());
  if (record.connected.has_value()) {
    absl::StrAppend(&text, *record.connected ? ", connected" : ", disconnected");
  }
  if (record.registered_time.has_value()) {
    absl::StrAppend(&text, ", registered ", UtcText(*record.registered_time));
  }
  if (record.reported_time.has_value()) {
    absl::StrAppend(&text, ", last report ", UtcText(*record.reported_time));
  }
  return text;
}

std::string ServerText(const store::Server& server) {
  return absl::StrCat(server.zone_id.value(), "/", server.name);
}

bool SaysDown(const store::ServiceFacts& service) {
  return service.presence == store::ServicePresence::kMissing ||
         service.presence == store::ServicePresence::kUnreachable;
}

std::string DownText(const store::ServiceFacts& service) {
  if (service.presence == store::ServicePresence::kMissing) return "there is no Certify service";
  return service.endpoint.empty()
             ? "its Certify service does not answer"
             : absl::StrCat("its Certify service does not answer at ", service.endpoint.str());
}

bool NeverConnected(const HubInstance& record) {
  if (record.connected.value_or(false)) return false;
  return record.title.empty() || record.pending.value_or(false);
}

}  // namespace

void Comparison::Add(Sightings& out, Sighting sighting) const {
  if (++out.counts[sighting.kind] > options_.most_of_a_kind) {
    out.cut_off.insert(sighting.kind);
    return;
  }
  out.all.push_back(std::move(sighting));
}

void Comparison::Passed(const store::Server& server) {
  const bool proven =
      server.enrollment == Enrollment::kEnrolled || server.enrollment == Enrollment::kDegraded;
  OfZone& of = zones_[server.zone_id];
  const store::ServiceFacts& service = server.service;
  const Look look = LookOf(service, reading_.hub_url);
  if (proven && look == Look::kJoinedElsewhere) {
    if (answered_(server)) of.sightings.disagreeing.insert(server.id);
    Add(of.sightings,
        {FindingKind::kWrongZone, server.id.value(), server.id, service.hub_instance_id,
         absl::StrCat(ServerText(server), ": its service says that it is joined to ",
                      service.hub_url.str(), ", its zone's hub is ", reading_.hub_url)});
  }
  // A clone may never have been enrolled. Of one that is away its words may be old: what it was
  // has become another server since.
  const bool speaks =
      proven || (connected_(server.id) && look == Look::kJoinedHere && !IsBeingJoined(server));
  if (speaks && !service.hub_instance_id.empty()) {
    const ServerId* const holder = holder_(service.hub_instance_id);
    if (holder != nullptr && *holder != server.id) {
      if (answered_(server)) of.sightings.disagreeing.insert(server.id);
      of.borrowed.emplace_back(server.id, service.hub_instance_id);
    }
  }
  if (server.enrollment == Enrollment::kEnrolled) {
    const absl::Time contact = server.last_contact_time.value_or(server.create_time);
    if (!connected_(server.id)) of.silent_workers.emplace_back(server.id, contact);
  }
}

void Comparison::Judged(const store::Server& server, const Showing& showing) {
  if (server.enrollment != Enrollment::kEnrolled && server.enrollment != Enrollment::kDegraded) {
    return;
  }
  OfZone& of = zones_[server.zone_id];
  if (CompareService(server, showing, of) && answered_(server)) {
    of.sightings.disagreeing.insert(server.id);
  }
  Sighting sighting;
  sighting.subject = server.id.value();
  sighting.server = server.id;
  sighting.record = server.proof->hub_instance_id;
  sighting.lasts = showing.lasts;
  if (showing.failure.has_value()) {
    sighting.evidence = absl::StrCat(ServerText(server), ": ", showing.failure->detail);
    if (server.service.hub_connected && showing.what != Showing::What::kGone) {
      sighting.evidence += "; its own service says that it is connected";
    } else if (SaysDown(server.service) && connected_(server.id)) {
      absl::StrAppend(&sighting.evidence, "; its worker says: ", DownText(server.service));
    }
  }
  switch (showing.what) {
    case Showing::What::kShown:
      if (!showing.renamed) return;
      sighting.kind = FindingKind::kRenamed;
      sighting.lasts = true;
      sighting.evidence =
          absl::StrCat(ServerText(server), " was proven as \"", server.proof->title.str(),
                       "\"; now ", RecordText(*showing.instance));
      Add(of.sightings, std::move(sighting));
      return;
    case Showing::What::kGone:
      sighting.kind = FindingKind::kMissing;
      break;
    case Showing::What::kDisconnected:
      sighting.kind = FindingKind::kDisconnected;
      break;
    case Showing::What::kAnother:
      sighting.kind = FindingKind::kIdentityChanged;
      break;
  }
  Add(of.sightings, std::move(sighting));
  if (server.enrollment == Enrollment::kEnrolled) {
    of.questioned.emplace_back(server.id, server.proof->verified_time);
  }
}

bool Comparison::CompareService(const store::Server& server, const Showing& showing, OfZone& of) {
  const store::ServiceFacts& service = server.service;
  const bool shown = showing.what == Showing::What::kShown;
  if (!connected_(server.id)) return false;  // What it says may be old.
  if (SaysDown(service)) {
    // One fault, one finding: once the hub has noticed for good, it says so itself.
    const bool told = showing.what == Showing::What::kDisconnected && showing.lasts;
    if (!told) {
      Add(of.sightings, {FindingKind::kServiceDown, server.id.value(), server.id, HubInstanceId(),
                         absl::StrCat(ServerText(server), ": ", DownText(service),
                                      shown ? "; its hub still shows it" : "")});
    }
    return shown;
  }
  const HubInstanceId& proven = server.proof->hub_instance_id;
  const bool another = LookOf(service, reading_.hub_url) == Look::kJoinedHere &&
                       !service.hub_instance_id.empty() &&
                       !absl::EqualsIgnoreCase(service.hub_instance_id.value(), proven.value());
  // Of another server's record it has been told.
  if (shown && another && holder_(service.hub_instance_id) == nullptr) {
    Add(of.sightings, {FindingKind::kDuplicateIdentity, OfRecord(proven), server.id, proven,
                       absl::StrCat("the service of ", ServerText(server), " says that it is ",
                                    OfRecord(service.hub_instance_id),
                                    "; another machine is behind the one that proved it: ",
                                    RecordText(*showing.instance))});
  }
  return another || (!shown && service.hub_connected);
}

absl::StatusOr<std::vector<store::Zone>> Comparison::ZonesHere(
    Turn& turn, const TenantId& tenant, std::vector<store::Zone>& elsewhere) {
  ASSIGN_OR_RETURN(std::vector<store::Zone> zones,
                   turn.store().zones().List(store::TenantWall::Of({tenant}), tenant));
  std::vector<store::Zone> here;
  for (store::Zone& zone : zones) {
    (zone.hub_url == reading_.hub_url ? here : elsewhere).push_back(std::move(zone));
  }
  return here;
}

absl::StatusOr<bool> Comparison::EndZone(Turn& turn, const ZoneId& zone_id) {
  OfZone& of = zones_[zone_id];
  std::vector<store::Zone> elsewhere;
  ASSIGN_OR_RETURN(const std::vector<store::Zone> here,
                   ZonesHere(turn, TenantOf(zone_id), elsewhere));
  const auto zone =
      std::find_if(here.begin(), here.end(), [&](const store::Zone& z) { return z.id == zone_id; });
  if (zone == here.end()) return true;  // It has another hub by now.
  if (zone == here.begin() && of.compared < reading_.list.instances.size()) {
    if (of.compared == 0) CompareServices(of.sightings);
    RETURN_IF_ERROR(CompareRecords(turn, here, elsewhere, of));
    if (reading_.list.instances.size() > static_cast<size_t>(options_.records_per_turn)) {
      return false;
    }
  }
  RETURN_IF_ERROR(EndServers(turn, *zone, of));
  RETURN_IF_ERROR(CompareMachines(turn, *zone, of.sightings));
  const absl::Duration skew = reading_.list.clock_offset;
  if (absl::AbsDuration(skew) > options_.clock_skew) {
    Add(of.sightings, {FindingKind::kClockSkew, kTheHub, ServerId(), HubInstanceId(),
                       absl::StrCat("the clock of ", reading_.hub_url, " is ",
                                    absl::FormatDuration(absl::AbsDuration(skew)),
                                    skew > absl::ZeroDuration() ? " ahead of" : " behind",
                                    " the orchestrator's")});
  }
  Sightings sightings = std::move(of.sightings);
  zones_.erase(zone_id);
  RETURN_IF_ERROR(take_(turn, zone_id, std::move(sightings)));
  return true;
}

absl::Status Comparison::EndServers(Turn& turn, const store::Zone& zone, OfZone& of) {
  for (const auto& [server, contact] : of.silent_workers) {
    if (turn.now() - contact <= options_.worker_silent) continue;
    Add(of.sightings,
        {FindingKind::kWorkerMissing, server.value(), server, HubInstanceId(),
         absl::StrCat("its hub shows it, its worker was last heard of at ", UtcText(contact))});
  }
  ASSIGN_OR_RETURN(const std::vector<store::IdentityMachine> contested,
                   turn.store().machines().ListContested(zone.id));
  for (auto first = contested.begin(); first != contested.end();) {
    const auto end =
        std::find_if(first, contested.end(), [&](const store::IdentityMachine& machine) {
          return machine.server_id != first->server_id;
        });
    ASSIGN_OR_RETURN(const auto server, turn.store().servers().Find(first->server_id));
    const bool open = std::any_of(first, end, [](const store::IdentityMachine& machine) {
      return machine.standing == store::MachineStanding::kCloned;  // Nobody has chosen.
    });
    if (open && server.has_value()) Add(of.sightings, CloneSighting(*server, {first, end}));
    first = end;
  }
  for (const auto& [server, proven] : of.questioned) {
    if (turn.now() - proven <= zone.verify_within) continue;
    Add(of.sightings, {FindingKind::kUnproven, server.value(), server, HubInstanceId(),
                       absl::StrCat("last proven at ", UtcText(proven))});
  }
  for (const auto& [server, record] : of.borrowed) {
    ASSIGN_OR_RETURN(const auto borrower, turn.store().servers().Find(server));
    const ServerId* const held_by = holder_(record);
    if (held_by == nullptr) continue;
    ASSIGN_OR_RETURN(const auto holder, turn.store().servers().Find(*held_by));
    if (!borrower.has_value() || !holder.has_value()) continue;
    if (borrower->tenant_id != holder->tenant_id) continue;
    Add(of.sightings, {FindingKind::kDuplicateIdentity, OfRecord(record), server, record,
                       absl::StrCat("the service of ", ServerText(*borrower), " says that it is ",
                                    OfRecord(record), ", which is ", ServerText(*holder), "'s")});
  }
  return absl::OkStatus();
}

void Comparison::CompareServices(Sightings& out) const {
  std::map<std::string, std::vector<const HubInstance*>> shared;
  index_.ForEachShared([&](const std::string& id) { shared[id]; });
  if (shared.empty()) return;
  for (const HubInstance& record : reading_.list.instances) {
    const auto it = shared.find(absl::AsciiStrToLower(record.internal_instance_id.str()));
    if (it != shared.end()) it->second.push_back(&record);
  }
  for (const auto& [id, records] : shared) {
    if (records.empty()) continue;
    ServerId server;
    std::vector<std::string> texts;
    for (const HubInstance* record : records) {
      if (const ServerId* holder = holder_(record->id); server.empty() && holder != nullptr) {
        server = *holder;
      }
      if (texts.size() < kShownRecords) texts.push_back(RecordText(*record));
    }
    Add(out,
        {FindingKind::kDuplicateIdentity, absl::StrCat("service ", id), server, records.front()->id,
         absl::StrCat(records.size(), " records of one service: ", absl::StrJoin(texts, "; "))});
  }
}

absl::Status Comparison::CompareRecords(Turn& turn, const std::vector<store::Zone>& here,
                                        const std::vector<store::Zone>& elsewhere, OfZone& of) {
  Sightings& out = of.sightings;
  const std::vector<HubInstance>& records = reading_.list.instances;
  const store::ServerStore& servers = turn.store().servers();
  const auto named = [&](const std::vector<store::Zone>& zones,
                         const std::string& title) -> absl::StatusOr<std::optional<store::Server>> {
    for (const store::Zone& zone : zones) {
      ASSIGN_OR_RETURN(std::optional<store::Server> found, servers.FindByName(zone.id, title));
      if (!found.has_value()) {
        ASSIGN_OR_RETURN(found, servers.FindNamesake(zone.id, title));
      }
      if (found.has_value() && found->admission != store::Admission::kRetired) return found;
    }
    return std::optional<store::Server>();
  };
  const size_t end =
      std::min(records.size(), of.compared + static_cast<size_t>(options_.records_per_turn));
  while (of.compared < end) {
    const HubInstance& record = records[of.compared++];
    if (holder_(record.id) != nullptr) continue;
    if (++of.of_nobody > options_.most_records) {
      for (const FindingKind kind : {FindingKind::kGhost, FindingKind::kUnknown,
                                     FindingKind::kWrongZone, FindingKind::kDuplicateIdentity}) {
        out.cut_off.insert(kind);
      }
      of.compared = records.size();
      break;
    }
    Sighting sighting{FindingKind::kUnknown, OfRecord(record.id), ServerId(), record.id,
                      RecordText(record)};
    if (NeverConnected(record)) {
      const std::optional<absl::Time> made =
          record.registered_time.has_value() ? record.registered_time : record.reported_time;
      if (made.has_value() &&
          *made - reading_.list.clock_offset + options_.ghost_after > turn.now()) {
        continue;  // A join may be under way.
      }
      sighting.kind = FindingKind::kGhost;
      Add(out, std::move(sighting));
      continue;
    }
    // One internal id with others has been told.
    if (index_.IsShared(record.internal_instance_id.str())) continue;
    ASSIGN_OR_RETURN(const auto own, named(here, record.title.str()));
    if (own.has_value()) {
      // Of one that is not enrolled it may be the record: a join proves it.
      if (own->enrollment != Enrollment::kEnrolled && own->enrollment != Enrollment::kDegraded) {
        continue;
      }
      sighting.kind = FindingKind::kDuplicateIdentity;
      sighting.server = own->id;
      sighting.evidence =
          absl::StrCat(ServerText(*own), " has a second record: ", sighting.evidence);
      if (own->proof.has_value()) {
        absl::StrAppend(&sighting.evidence, "; it is proven by ",
                        own->proof->hub_instance_id.value());
      }
      Add(out, std::move(sighting));
      continue;
    }
    ASSIGN_OR_RETURN(const auto other, named(elsewhere, record.title.str()));
    if (other.has_value()) {
      sighting.kind = FindingKind::kWrongZone;
      sighting.server = other->id;
      sighting.evidence =
          absl::StrCat(ServerText(*other), " has a record at ", reading_.hub_url, ", the hub of ",
                       here.front().id.value(), ": ", sighting.evidence);
    }
    Add(out, std::move(sighting));
  }
  return absl::OkStatus();
}

absl::Status Comparison::CompareMachines(Turn& turn, const store::Zone& zone, Sightings& out) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Server> servers,
      turn.store().servers().ListSharedMachines(zone.tenant_id, options_.most_of_a_kind));
  for (size_t first = 0; first < servers.size();) {
    const std::string& machine = servers[first].machine.machine_id_hash.str();
    size_t end = first;
    const store::Server* newest = &servers[first];
    int connected = 0;
    std::vector<std::string> texts;
    for (; end < servers.size() && servers[end].machine.machine_id_hash.str() == machine; ++end) {
      const store::Server& server = servers[end];
      const bool here = connected_(server.id);
      connected += here;
      if (server.create_time > newest->create_time) newest = &server;
      if (texts.size() >= kShownRecords) continue;
      texts.push_back(absl::StrCat(ServerText(server),
                                   here ? " (connected)"
                                        : absl::StrCat(" (last seen ",
                                                       server.last_contact_time.has_value()
                                                           ? UtcText(*server.last_contact_time)
                                                           : std::string("never"),
                                                       ")")));
    }
    // The others are of another tenant, or out.
    if (end - first > 1 && newest->zone_id == zone.id) {
      Add(out, {connected > 1 ? FindingKind::kDuplicateIdentity : FindingKind::kMoved,
                absl::StrCat("machine ", machine), newest->id, HubInstanceId(),
                absl::StrCat("one machine id: ", absl::StrJoin(texts, ", "))});
    }
    first = end;
  }
  return absl::OkStatus();
}

}  // namespace muster::core
