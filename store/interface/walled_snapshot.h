// A snapshot as one operator sees it: every read passes the operator's wall, inside the store's
// query, so that who answers operators cannot forget it. What lies behind the wall is found as
// little as what does not exist.
//
//   core::Caller ─► wall ─┐
//   store::Snapshot ──────┴► WalledSnapshot ─► orchestrator/api, core/report
#ifndef MUSTER_STORE_INTERFACE_WALLED_SNAPSHOT_H_
#define MUSTER_STORE_INTERFACE_WALLED_SNAPSHOT_H_

#include <optional>
#include <utility>
#include <vector>

#include "store/interface/store.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

// Borrows the snapshot. Used by one thread at a time; errors and blocking as store.h says.
class WalledSnapshot {
 public:
  WalledSnapshot(const Snapshot& snapshot, TenantWall wall)
      : s_(snapshot), wall_(std::move(wall)) {}

  const TenantWall& wall() const { return wall_; }
  // As who is bound to this tenant sees it; nothing where the wall does not admit it.
  WalledSnapshot Of(const TenantId& tenant) const {
    return {s_, wall_.Admits(tenant) ? TenantWall::Of({tenant}) : TenantWall()};
  }

  absl::StatusOr<std::optional<Tenant>> FindTenant(const TenantId& id) const {
    return s_.tenants().Find(wall_, id);
  }
  absl::StatusOr<std::vector<Tenant>> ListTenants() const { return s_.tenants().List(wall_); }

  absl::StatusOr<std::optional<Zone>> FindZone(const ZoneId& id) const {
    return s_.zones().Find(wall_, id);
  }
  // Of one tenant, or of all that the wall admits when it is empty.
  absl::StatusOr<std::vector<Zone>> ListZones(const TenantId& tenant) const {
    return s_.zones().List(wall_, tenant);
  }
  absl::StatusOr<std::vector<ZoneId>> ListZonesWithoutKey(const TenantId& tenant) const {
    return s_.zones().ListWithoutKey(wall_, tenant);
  }
  absl::StatusOr<std::optional<JoiningKeyVersion>> FindActiveKey(const ZoneId& zone) const {
    return s_.zones().FindActiveKey(wall_, zone);
  }
  absl::StatusOr<std::optional<HubReading>> FindReading(const ZoneId& zone) const {
    return s_.zones().FindReading(wall_, zone);
  }
  absl::StatusOr<std::vector<HubContact>> ListContacts(const TenantId& tenant) const {
    return s_.zones().ListContacts(wall_, tenant);
  }

  absl::StatusOr<std::optional<Server>> FindServer(const ServerId& id) const {
    return s_.servers().Find(wall_, id);
  }
  absl::StatusOr<std::optional<Server>> FindServerByName(const ZoneId& zone,
                                                         absl::string_view name) const {
    return s_.servers().FindByName(wall_, zone, name);
  }
  // The query's wall is this one, whatever it says.
  absl::StatusOr<std::vector<Server>> ListServers(ServerQuery query) const {
    query.wall = wall_;
    return s_.servers().List(query);
  }
  absl::StatusOr<std::vector<ServerState>> ListServerStates(ServerQuery query) const {
    query.wall = wall_;
    return s_.servers().ListStates(query);
  }
  absl::StatusOr<std::vector<ServerStore::EnrollmentCount>> CountByEnrollment(
      ServerQuery query) const {
    query.wall = wall_;
    return s_.servers().CountByEnrollment(query);
  }
  absl::StatusOr<std::vector<ServerStore::ProvenCount>> CountProven(ServerQuery query,
                                                                    absl::Time now) const {
    query.wall = wall_;
    return s_.servers().CountProven(query, now);
  }
  absl::Status ForEachStanding(ServerQuery query,
                               absl::FunctionRef<void(const ServerStore::Standing&)> each) const {
    query.wall = wall_;
    return s_.servers().ForEachStanding(query, each);
  }
  absl::StatusOr<std::vector<ServerStore::Observed>> ListObserved(ServerQuery query) const {
    query.wall = wall_;
    return s_.servers().ListObserved(query);
  }
  absl::StatusOr<std::vector<Observation>> ListObservations(const ServerId& server) const {
    return s_.observations().ListOf(wall_, server);
  }
  absl::StatusOr<std::optional<Finding>> FindFinding(const FindingId& id) const {
    return s_.findings().Find(wall_, id);
  }
  absl::StatusOr<std::vector<Finding>> ListFindings(FindingQuery query) const {
    query.wall = wall_;
    return s_.findings().List(query);
  }
  absl::StatusOr<std::vector<FindingStore::Count>> CountFindings(FindingQuery query) const {
    query.wall = wall_;
    return s_.findings().CountBy(query);
  }
  absl::StatusOr<std::optional<Sweep>> FindSweep(const SweepId& id) const {
    return s_.sweeps().Find(wall_, id);
  }
  absl::StatusOr<std::vector<Sweep>> ListSweeps(SweepQuery query) const {
    query.wall = wall_;
    return s_.sweeps().List(query);
  }
  absl::StatusOr<std::optional<Channel>> FindChannel(const ChannelId& id) const {
    return s_.notifications().FindChannel(wall_, id);
  }
  absl::StatusOr<std::vector<Channel>> ListChannels() const {
    return s_.notifications().ListChannels(wall_);
  }
  absl::StatusOr<std::optional<Delivery>> FindDelivery(const DeliveryId& id) const {
    return s_.notifications().FindDelivery(wall_, id);
  }
  absl::StatusOr<std::vector<Delivery>> ListDeliveries(DeliveryQuery query) const {
    query.wall = wall_;
    return s_.notifications().ListDeliveries(query);
  }
  // Of a delivery that this snapshot found.
  absl::StatusOr<std::vector<NotificationEvent>> ListEvents(const Delivery& delivery) const {
    return s_.notifications().ListEvents(delivery.id);
  }
  absl::StatusOr<std::vector<DeliveryAttempt>> ListAttempts(const Delivery& delivery) const {
    return s_.notifications().ListAttempts(delivery.id);
  }
  // Newest first.
  absl::StatusOr<std::vector<WorkerCertificate>> ListCertificates(const ServerId& server) const {
    return s_.certificates().ListOf(wall_, server);
  }
  absl::StatusOr<std::vector<Attempt>> ListAttempts(const ServerId& server, int limit) const {
    return s_.attempts().ListOfServer(wall_, server, limit);
  }

