// Reading a hub's instance list, as the core asks for it. Implemented by orchestrator/hub over
// HTTP, by the simulation's hub in tests.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_READER_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_READER_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/ids.h"
#include "store/model/zone.h"

namespace muster::core {

// One record of the hub (certify.md 4.4). Everything but the id may be missing.
struct HubInstance {
  HubInstanceId id;                  // Lower case.
  ForeignText internal_instance_id;  // Empty until the first connection, and in the public list.
  ForeignText title;                 // Machine name; empty for a record that never connected.
  ForeignText os;
  ForeignText client_name;
  ForeignText client_version;
  std::optional<bool> connected;  // Absent where the list does not say (public summary route).
  std::optional<bool> pending;    // isPendingConnection.
  std::optional<absl::Time> reported_time;  // dateLastReported: the hub's clock.
  std::optional<absl::Time> registered_time;
};

// A hub's list without the hub's own instance.
struct HubList {
  enum class Route { kInternal, kPublic, kLegacy };
  std::vector<HubInstance> instances;
  Route route = Route::kInternal;
  // What some record of the list shows: that the list also holds what is not connected, and which
  // records never connected (isPendingConnection). Hubs differ (certify.md 8).
  bool shows_disconnected = true;
  bool shows_pending = true;
  // Whether the hub's own instance is in it: who may see only a part does not see that.
  bool shows_itself = true;
  // Whether the list is whole as far as the hub's answer tells. A list that is not may confirm
  // presence, never absence (invariant 9).
  bool whole = true;
  // The hub's clock minus ours when the answer came, from its Date header; zero when unknown.
  absl::Duration clock_offset;
  // What the hub calls itself: the id of its own instance, in lower case. Empty where it does not
  // tell. Two addresses that lead to one hub have it in common, and so do copies of one hub.
  std::string hub_instance_id;
  ForeignText hub_version;  // Empty where it does not tell.
};

// Everything needed to read one hub; copied from the store's zone. Several zones may name the same
// hub.
struct HubReadRequest {
  ZoneId zone_id;
  TenantId tenant_id;  // Readings of one tenant share its part of what all may take.
  std::string hub_url;
  std::string hub_ca_pem;
  store::Verifier verifier;  // Secret still sealed.
  // An operator asks: a hub that wants to be left alone (Retry-After) is asked all the same.
  bool insist = false;
};

// Why there is no list, and how long the hub wants to be left alone, where it says so.
struct HubUnread {
  HubUnread(Failure f, std::optional<absl::Duration> retry = std::nullopt)  // NOLINT: a Failure is.
      : failure(std::move(f)), retry_after(retry) {}
  Failure failure;
  std::optional<absl::Duration> retry_after;
};

using HubReadResult = std::variant<HubList, HubUnread>;

class HubReader {
 public:
  virtual ~HubReader() = default;
  // Reads the list elsewhere and calls `done` there, once; it must not block. Never blocks the caller.
  // Failures are E-HUB-…, E-KEY-UNSEALABLE.
  virtual void Read(HubReadRequest request, absl::AnyInvocable<void(HubReadResult)> done) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_READER_H_
