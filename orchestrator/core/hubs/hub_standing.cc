#include "orchestrator/core/hubs/hub_standing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/utc_text.h"

namespace muster::core {
namespace {

using store::HubContact;
using store::HubListKind;

constexpr int kFailuresBeforeBreak = 3;
constexpr int kMostDoublings = 16;

absl::Duration BreakAfter(int failures, const VerifyOptions& options) {
  if (failures < kFailuresBeforeBreak) return absl::ZeroDuration();
  const int doublings = std::min(failures - kFailuresBeforeBreak + 1, kMostDoublings);
  return std::min(options.poll_interval_failing * (1 << doublings), options.breaker_cap);
}

}  // namespace

void NoteUnread(HubContact& contact, const HubUnread& unread, const VerifyOptions& options,
                absl::Time now) {
  contact.try_time = now;
  if (contact.failures++ == 0) contact.failing_time = now;
  contact.failure = unread.failure;
  const absl::Duration alone = std::max(
      BreakAfter(contact.failures, options),
      std::min(unread.retry_after.value_or(absl::ZeroDuration()), options.longest_retry_after));
  if (alone <= absl::ZeroDuration()) {
    contact.open_time.reset();
    contact.not_before.reset();
    return;
  }
  if (!contact.open_time.has_value()) contact.open_time = now;
  contact.not_before = now + alone;
}

void NoteRead(HubContact& contact, const HubList& list, absl::Time now) {
  contact.try_time = now;
  contact.read_time = now;
  contact.failures = 0;
  contact.failing_time.reset();
  contact.failure.reset();
  contact.open_time.reset();
  contact.not_before.reset();
  contact.list_kind = KindOf(list);
  contact.hub_version = list.hub_version;
  contact.clock_offset = list.clock_offset;
  contact.instances = static_cast<int>(list.instances.size());
}

bool NoteWish(HubContact& contact, absl::Time until, absl::Time now) {
  if (contact.not_before.has_value() && *contact.not_before >= until) return false;
  contact.not_before = until;
  if (!contact.open_time.has_value()) contact.open_time = now;
  return true;
}

absl::Time LeftAloneUntil(const HubContact& contact, const VerifyOptions& options, absl::Time now) {
  const absl::Time until = contact.not_before.value_or(absl::InfinitePast());
  return until <= now + options.longest_retry_after ? until : absl::InfinitePast();
}

HubStanding StandingOf(const HubContact& contact, absl::Time now) {
  if (contact.not_before.has_value() && *contact.not_before > now) return HubStanding::kLeftAlone;
  if (contact.failure.has_value()) return HubStanding::kFailing;
  return contact.read_time.has_value() ? HubStanding::kRead : HubStanding::kNeverRead;
}

absl::string_view ToString(HubStanding standing) {
  switch (standing) {
    case HubStanding::kNeverRead:
      return "never_read";
    case HubStanding::kRead:
      return "read";
    case HubStanding::kFailing:
      return "failing";
    case HubStanding::kLeftAlone:
      return "left_alone";
  }
  return "";
}

HubListKind KindOf(const HubList& list) {
  switch (list.route) {
    case HubList::Route::kPublic:
      return HubListKind::kSummary;
    case HubList::Route::kLegacy:
      return HubListKind::kLegacy;
    case HubList::Route::kInternal:
      break;
  }
  if (list.shows_pending) return HubListKind::kFull;
  return list.shows_disconnected ? HubListKind::kWithoutPending : HubListKind::kConnectedOnly;
}

bool MayJoin(const HubContact& contact, const VerifyOptions& options, absl::Time now) {
  if (contact.failure.has_value() || !contact.read_time.has_value()) return false;
  if (LeftAloneUntil(contact, options, now) > now) return false;
  const absl::Time read = *contact.read_time;
  // A date in the future is of a clock that was set back since.
  return read <= now && now - read <= options.join_reading_age;
}

std::optional<Failure> WhyHeld(const HubContact& contact, absl::Time now) {
  const bool alone = contact.not_before.has_value() && *contact.not_before > now;
  if (!contact.failure.has_value()) {
    if (!alone) return std::nullopt;
    return Failure{FailureCode::kHubRateLimited,
                   absl::StrCat("the hub of ", contact.zone_id.value(), " is left alone until ",
                                UtcText(*contact.not_before),
                                ", as it asked for when another zone's verifier read it")};
  }
  std::string detail = absl::StrCat("the hub of ", contact.zone_id.value(), " is not read since ",
                                    UtcText(contact.failing_time.value_or(contact.try_time)), ", ",
                                    contact.failures, contact.failures == 1 ? " try" : " tries");
  if (alone) {
    absl::StrAppend(&detail, ", and left alone until ", UtcText(*contact.not_before));
  }
  absl::StrAppend(&detail, ": ", contact.failure->detail);
  return Failure{contact.failure->code, std::move(detail)};
}

}  // namespace muster::core
