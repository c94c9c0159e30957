// Reads each hub once for all who wait, and decides when: nothing here knows what a reading means
// for a server.
//
//   WantAt(zone, when) ─┐                 ┌─ list ─► plausible? ─► OnRead(zones, reading)
//   ReadNow(zone)      ─┴► source ─► read ┤
//                            ▲            └─ failure ───────────► OnUnread(zones, failure)
//                            └─ not before the hub's own Retry-After (capped)
//
// A source is a hub as one set of credentials sees it: hub URL, trusted CA, verifier. Zones share a
// reading only when all three are the same, so that one zone's wrong credentials neither fail
// another zone nor hide behind it. A zone whose hub URL, CA or verifier was changed leaves its
// source at once: a reading under way is not for it.
//
// Tenants never share a hub. The inventory compares addresses; the last word has what the hub calls
// itself: of two tenants' sources whose hubs have one instance id, the one whose zone was registered
// later is unread (E-HUB-SHARED), until a reading shows another id at one of them.
#ifndef MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_POLLER_H_
#define MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_POLLER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// Who judges readings. Called in the turn that took the reading up; `zones` are those that the
// reading is of, never none.
class HubListener {
 public:
  virtual ~HubListener() = default;
  virtual absl::Status OnRead(Turn& turn, const std::vector<ZoneId>& zones,
                              const std::shared_ptr<const HubReading>& reading) = 0;
  // `again`: before then the hub wants to be left alone; past when it does not say.
  virtual absl::Status OnUnread(Turn& turn, const std::vector<ZoneId>& zones,
                                const Failure& failure, absl::Time again) = 0;
};

// On the strand only.
class HubPoller {
 public:
  HubPoller(const VerifyOptions& options, TurnControl& control, Agenda& agenda, HubReader& reader,
            ZoneTable& zones)
      : options_(options), control_(control), agenda_(agenda), reader_(reader), zones_(zones) {}
  void SetListener(HubListener* listener) { listener_ = listener; }

  // A reading of the zone's hub begins at `when`, or earlier for somebody else, or later when the
  // hub wants to be left alone until then. One wish, one reading.
  absl::Status WantAt(Turn& turn, const ZoneId& zone, absl::Time when);
  // An operator asks: reads at once, even a hub that wants to be left alone, or joins the reading
  // under way.
  absl::Status ReadNow(Turn& turn, const ZoneId& zone);
  // The zone is no more, or has another hub: no reading under way is for it. Other zones of the
  // same source keep theirs.
  void Forget(const ZoneId& zone);

 private:
  struct Source {
    std::string key;
    std::string hub_url;
    std::set<ZoneId> zones;
    bool reading = false;
    absl::Time next = absl::InfiniteFuture();      // When the next reading is due.
    absl::Time not_before = absl::InfinitePast();  // The hub's wish.
    // Since when whole lists have been implausibly short.
    std::optional<absl::Time> short_since;
    // What its hub called itself when it was read last, and for which zone, its first.
    std::string hub_instance_id;
    TenantId tenant;
    std::pair<absl::Time, ZoneId> registered;
  };

  // The zone's source as its settings are now.
  absl::StatusOr<Source*> SourceOf(Turn& turn, const ZoneId& zone);
  Source* Find(const std::string& key);
  void Arm(Source& source, absl::Time when);
  absl::Status PollDue(Turn& turn, const std::string& key);
  absl::Status Poll(Turn& turn, Source& source, bool insist);
  absl::Status OnResult(Turn& turn, const std::string& key, absl::Time started,
                        HubReadResult result);
  absl::StatusOr<std::vector<ZoneId>> ZonesOf(Turn& turn, Source& source);
  // Notes what the source's hub calls itself. Whether it is another tenant's hub.
  absl::StatusOr<bool> IsAnothers(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                                  const std::string& hub_instance_id);
  absl::StatusOr<bool> IsConclusive(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                                    const HubList& list);

  const VerifyOptions options_;
  TurnControl& control_;
  Agenda& agenda_;
  HubReader& reader_;
  ZoneTable& zones_;
  HubListener* listener_ = nullptr;
  std::map<std::string, std::unique_ptr<Source>> sources_;
  std::map<ZoneId, Source*> source_of_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_POLLER_H_
