// Tenants, zones with their keys, servers. See store.h for how these are reached, for errors and
// threads. Reads that take a wall, or whose query holds one, serve operators; the others are the
// system's own.
#ifndef MUSTER_STORE_INTERFACE_INVENTORY_STORE_H_
#define MUSTER_STORE_INTERFACE_INVENTORY_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/hub_contact.h"
#include "store/model/hub_reading.h"
#include "store/model/observation.h"
#include "store/model/server.h"
#include "store/model/tenant.h"
#include "store/model/tenant_wall.h"
#include "store/model/zone.h"

namespace muster::store {

class TenantStore {
 public:
  virtual ~TenantStore() = default;
  virtual absl::StatusOr<std::optional<Tenant>> Find(const TenantId& id) const = 0;
  virtual absl::StatusOr<std::optional<Tenant>> Find(const TenantWall& wall,
                                                     const TenantId& id) const = 0;
  virtual absl::StatusOr<std::vector<Tenant>> List(const TenantWall& wall) const = 0;  // By id.
  // Inserts, or changes the display name.
  virtual absl::Status Put(const Tenant& tenant) = 0;
  // With its rollouts. FailedPrecondition while it has zones or operators who are not revoked.
  virtual absl::Status Delete(const TenantId& id) = 0;
};

class ZoneStore {
 public:
  virtual ~ZoneStore() = default;
  virtual absl::StatusOr<std::optional<Zone>> Find(const ZoneId& id) const = 0;
  virtual absl::StatusOr<std::optional<Zone>> Find(const TenantWall& wall,
                                                   const ZoneId& id) const = 0;
  // By id. Empty tenant: of all that the wall admits.
  virtual absl::StatusOr<std::vector<Zone>> List(const TenantWall& wall,
                                                 const TenantId& tenant) const = 0;
  // Inserts, or replaces all but id, tenant and create_time. FailedPrecondition when the tenant
  // does not exist. The pin version never falls, and rises when hub_url,
  // allow_cli_join or service_account change.
  virtual absl::Status Put(const Zone& zone) = 0;
  // With its keys, tokens and what is known of its hub. FailedPrecondition while it has servers.
  virtual absl::Status Delete(const ZoneId& id) = 0;

  // The one key in state active; none when the zone has none.
  virtual absl::StatusOr<std::optional<JoiningKeyVersion>> FindActiveKey(
      const ZoneId& zone) const = 0;
  virtual absl::StatusOr<std::optional<JoiningKeyVersion>> FindActiveKey(
      const TenantWall& wall, const ZoneId& zone) const = 0;
  virtual absl::StatusOr<std::optional<JoiningKeyVersion>> FindKey(
      const KeyVersionId& id) const = 0;
  // Makes `key` the active one: the one before becomes tainted. The caller has chosen `version` =
  // the highest + 1.
  virtual absl::Status ActivateKey(const JoiningKeyVersion& key) = 0;
  // active → tainted: the zone has no key. FailedPrecondition when it had none.
  virtual absl::Status TaintActiveKey(const ZoneId& zone) = 0;
  // Zones without an active key; empty tenant: of all that the wall admits. By id.
  virtual absl::StatusOr<std::vector<ZoneId>> ListWithoutKey(const TenantWall& wall,
                                                             const TenantId& tenant) const = 0;
  virtual absl::StatusOr<int> HighestKeyVersion(const ZoneId& zone) const = 0;  // 0: none.
  // All versions, newest first.
  virtual absl::StatusOr<std::vector<JoiningKeyVersion>> ListKeys(const ZoneId& zone) const = 0;
  // What is said of when the hub stops taking it. NotFound.
  virtual absl::Status SetKeyExpiry(const KeyVersionId& id, std::optional<absl::Time> time) = 0;
  // Of all zones, the active ones that end before `time`, by zone.
  virtual absl::StatusOr<std::vector<JoiningKeyVersion>> ListKeysEnding(absl::Time time) const = 0;

  virtual absl::StatusOr<std::optional<HubReading>> FindReading(const ZoneId& zone) const = 0;
  virtual absl::StatusOr<std::optional<HubReading>> FindReading(const TenantWall& wall,
                                                                const ZoneId& zone) const = 0;
  virtual absl::Status PutReading(const HubReading& reading) = 0;
  // Nothing is known of the zone's hub any more; OK when nothing was.
  virtual absl::Status DropReading(const ZoneId& zone) = 0;
  // A reading that began at `time` showed all enrolled servers of the zone that are not questioned:
  // each is proven as of then, unless it was proven later.
  virtual absl::Status Confirm(const ZoneId& zone, absl::Time time) = 0;

