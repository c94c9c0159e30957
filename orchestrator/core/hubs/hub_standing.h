// How a hub stands by the readings of it so far: when it is left alone, and whether it is known well
// enough for a joining key to leave. Pure functions of store::HubContact.
//
//   failures in a row   the hub is left alone for
//   1, 2                -
//   3, 4, 5, …          30 s, 1 min, 2 min, … up to breaker_cap (with poll_interval_failing of 15 s)
//   any, Retry-After    what the hub asks for, up to longest_retry_after
//
// Who joins a hub must have been read: the address that a joining key goes to is the zone's present
// hub, answers under a certificate that the zone trusts, and knows the zone's verifier
// (docs/decisions/hub-first.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_STANDING_H_
#define MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_STANDING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/options.h"
#include "store/model/hub_contact.h"

namespace muster::core {

// A try to read the hub has ended at `now`.
void NoteUnread(store::HubContact& contact, const HubUnread& unread, const VerifyOptions& options,
                absl::Time now);
void NoteRead(store::HubContact& contact, const HubList& list, absl::Time now);

// The hub has asked, by whatever reading, to be left alone until then. Whether that is longer than
// it is anyway.
bool NoteWish(store::HubContact& contact, absl::Time until, absl::Time now);

// Until when the hub is left alone; in the past: it may be asked. A date further ahead than
// longest_retry_after is of a clock that was set back since, and says nothing.
absl::Time LeftAloneUntil(const store::HubContact& contact, const VerifyOptions& options,
                          absl::Time now);

// What an operator is shown of it.
enum class HubStanding { kNeverRead, kRead, kFailing, kLeftAlone };
HubStanding StandingOf(const store::HubContact& contact, absl::Time now);
absl::string_view ToString(HubStanding standing);

// What lists of this hub can show.
store::HubListKind KindOf(const HubList& list);

// Whether joining keys may leave for the hub: it is not left alone, and the last try to read it
// succeeded, not longer ago than join_reading_age.
bool MayJoin(const store::HubContact& contact, const VerifyOptions& options, absl::Time now);
// Why they may not, as long as the hub cannot be read: "the hub of acme/prod is not read since …".
// None when it can, or nobody has tried.
std::optional<Failure> WhyHeld(const store::HubContact& contact, absl::Time now);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_STANDING_H_
