#include "orchestrator/core/sweep/sweeper.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/failure_kind.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/sweep/schedule.h"

namespace muster::core {
namespace {

using store::Sweep;
using store::SweepState;
using store::SweepTrigger;

SweepState SweepStateOf(ZoneVerification::State read) {
  switch (read) {
    case ZoneVerification::State::kCompleted:
      return SweepState::kCompleted;
    case ZoneVerification::State::kPartial:
      return SweepState::kPartial;
    case ZoneVerification::State::kFailed:
      return SweepState::kFailed;
  }
  return SweepState::kFailed;
}

std::string ReasonOf(const std::optional<Failure>& failure) {
  return failure.has_value() ? absl::StrCat(TextOf(failure->code), ": ", failure->detail) : "";
}

}  // namespace

struct Sweeper::Job {
  std::vector<Sweep> sweeps;
  Answer<std::vector<Sweep>> done;  // Null: nobody asked.
};

absl::Status Sweeper::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(std::vector<Sweep> interrupted, turn.store().sweeps().ListRunning());
  for (Sweep& sweep : interrupted) {
    sweep.state = SweepState::kFailed;
    sweep.reason = "the orchestrator ended meanwhile";
    sweep.finish_time = turn.now();
    RETURN_IF_ERROR(turn.store().sweeps().Update(sweep, SweepState::kRunning));
  }
  return Replan(turn);
}

absl::Status Sweeper::Replan(Turn& turn) {
  ASSIGN_OR_RETURN(const std::vector<store::Zone> zones,
                   turn.store().zones().List(store::TenantWall::Everything(), TenantId()));
  std::set<ZoneId> there;
  for (const store::Zone& zone : zones) {
    there.insert(zone.id);
    Plan(zone, turn.now());
  }
  std::erase_if(planned_, [&](const auto& plan) { return !there.contains(plan.first); });
  std::erase_if(running_, [&](const auto& run) { return !there.contains(run.first); });
  return absl::OkStatus();
}

void Sweeper::Plan(const store::Zone& zone, absl::Time now) {
  // Without a verifier nothing can be read.
  const absl::Time when = zone.verifier.kind == store::VerifierKind::kNone
                              ? absl::InfiniteFuture()
                              : NextSweep(zone.sweep, options_.every, zone.id, now);
  absl::Time& planned = planned_[zone.id];
  if (planned == when) return;
  planned = when;
  p_.agenda.At(when, [this, id = zone.id, when](Turn& turn) { return Due(turn, id, when); });
}

absl::Status Sweeper::Due(Turn& turn, const ZoneId& id, absl::Time when) {
  const auto planned = planned_.find(id);
  if (planned == planned_.end() || planned->second != when) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ZoneEntry* zone, p_.zones.Find(turn, id));
  if (zone == nullptr) return absl::OkStatus();
  Plan(zone->zone, turn.now());
  ASSIGN_OR_RETURN(const Sweep sweep, BeginSweep(turn, id, SweepTrigger::kSchedule, kSystemActor));
  if (sweep.state != SweepState::kRunning) return absl::OkStatus();
  const std::vector<ZoneId> ask =
      zone->zone.sweep.ask_workers ? std::vector<ZoneId>{id} : std::vector<ZoneId>();
  RETURN_IF_ERROR(AskThenRead(
      turn, {id}, ask, false, [this, sweep](const std::vector<ZoneVerification>& lines) {
        p_.control.PostFirm([this, sweep, read = lines.front()](Turn& next) {
          Sweep ended = sweep;
          return Finish(next, ended, read);
        });
      }));
  running_[id] = Running{.id = sweep.id};
  return absl::OkStatus();
}