  absl::StatusOr<std::optional<BootstrapToken>> FindToken(const TokenId& id) const {
    return s_.tokens().Find(wall_, id);
  }
  absl::StatusOr<std::vector<BootstrapToken>> ListTokens(const ZoneId& zone) const {
    return s_.tokens().List(wall_, zone);
  }
  absl::StatusOr<std::vector<TokenRefusal>> ListRefusals(const TokenId& token, int limit) const {
    return s_.tokens().ListRefusals(wall_, token, limit);
  }

  absl::StatusOr<std::optional<Rollout>> FindRollout(const RolloutId& id) const {
    return s_.rollouts().Find(wall_, id);
  }
  absl::StatusOr<std::vector<Rollout>> ListRollouts(RolloutQuery query) const {
    query.wall = wall_;
    return s_.rollouts().List(query);
  }
  absl::StatusOr<std::vector<RolloutStore::StateCount>> CountRolloutsByState() const {
    return s_.rollouts().CountByState(wall_);
  }
  absl::StatusOr<int> CountUnfinishedRollouts() const {
    return s_.rollouts().CountUnfinished(wall_);
  }
  absl::StatusOr<TargetCounts> CountTargets(const RolloutId& rollout) const {
    return s_.rollouts().Count(wall_, rollout);
  }
  absl::StatusOr<std::vector<Target>> ListTargets(const TargetQuery& query) const {
    return s_.rollouts().ListTargets(wall_, query);
  }

  // Those who share a tenant with the wall, and `self`.
  absl::StatusOr<std::vector<Operator>> ListOperators(const OperatorId& self) const {
    return s_.operators().List(wall_, self);
  }

  absl::StatusOr<std::vector<AuditEvent>> ListAuditEvents(AuditQuery query) const {
    query.wall = wall_;
    return s_.audit().List(query);
  }

  absl::StatusOr<std::vector<LinkedEvent>> ListLinkedEvents(const TenantId& tenant, int64_t after,
                                                            int limit) const {
    return s_.audit().ListLinked(wall_, tenant, after, limit);
  }
  absl::StatusOr<std::string> AuditLinkAt(const TenantId& tenant, int64_t sequence) const {
    return s_.audit().LinkAt(wall_, tenant, sequence);
  }
  // Sequences of events before a time are at most this.
  absl::StatusOr<int64_t> LastSequenceBefore(absl::Time time) const {
    const auto link = s_.audit().LastBefore(time);
    if (!link.ok()) return link.status();
    return link->sequence;
  }

  // What belongs to no tenant, such as the audit chain as a whole: null behind a wall.
  const Snapshot* whole() const { return wall_.admits_everything() ? &s_ : nullptr; }

 private:
  const Snapshot& s_;
  const TenantWall wall_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_WALLED_SNAPSHOT_H_
