// Reads each hub once for all who wait, and decides when: nothing here knows what a reading means
// for a server.
//
//   WantAt(zone, when) ─┐                 ┌─ list ─► plausible? ─► OnRead(zones, reading)
//   ReadNow(zone)      ─┴► source ─► read ┤
//   MayJoin(zone)                ▲            └─ failure ───────────► OnUnread(zones, failure)
//     no: it is read             └─ not before the breaker lets it (hub_standing.h), nor sooner
//                                   than poll_interval after the reading before
//
// What came of the readings is kept beside the zone (store::HubContact), so that neither a hub's
// Retry-After nor an open breaker ends with this process.
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

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/hubs/hub_index.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"
#include "store/model/hub_contact.h"

namespace muster::core {

// Who judges readings. Called in the turn that took the reading up; `zones` are those that the
// reading is of, never none.
class HubListener {
 public:
  virtual ~HubListener() = default;
  virtual absl::Status OnRead(Turn& turn, const std::vector<ZoneId>& zones,
                              const std::shared_ptr<const IndexedReading>& read) = 0;
  // `again`: before then the hub is left alone; past when it may be asked at any time.
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
  // Hubs whose lists were short when the process before ended are read again.
  absl::Status Recover(Turn& turn);

  // A reading of the zone's hub begins at `when`, or earlier for somebody else, or later when the
  // hub is left alone until then or was read just before. One wish, one reading.
  absl::Status WantAt(Turn& turn, const ZoneId& zone, absl::Time when);
  // An operator asks: reads at once, even a hub that wants to be left alone, or joins the reading
  // under way.
  absl::Status ReadNow(Turn& turn, const ZoneId& zone);
  // Whether the zone's joining key may leave for its hub (hub_standing.h); where it may not, the hub
  // is read as soon as it may be. Asked again after each turn for as long as somebody wants to join.
  absl::StatusOr<bool> MayJoin(Turn& turn, const ZoneId& zone);
  // Why it may not, while the hub cannot be read.
  absl::StatusOr<std::optional<Failure>> WhyHeld(Turn& turn, const ZoneId& zone);
  // A join of the zone failed at its hub: none begins before the hub was read anew.
  absl::Status Question(Turn& turn, const ZoneId& zone);
  // When the time ended, or ends, in which the hub was last left alone: the past when it never was.
  // What waits for the hub's word since before waits from then on.
  absl::Time AskableSince(const ZoneId& zone) const;
  // An operator believes that the hub has shrunk to what its last list showed; its hub is read at
  // once. How many that are; none when the last list was not short.
  absl::StatusOr<std::optional<int>> AcceptShrink(Turn& turn, const ZoneId& zone);
  // The zone is no more, or has another hub: no reading under way is for it. Other zones of the
  // same source keep theirs.
  void Forget(const ZoneId& zone);

 private:
  // What makes two readings the same. Sealed bytes differ even for equal secrets; the reader, which
  // opens them, makes one request out of equal ones that come together.
  struct Settings {
    std::string hub_url;
    std::string hub_ca_pem;
    store::VerifierKind verifier_kind;
    std::string principal;
    std::string secret;  // Sealed.
    friend auto operator<=>(const Settings&, const Settings&) = default;
  };
  struct Source {
    Settings settings;
    std::set<ZoneId> zones;
    bool reading = false;
    absl::Time next = absl::InfiniteFuture();         // When the next reading is due.
    absl::Time started = absl::InfinitePast();        // The last reading.
    int64_t begun = 0;                                // Readings, of this process.
    int64_t succeeded = 0;                            // The last of them that did.
    int64_t wanted = 0;                               // The first that answers a Question.
    absl::Time askable_since = absl::InfinitePast();  // See AskableSince.
    store::HubContact contact;                        // Its zone_id is one of `zones`.
    // What its hub called itself when it was read last, and for which zone, its first.
    std::string hub_instance_id;
    TenantId tenant;
    std::pair<absl::Time, ZoneId> registered;
  };

  // The zone's source as its settings are now.
  absl::StatusOr<Source*> SourceOf(Turn& turn, const ZoneId& zone);
  Source* Find(const Settings& settings);
  static bool IsOf(const Source& source, const store::Zone& zone);
  void Arm(Source& source, absl::Time when);
  // When the source may be read at the earliest, by nobody's insistence.
  absl::Time EarliestOf(const Source& source, absl::Time now) const;
  absl::Status PollDue(Turn& turn, const Settings& settings);
  absl::Status Poll(Turn& turn, Source& source, bool insist);
  // What came of a reading.
  using Read = std::variant<HubUnread, std::shared_ptr<IndexedReading>>;
  absl::Status OnResult(Turn& turn, const Settings& settings, absl::Time started, const Read& read);
  absl::Status OnFailed(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                        const HubUnread& unread);
  // The hub's own wish is for whoever asks, with whatever credentials.
  absl::Status LeaveAlone(Turn& turn, const Source& source, absl::Time until);
  // Reads a hub whose last list was short when the next one counts, not before `earliest`.
  void LookAgain(Source& source, absl::Time now, absl::Time earliest);
  absl::Status Keep(Turn& turn, Source& source);
  absl::StatusOr<std::vector<ZoneId>> ZonesOf(Turn& turn, Source& source);
  // Notes what the source's hub calls itself. Whether it is another tenant's hub.
  absl::StatusOr<bool> IsAnothers(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                                  const std::string& hub_instance_id);
  absl::StatusOr<bool> IsConclusive(Turn& turn, Source& source, const std::vector<ZoneId>& zones,
                                    const HubList& list, absl::Time started);

  const VerifyOptions options_;
  TurnControl& control_;
  Agenda& agenda_;
  HubReader& reader_;
  ZoneTable& zones_;
  HubListener* listener_ = nullptr;
  std::map<Settings, std::unique_ptr<Source>> sources_;
  std::map<ZoneId, Source*> source_of_;
  std::map<std::string, absl::Time> wishes_;  // Until when a hub URL wants to be left alone.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_POLLER_H_
