// How a reading passes all servers of its zones. See verifier.h and renewal.h.
#include "orchestrator/core/enrollment/verifier_walk.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/failure_kind.h"

namespace muster::core {
namespace {

using store::Enrollment;

}  // namespace

absl::Status Verifier::WalkAgain(Turn& turn, const ZoneId& zone, absl::Time when) {
  Walks& walks = walks_[zone];
  walks.next = std::min(walks.next, when);
  if (when >= walks.wanted) return absl::OkStatus();
  walks.wanted = when;
  return hubs_.WantAt(turn, zone, when);
}

absl::Status Verifier::CheckPage(Turn& turn, const std::shared_ptr<Walk>& walk) {
  if (!walk->zones.empty()) {
    const ZoneId zone = walk->zones.back();
    if (walk->all_passed) {
      ASSIGN_OR_RETURN(const bool ended, EndZone(turn, *walk, zone));
      if (ended) {
        walk->zones.pop_back();
        walk->all_passed = false;
      }
      control_.Post([this, walk](Turn& next) { return CheckPage(next, walk); }, nullptr);
      return absl::OkStatus();
    }
    Walk::Tally& tally = walk->tallies[zone];
    store::ServerQuery query;
    query.selection.zone_id = zone;
    query.wall = store::TenantWall::Everything();
    query.after = walk->cursor;
    query.limit = kServersPerPage;
    ASSIGN_OR_RETURN(const std::vector<store::Server> page, turn.store().servers().List(query));
    tally.servers += static_cast<int>(page.size());
    for (const store::Server& server : page) {
      if (walk->notes != nullptr) walk->notes->Passed(server);
      const absl::Status checked = turn.Alone([&] { return CheckServer(turn, *walk, server); });
      tally.passed_all &= checked.ok();
      RETURN_IF_ERROR(IfLost(checked));
    }
    if (page.size() < kServersPerPage) {
      walk->cursor.clear();
      walk->all_passed = true;
      RETURN_IF_ERROR(Confirm(turn, *walk, zone));
    } else {
      walk->cursor = store::CursorOf(page.back());
    }
    control_.Post([this, walk](Turn& next) { return CheckPage(next, walk); }, nullptr);
    return absl::OkStatus();
  }
  const HubReading& reading = *walk->reading;
  for (const Line& line : walk->asking) {
    ZoneVerification& out = line.first->lines[line.second];
    ASSIGN_OR_RETURN(out.failure, RecordReading(turn, out.zone_id, reading));
    out.unmatched = CountUnmatched(reading);
    const Walk::Tally& tally = walk->tallies[out.zone_id];
    out.state = reading.conclusive ? ZoneVerification::State::kCompleted
                                   : ZoneVerification::State::kPartial;
    out.instances = reading.instances();
    out.servers = tally.servers;
    out.enrolled = tally.enrolled;
    out.confirmed = tally.confirmed;
    out.degraded = tally.degraded;
    out.healed = tally.healed;
    Answer(turn, line);
  }
  return absl::OkStatus();
}

absl::Status Verifier::Confirm(Turn& turn, Walk& walk, const ZoneId& zone) {
  // A zone without walks left the hub meanwhile.
  walk.notable = walk.reading->conclusive && walk.tallies[zone].passed_all && walks_.contains(zone);
  if (!walk.notable) return absl::OkStatus();
  return turn.store().zones().Confirm(zone, std::min(walk.reading->started, turn.now()));
}

absl::StatusOr<bool> Verifier::EndZone(Turn& turn, Walk& walk, const ZoneId& zone) {
  const auto walks = walks_.find(zone);
  if (walks == walks_.end()) return true;
  if (walk.notable && walk.notes != nullptr) {
    bool ended = true;
    RETURN_IF_ERROR(IfLost(turn.Alone([&]() -> absl::Status {
      ASSIGN_OR_RETURN(ended, walk.notes->EndZone(turn, zone));
      return absl::OkStatus();
    })));
    if (!ended) return false;
  }
  walks->second.under_way = false;
  const absl::Time again = walk.tallies[zone].again;
  if (again != absl::InfiniteFuture()) RETURN_IF_ERROR(WalkAgain(turn, zone, again));
  return true;
}

absl::Status Verifier::CheckServer(Turn& turn, Walk& walk, const store::Server& server) {
  switch (server.enrollment) {
    case Enrollment::kEnrolled:
    case Enrollment::kDegraded:
      return server.proof.has_value() ? CheckProof(turn, walk, server) : absl::OkStatus();
    case Enrollment::kNotEnrolled:
    case Enrollment::kFailed:
      if (server.claim.has_value()) return CheckClaim(turn, walk, server);
      // It was enrolled once, and a rollout that joined it again came to nothing.
      return server.proof.has_value() ? CheckProof(turn, walk, server) : absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status Verifier::CheckProof(Turn& turn, Walk& walk, const store::Server& server) {
  const HubReading& reading = *walk.reading;
  const bool enrolled = server.enrollment == Enrollment::kEnrolled;
  Walk::Tally& tally = walk.tallies[server.zone_id];
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, server.zone_id));
  if (entry == nullptr) return absl::OkStatus();
  const HubInstance* record = walk.index.ById(server.proof->hub_instance_id);
  const Showing showing = ShowingOf(
      server, record, walk.index.Contradiction(server.proof->hub_instance_id), reading.list,
      walk.index.newest_report(), entry->zone.disconnect_patience, options_, turn.now());
  if (walk.notes != nullptr) walk.notes->Judged(server, showing);
  if (showing.what == Showing::What::kShown) {
    if (!enrolled) {
      // Whose the record is may have changed while it was not this server's.
      store::Claim claim;
      claim.hub_instance_id = record->id;
      claim.internal_instance_id = server.service.internal_instance_id;
      ASSIGN_OR_RETURN(const Contest contest, Weigh(turn, walk, server, claim, *record));
      if (contest.outcome != Contest::Outcome::kWon) return absl::OkStatus();
    }
    return Renew(turn, walk, server, *record, server.proof->match, true);
  }
  if (showing.what == Showing::What::kGone) {
    // The same service may have a new record: its hub id was reset.
    store::Claim claim;
    claim.internal_instance_id = server.service.internal_instance_id;
    const Match match =
        Matcher(walk.index, TakenFrom(reading.hub_url, server.id)).Find(SubjectOf(claim));
    const ProofRule rule{std::nullopt, options_.clock_tolerance, options_.fresh_report, turn.now()};
    if (match.instance != nullptr && ProvesEnrollment(*match.instance, reading.list, rule)) {
      ASSIGN_OR_RETURN(const Contest contest, Weigh(turn, walk, server, claim, *match.instance));
      if (contest.outcome == Contest::Outcome::kWon) {
        return Renew(turn, walk, server, *match.instance, match.by, false);
      }
    }
  }
  tally.enrolled += enrolled;
  return Question(turn, walk, server, showing);
}

absl::Status Verifier::Renew(Turn& turn, Walk& walk, const store::Server& server,
                             const HubInstance& record, store::MatchKind by, bool known) {
  Walk::Tally& tally = walk.tallies[server.zone_id];
  ++tally.enrolled;
  ++tally.confirmed;
  const HubReading& reading = *walk.reading;
  if (server.enrollment != Enrollment::kEnrolled) {
    ++tally.healed;
    return Prove(turn, reading.hub_url, server.id, server.zone_id,
                 {Match::Kind::kOne, &record, by});
  }
  const store::HubProof& proof = *server.proof;
  store::HubProof fresh = ProofBy(record, by, turn.now());
  // By which name it was proven stays known until the inventory calls it so, too.
  if (known && !proof.title.empty() && !IsTitleOf(record.title.str(), server.name)) {
    fresh.title = proof.title;
  }
  const bool same = known && !proof.questioned_time.has_value() && proof.title == fresh.title &&
                    proof.internal_instance_id == fresh.internal_instance_id;
  // One that nothing is new about is renewed with its zone (ZoneStore::Confirm), unless the zone is
  // not.
  const bool alone =
      !reading.conclusive && proof.verified_time + options_.renew_every <= turn.now();
  if (same && !alone) return absl::OkStatus();
  if (!known) {
    RETURN_IF_ERROR(TakeBack(turn, reading.hub_url, server.id, record));
    owners_[reading.hub_url][record.id] = server.id;
  }
  return turn.store().servers().SetProof(server.id, fresh);
}

absl::Status Verifier::Question(Turn& turn, Walk& walk, const store::Server& server,
                                const Showing& showing) {
  const HubReading& reading = *walk.reading;
  Walk::Tally& tally = walk.tallies[server.zone_id];
  store::HubProof proof = *server.proof;
  const std::optional<absl::Time> before = proof.questioned_time;
  if (!reading.conclusive) return absl::OkStatus();
  if (!before.has_value()) {
    proof.questioned_time = std::min(reading.started, turn.now());
    RETURN_IF_ERROR(turn.store().servers().SetProof(server.id, proof));
  }
  if (server.enrollment == Enrollment::kEnrolled && TakesBack(showing, reading, before, options_)) {
    --tally.enrolled;
    ++tally.degraded;
    RETURN_IF_ERROR(listener_->OnDegraded(turn, server.id, server.zone_id, *showing.failure));
  }
  const auto after = AskAgainAfter(turn.now() - *proof.questioned_time, options_);
  if (!after.has_value()) return absl::OkStatus();
  absl::Time again = turn.now() + *after;
  if (!showing.lasts)
    again = std::min(again, std::max(showing.lasts_from, turn.now() + options_.question_between));
  tally.again = std::min(tally.again, again);
  return absl::OkStatus();
}

// What a worker says without a command proves nothing by itself, and a name is too weak for it.
absl::Status Verifier::CheckClaim(Turn& turn, Walk& walk, const store::Server& server) {
  const HubReading& reading = *walk.reading;
  Walk::Tally& tally = walk.tallies[server.zone_id];
  if (LookOf(server.service, reading.hub_url) == Look::kJoinedElsewhere) return absl::OkStatus();
  store::Claim claim = *server.claim;
  if (server.enrollment != Enrollment::kFailed) claim.machine_name.clear();
  const Match match =
      Matcher(walk.index, TakenFrom(reading.hub_url, server.id)).Find(SubjectOf(claim));
  const ProofRule rule{turn.now() - turn.AgeOf(claim.join_start_time), options_.clock_tolerance,
                       options_.fresh_report, turn.now()};
  if (match.instance != nullptr && ProvesEnrollment(*match.instance, reading.list, rule)) {
    ASSIGN_OR_RETURN(const Contest contest, Weigh(turn, walk, server, claim, *match.instance));
    if (contest.outcome == Contest::Outcome::kWon) {
      ++tally.enrolled;
      ++tally.confirmed;
      ++tally.healed;
      return Prove(turn, reading.hub_url, server.id, server.zone_id, match);
    }
  }
  const auto after = AskAgainAfter(turn.now() - claim.verify_deadline, options_);
  if (after.has_value()) tally.again = std::min(tally.again, turn.now() + *after);
  return absl::OkStatus();
}

}  // namespace muster::core