absl::Status Sweeper::AskThenRead(Turn& turn, const std::vector<ZoneId>& zones,
                                  const std::vector<ZoneId>& ask, bool insist, TakeLines done) {
  const auto waiting = std::make_shared<size_t>(0);
  const auto read = [this, zones, insist, done](Turn& later) {
    const absl::Status begun =
        later.Alone([&] { return p_.verifier.Verify(later, zones, insist, done); });
    RETURN_IF_ERROR(IfLost(begun));
    if (begun.ok()) return absl::OkStatus();
    // Nobody else would end the sweeps.
    std::vector<ZoneVerification> lines(zones.size());
    for (size_t i = 0; i < zones.size(); ++i) {
      lines[i].zone_id = zones[i];
      lines[i].failure = Failure{FailureCode::kVerifyUnproven, std::string(begun.message())};
    }
    later.AfterCommit([done, lines = std::move(lines)]() mutable { done(std::move(lines)); });
    return absl::OkStatus();
  };
  for (const ZoneId& zone : ask) {
    *waiting += p_.ask(turn, zone,
                       [this, zone, waiting, read](Turn& later, int asked,
                                                   absl::flat_hash_set<ServerId> answered) {
                         if (const auto it = running_.find(zone); it != running_.end()) {
                           it->second.asked = asked;
                           it->second.answered = std::move(answered);
                         }
                         return --*waiting == 0 ? read(later) : absl::OkStatus();
                       });
  }
  return *waiting == 0 ? p_.verifier.Verify(turn, zones, insist, std::move(done))
                       : absl::OkStatus();
}

absl::StatusOr<Sweep> Sweeper::BeginSweep(Turn& turn, const ZoneId& zone, SweepTrigger trigger,
                                          const std::string& actor) {
  Sweep sweep;
  sweep.id = p_.ids.Next<SweepId>(turn.now());
  sweep.tenant_id = TenantOf(zone);
  sweep.zone_id = zone;
  sweep.trigger = trigger;
  sweep.actor = actor;
  sweep.start_time = turn.now();
  if (const auto other = running_.find(zone); other != running_.end()) {
    sweep.state = SweepState::kSkipped;
    sweep.reason = absl::StrCat(other->second.id.value(), " is still running");
    sweep.finish_time = turn.now();
  }
  RETURN_IF_ERROR(turn.store().sweeps().Insert(sweep));
  // A sweep is its own record; what somebody asked for is an event, too.
  if (trigger == SweepTrigger::kSchedule) return sweep;
  RETURN_IF_ERROR(
      Audit(turn, actor, absl::StrCat("sweep.", store::ToString(sweep.state)), sweep.id.value(),
            sweep.tenant_id,
            absl::StrCat("sweep: new → ", store::ToString(sweep.state), "; zone ", zone.value())));
  return sweep;
}

absl::StatusOr<std::vector<std::string>> Sweeper::DifferencesOf(Turn& turn, const Sweep& sweep) {
  const auto last = last_.find(sweep.zone_id);
  // Of the first sweep since the start: what is otherwise since the one before on record.
  absl::Time since = absl::InfinitePast();
  if (last != last_.end()) {
    since = last->second;
  } else {
    store::SweepQuery query;
    query.wall = store::TenantWall::Of({sweep.tenant_id});
    query.selection.zone_id = sweep.zone_id;
    query.before = sweep.id;
    query.limit = 20;
    ASSIGN_OR_RETURN(const std::vector<Sweep> before, turn.store().sweeps().List(query));
    for (const Sweep& other : before) {
      if (other.state != SweepState::kCompleted) continue;
      since = other.finish_time.value_or(other.start_time);
      break;
    }
  }
  const int most = options_.most_differences;
  ASSIGN_OR_RETURN(const std::vector<store::Finding> changed,
                   turn.store().findings().ListChanged(sweep.zone_id, since, most + 1));
  std::vector<std::string> differences;
  for (const store::Finding& finding : changed) {
    if (static_cast<int>(differences.size()) == most) {
      differences.emplace_back("and more; see 'muster finding list'");
      break;
    }
    differences.push_back(absl::StrCat(store::ToString(finding.state), " ",
                                       store::ToString(finding.kind), " ", finding.id.value(), ": ",
                                       finding.evidence.str()));
  }
  return differences;
}

