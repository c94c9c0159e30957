// Compares one whole reading of a hub with the inventory, beside the verifier's walk over all servers
// of the reading's zones: what the list, the inventory and the workers say differently becomes
// sightings.
//
//   each server    as judged        missing, disconnected, identity_changed, renamed, unproven
//                  as its worker    wrong_zone (joined elsewhere), duplicate_identity (another's
//                  says             hub id, or not its own), service_down, worker_missing
//   each record    of nobody        ghost, unknown, wrong_zone, duplicate_identity (a second record)
//                  of one internal id with another                duplicate_identity
//   each worker    whose identity several machines use            duplicate_identity
//   each machine   that is two servers                            moved, duplicate_identity
//   the hub        its clock                                      clock_skew
//
// Records are compared once for a hub, with the first of the tenant's zones there, and told under it.
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_COMPARISON_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_COMPARISON_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/status/statusor.h"
#include "orchestrator/core/enrollment/reading_watch.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/sweep/sighting.h"

namespace muster::core {

// Whether a session of the server is open.
using IsConnected = std::function<bool(const ServerId&)>;
// Whether its worker was asked by the sweep that runs, and has answered.
using HasAnswered = std::function<bool(const store::Server&)>;
// Takes the sightings of a zone.
using TakeSightings = std::function<absl::Status(Turn&, const ZoneId&, Sightings)>;

class Comparison final : public WalkNotes {
 public:
  Comparison(const SweepOptions& options, const HubReading& reading, const HubIndex& index,
             HolderOfRecord holder, IsConnected connected, HasAnswered answered, TakeSightings take)
      : options_(options),
        reading_(reading),
        index_(index),
        holder_(std::move(holder)),
        connected_(std::move(connected)),
        answered_(std::move(answered)),
        take_(std::move(take)) {}

  void Passed(const store::Server& server) override;
  void Judged(const store::Server& server, const Showing& showing) override;
  absl::StatusOr<bool> EndZone(Turn& turn, const ZoneId& zone) override;

 private:
  // What is looked at when the zone ends, with the store and the time at hand.
  struct OfZone {
    Sightings sightings;
    std::vector<std::pair<ServerId, absl::Time>> silent_workers;  // Enrolled; last contact.
    std::vector<std::pair<ServerId, absl::Time>> questioned;      // Last proven.
    std::vector<std::pair<ServerId, HubInstanceId>> borrowed;     // Whose id is another's.
    size_t compared = 0;                                          // Records of the list, so far.
    int of_nobody = 0;                                            // Of these.
  };
  // The tenant's zones at the hub, by id.
  absl::StatusOr<std::vector<store::Zone>> ZonesHere(Turn& turn, const TenantId& tenant,
                                                     std::vector<store::Zone>& elsewhere);
  absl::Status EndServers(Turn& turn, const store::Zone& zone, OfZone& of);
  // The next of the list, as many as fit a turn.
  absl::Status CompareRecords(Turn& turn, const std::vector<store::Zone>& here,
                              const std::vector<store::Zone>& elsewhere, OfZone& of);
  absl::Status CompareMachines(Turn& turn, const store::Zone& zone, Sightings& out);
  void CompareServices(Sightings& out) const;
  // What its worker says of its service, beside what the list shows; whether they differ.
  bool CompareService(const store::Server& server, const Showing& showing, OfZone& of);
  // Adds it, unless there are too many of its kind.
  void Add(Sightings& out, Sighting sighting) const;

  const SweepOptions options_;
  const HubReading& reading_;
  const HubIndex& index_;
  const HolderOfRecord holder_;
  const IsConnected connected_;
  const HasAnswered answered_;
  const TakeSightings take_;
  std::map<ZoneId, OfZone> zones_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_COMPARISON_H_