  virtual absl::StatusOr<std::optional<HubContact>> FindContact(const ZoneId& zone) const = 0;
  // Of one tenant, or of all that the wall admits when it is empty. By zone id.
  virtual absl::StatusOr<std::vector<HubContact>> ListContacts(const TenantWall& wall,
                                                               const TenantId& tenant) const = 0;
  virtual absl::Status PutContact(const HubContact& contact) = 0;
  // The zone's hub is read at another place, or by other means; OK when there was none.
  virtual absl::Status DropContact(const ZoneId& zone) = 0;
};

class ServerStore {
 public:
  virtual ~ServerStore() = default;
  virtual absl::StatusOr<std::optional<Server>> Find(const ServerId& id) const = 0;
  virtual absl::StatusOr<std::optional<Server>> FindByName(const ZoneId& zone,
                                                           absl::string_view name) const = 0;
  virtual absl::StatusOr<std::optional<Server>> Find(const TenantWall& wall,
                                                     const ServerId& id) const = 0;
  virtual absl::StatusOr<std::optional<Server>> FindByName(const TenantWall& wall,
                                                           const ZoneId& zone,
                                                           absl::string_view name) const = 0;
  // The server that goes by the other form of this name: "web-01" for "web-01.corp.example", and
  // the other way round. None for a name with another domain.
  virtual absl::StatusOr<std::optional<Server>> FindNamesake(const ZoneId& zone,
                                                             absl::string_view name) const = 0;
  virtual absl::StatusOr<std::vector<Server>> List(
      const ServerQuery& query) const = 0;  // By zone, then name.
  // The same servers in the same order, with no more of each than a plan needs: it reads fleets.
  virtual absl::StatusOr<std::vector<ServerState>> ListStates(const ServerQuery& query) const = 0;
  // How many servers stand in each enrollment state, per zone.
  struct EnrollmentCount {
    ZoneId zone_id;
    Enrollment enrollment;
    int servers;
  };
  virtual absl::StatusOr<std::vector<EnrollmentCount>> CountByEnrollment(
      const ServerQuery& query) const = 0;
  // Per zone how many are enrolled and proven within their zone's verify_within, and the oldest
  // proof of an enrolled server.
  struct ProvenCount {
    ZoneId zone_id;
    int proven = 0;
    std::optional<absl::Time> oldest;
  };
  virtual absl::StatusOr<std::vector<ProvenCount>> CountProven(const ServerQuery& query,
                                                               absl::Time now) const = 0;
  // Where each of the query's servers stands, in no order; limit and page are not looked at. Reads
  // all of them, and keeps none.
  struct Standing {
    ServerId id;
    ZoneId zone_id;
    Admission admission = Admission::kRegistered;
    std::optional<absl::Time> last_contact_time;
  };
  virtual absl::Status ForEachStanding(const ServerQuery& query,
                                       absl::FunctionRef<void(const Standing&)> each) const = 0;
  // Servers of one tenant that share a machine id with another of them, by machine id and id; without
  // those that are out for good. At most `limit`.
  virtual absl::StatusOr<std::vector<Server>> ListSharedMachines(const TenantId& tenant,
                                                                 int limit) const = 0;
  // What is observed of the query's servers, by zone and name; of one server newest first. The
  // query's limit counts observations; its `after` is not looked at.
  struct Observed {
    ZoneId zone_id;
    std::string name;  // The server's.
    Observation observation;
  };
  virtual absl::StatusOr<std::vector<Observed>> ListObserved(const ServerQuery& query) const = 0;
  // When an admission in the zone changed last, by the dates that stand in the records: it may lie
  // ahead when the clock was set back since. None: no change is dated.
  virtual absl::StatusOr<std::optional<absl::Time>> NewestAdmissionTime(
      const ZoneId& zone) const = 0;
  // Servers of the zone in joined_unverified or in_doubt that have a claim: what the verifier waits
  // for.
  virtual absl::StatusOr<std::vector<Server>> ListUnproven(const ZoneId& zone) const = 0;
  // Zones that have such servers.
  virtual absl::StatusOr<std::vector<ZoneId>> ListUnprovenZones() const = 0;

  // A server of another zone with this name or this machine id (empty: none) in one of these
  // states, by name first: a machine that comes to the wrong zone is known elsewhere.
  virtual absl::StatusOr<std::optional<Server>> FindElsewhere(
      const ZoneId& zone, absl::string_view name, absl::string_view machine_id_hash,
      const std::vector<Admission>& admissions) const = 0;
  // What a machine is known as that comes under another name, when that was put out for a token of
  // this age.
  struct MachineQuery {
    ZoneId zone_id;
    ServerId except;              // What it comes as; empty: nothing that is known.
    std::string machine_id_hash;  // Empty: none.
    std::string public_key_hash;  // Of some certificate of the server. Empty: none.
    absl::Time token_create_time;
  };
  // A banned server, or one that was rejected or evicted when the token was there already; banned
  // ones first.
  virtual absl::StatusOr<std::optional<Server>> FindPutOut(const MachineQuery& query) const = 0;

  virtual absl::Status Insert(
      const Server& server) = 0;  // AlreadyExists when zone and name are taken.
  // AlreadyExists when the name is taken.
  virtual absl::Status SetName(const ServerId& id, absl::string_view name) = 0;
  // With its labels, certificates, commands and targets, which no rollout counts any more.
  virtual absl::Status Delete(const ServerId& id) = 0;
  virtual absl::Status SetLabels(const ServerId& id, const Labels& labels) = 0;
  virtual absl::Status SetFacts(const ServerId& id, const std::optional<MachineFacts>& machine,
                                const std::optional<ServiceFacts>& service) = 0;
  virtual absl::Status SetLastContact(const ServerId& id, absl::Time time) = 0;
  virtual absl::Status SetClaim(const ServerId& id, const std::optional<Claim>& claim) = 0;
  virtual absl::Status SetProof(const ServerId& id, const HubProof& proof) = 0;
  virtual absl::Status DropProof(const ServerId& id) = 0;
  // Compare-and-set: Aborted when the server is not in `from`; Internal when the transition table
  // does not hold the move; the failure is replaced (none clears it).
  virtual absl::Status SetAdmissionTime(const ServerId& id, absl::Time time) = 0;
  virtual absl::Status MoveAdmission(const ServerId& id, Admission from, Admission to) = 0;
  virtual absl::Status MoveEnrollment(const ServerId& id, Enrollment from, Enrollment to,
                                      const std::optional<Failure>& failure) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_INVENTORY_STORE_H_