absl::Status Sweeper::Finish(Turn& turn, Sweep& sweep, const ZoneVerification& read) {
  const auto running = running_.find(sweep.zone_id);
  if (running == running_.end() || running->second.id != sweep.id) {
    return absl::OkStatus();  // Its zone is no more.
  }
  const Running run = std::move(running->second);
  running_.erase(running);
  sweep.state = SweepStateOf(read.state);
  sweep.reason = ReasonOf(read.failure);
  sweep.finish_time = turn.now();
  store::SweepCounts& counts = sweep.counts;
  counts.instances = read.instances;
  counts.unmatched = read.unmatched;
  counts.servers = read.servers;
  counts.enrolled = read.enrolled;
  counts.confirmed = read.confirmed;
  counts.degraded = read.degraded;
  counts.healed = read.healed;
  counts.asked = run.asked;
  counts.answered = static_cast<int>(run.answered.size());
  counts.disagreed = run.disagreed;
  if (sweep.state != SweepState::kCompleted) {
    ASSIGN_OR_RETURN(const ZoneEntry* zone, p_.zones.Find(turn, sweep.zone_id));
    if (zone == nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(p_.findings.TakeUnread(turn, zone->zone, sweep.reason));
  }
  ASSIGN_OR_RETURN(counts.findings, turn.store().findings().CountUnresolved(sweep.zone_id));
  ASSIGN_OR_RETURN(sweep.differences, DifferencesOf(turn, sweep));
  RETURN_IF_ERROR(turn.store().sweeps().Update(sweep, SweepState::kRunning));
  if (sweep.state == SweepState::kCompleted) last_[sweep.zone_id] = turn.now();
  return absl::OkStatus();
}

absl::Status Sweeper::Run(Turn& turn, Answer<std::vector<Sweep>> done, const Actor& actor,
                          const std::vector<ZoneId>& zones,
                          const std::optional<bool>& ask_workers) {
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const ZoneEntry* entry, p_.zones.Find(turn, zone));
    if (entry == nullptr || !actor.wall.Admits(entry->zone.tenant_id)) {
      return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
    }
  }
  auto job = std::make_shared<Job>();
  job->done = std::move(done);
  std::vector<ZoneId> read;
  std::vector<ZoneId> ask;
  std::vector<size_t> places;
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(Sweep sweep, BeginSweep(turn, zone, SweepTrigger::kOperator, actor.name));
    if (sweep.state == SweepState::kRunning) {
      read.push_back(zone);
      ASSIGN_OR_RETURN(const ZoneEntry* entry, p_.zones.Find(turn, zone));
      if (ask_workers.value_or(entry->zone.sweep.ask_workers)) ask.push_back(zone);
      places.push_back(job->sweeps.size());
    }
    job->sweeps.push_back(std::move(sweep));
  }
  const absl::Status begun = AskThenRead(
      turn, read, ask, true, [this, job, places](const std::vector<ZoneVerification>& lines) {
        p_.control.Post(
            [this, job, places, lines](Turn& next) -> absl::Status {
              for (size_t i = 0; i < places.size(); ++i) {
                RETURN_IF_ERROR(Finish(next, job->sweeps[places[i]], lines[i]));
              }
              return absl::OkStatus();
            },
            [job](absl::Status status) {
              if (status.ok()) return job->done(std::move(job->sweeps));
              job->done(std::move(status));
            });
      });
  RETURN_IF_ERROR(begun);
  for (const size_t place : places) {
    running_[job->sweeps[place].zone_id] = Running{.id = job->sweeps[place].id};
  }
  return absl::OkStatus();
}

std::unique_ptr<WalkNotes> Sweeper::Begin(const HubReading& reading, const HubIndex& index,
                                          HolderOfRecord holder) {
  return std::make_unique<Comparison>(
      options_, reading, index, std::move(holder), p_.connected,
      [this](const store::Server& server) {
        const auto run = running_.find(server.zone_id);
        return run != running_.end() && run->second.answered.contains(server.id);
      },
      [this](Turn& turn, const ZoneId& zone, Sightings sightings) {
        if (const auto run = running_.find(zone); run != running_.end()) {
          run->second.disagreed = static_cast<int>(sightings.disagreeing.size());
        }
        return p_.findings.Take(turn, zone, std::move(sightings));
      });
}

}  // namespace muster::core
