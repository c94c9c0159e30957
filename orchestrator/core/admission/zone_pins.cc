#include "orchestrator/core/admission/zone_pins.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

bool SaysTheSame(const ZonePin& a, const ZonePin& b) {
  return a.zone_id == b.zone_id && a.hub_url == b.hub_url && a.allow_cli_join == b.allow_cli_join &&
         a.service_account == b.service_account;
}

std::string Words(const ZonePin& pin) {
  return absl::StrCat("version ", pin.version, " with hub ", pin.hub_url,
                      pin.allow_cli_join ? ", allow_cli_join" : ", no allow_cli_join",
                      pin.service_account.empty()
                          ? " and no service_account"
                          : absl::StrCat(" and service_account ", pin.service_account));
}

}  // namespace

ZonePin PinOf(const store::Zone& zone) {
  return {zone.id, zone.hub_url, zone.allow_cli_join, zone.pin_version, zone.service_account};
}

void RaisePinVersion(store::Zone& zone, absl::Time now) {
  zone.pin_version = std::max(zone.pin_version + 1, absl::ToUnixSeconds(now));
}

absl::StatusOr<ZonePin> WeighHeldPin(Turn& turn, ZoneTable& zones, const store::Server& server,
                                     const std::optional<ZonePin>& held) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones.Find(turn, server.zone_id));
  if (entry == nullptr) return absl::InternalError("a server without a zone");
  ZonePin ours = PinOf(entry->zone);
  if (!held.has_value() || held->zone_id != ours.zone_id) return ours;
  if (held->version <= ours.version) {
    if (SaysTheSame(*held, ours)) {
      RETURN_IF_ERROR(ClearObservations(
          turn, server.id, {FailureCode::kSessionPinNewer, FailureCode::kSessionPinRefused}));
    }
    return ours;
  }
  if (!SaysTheSame(*held, ours)) {
    RETURN_IF_ERROR(Observe(turn, server.id, FailureCode::kSessionPinNewer,
                            absl::StrCat("the worker holds the pin of ", Words(*held),
                                         "; the orchestrator's is ", Words(ours))));
    return ours;
  }
  store::Zone zone = entry->zone;
  zone.pin_version = held->version;
  RETURN_IF_ERROR(turn.store().zones().Put(zone));
  RETURN_IF_ERROR(
      Audit(turn, WorkerActor(server.id), "zone.pin", zone.id.value(), zone.tenant_id,
            absl::StrCat("version ", ours.version, " → ", held->version,
                         ": a worker holds this pin with the authority's signature already")));
  zones.Clear();
  RETURN_IF_ERROR(ClearObservations(turn, server.id, {FailureCode::kSessionPinNewer}));
  ours.version = held->version;
  return ours;
}

absl::Status NoteHeldPin(Turn& turn, ZoneTable& zones, const Session& session, const ZonePin& held,
                         absl::string_view problem) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones.Find(turn, session.zone_id));
  if (entry == nullptr) return absl::OkStatus();
  const ZonePin ours = PinOf(entry->zone);
  if (held == ours) {
    return ClearObservations(turn, session.server_id,
                             {FailureCode::kSessionPinNewer, FailureCode::kSessionPinRefused});
  }
  if (problem.empty()) return absl::OkStatus();  // It took an earlier one; a later is on its way.
  return Observe(turn, session.server_id, FailureCode::kSessionPinRefused,
                 absl::StrCat("the worker keeps the pin of ", Words(held), ": ", problem));
}

absl::Status PushPin(Turn& turn, ZoneTable& zones, Session& session, WorkerLink& workers) {
  if (!session.ready) return absl::OkStatus();  // Its Welcome carries the pin of that moment.
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones.Find(turn, session.zone_id));
  if (entry == nullptr) return absl::OkStatus();
  if (entry->zone.pin_version <= session.pin_version) return absl::OkStatus();
  session.pin_version = entry->zone.pin_version;
  turn.AfterCommit(
      [&workers, id = session.id, pin = PinOf(entry->zone)] { workers.SendZonePin(id, pin); });
  return absl::OkStatus();
}

absl::Status PushPins(Turn& turn, ZoneTable& zones, SessionTable& sessions, WorkerLink& workers) {
  absl::Status status;
  sessions.ForEach([&](Session& session) {
    if (status.ok()) status = PushPin(turn, zones, session, workers);
  });
  return status;
}

}  // namespace muster::core
