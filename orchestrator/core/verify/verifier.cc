#include "orchestrator/core/verify/verifier.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/url.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

constexpr int kPageSize = 500;

using store::Enrollment;

// Whether the service names this hub (its file may spell the address differently).
bool JoinedTo(const store::Server& server, const std::string& hub_url) {
  if (server.service.hub_url.empty()) return false;
  const absl::StatusOr<std::string> url = http::CanonicalAddress(server.service.hub_url);
  return url.ok() && *url == hub_url;
}

}  // namespace

struct Verifier::Job {
  std::vector<ZoneVerification> lines;
  size_t remaining = 0;
  std::function<void(std::vector<ZoneVerification>)> done;
};

struct Verifier::Reading {
  Reading(Hub& h, HubList l, absl::Time s) : hub(h), list(std::move(l)), started(s), index(list) {}
  Hub& hub;
  const HubList list;
  const absl::Time started;
  const HubIndex index;
  bool conclusive = false;  // Whole and plausible: may prove absence.
  // Only when somebody asked: what is left to check and what came out.
  std::vector<std::pair<std::shared_ptr<Job>, size_t>> asking;
  std::vector<ZoneId> zones;
  std::string cursor;
  std::map<ZoneId, int> confirmed;

  int instances() const { return static_cast<int>(list.instances.size()); }
};

absl::StatusOr<Verifier::Hub*> Verifier::HubOf(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
  if (entry == nullptr) return absl::InternalError(absl::StrCat("no zone ", zone.value()));
  std::unique_ptr<Hub>& hub = hubs_[entry->zone.hub_url];
  if (hub == nullptr) {
    hub = std::make_unique<Hub>();
    hub->url = entry->zone.hub_url;
  }
  hub->zones.insert(zone);
  return hub.get();
}

absl::Status Verifier::Recover(Turn& turn, const std::function<bool(const ServerId&)>& answered) {
  ASSIGN_OR_RETURN(const std::vector<ZoneId> zones, turn.store().servers().ListUnprovenZones());
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const std::vector<store::Server> servers,
                     turn.store().servers().ListUnproven(zone));
    for (const store::Server& server : servers) {
      // Who was in flight at the crash is in doubt since this very turn, and waits already.
      if (waiting_.contains(server.id) || !server.claim.has_value()) continue;
      RETURN_IF_ERROR(
          Await(turn, {server.id, zone, *server.claim, server.enrollment == Enrollment::kInDoubt,
                       answered(server.id)}));
    }
  }
  turn.AfterCommit(
      [this] { control_.Post([this](Turn& next) { return LoadOwners(next, ""); }, nullptr); });
  return absl::OkStatus();
}

absl::Status Verifier::LoadOwners(Turn& turn, const std::string& cursor) {
  store::ServerQuery query;
  query.after = cursor;
  query.limit = kPageSize;
  ASSIGN_OR_RETURN(const std::vector<store::Server> page, turn.store().servers().List(query));
  for (const store::Server& server : page) {
    ASSIGN_OR_RETURN(Hub * hub, HubOf(turn, server.zone_id));
    Own(*hub, server);
  }
  if (page.size() < kPageSize) return absl::OkStatus();
  control_.Post(
      [this, next = store::CursorOf(page.back())](Turn& t) { return LoadOwners(t, next); },
      nullptr);
  return absl::OkStatus();
}

void Verifier::Own(Hub& hub, const store::Server& server) {
  HubInstanceId id;
  if (server.proof.has_value()) {
    id = server.proof->hub_instance_id;
  } else if (server.claim.has_value() && !server.claim->hub_instance_id.empty()) {
    id = server.claim->hub_instance_id;
  } else if (JoinedTo(server, hub.url)) {
    id = server.service.hub_instance_id;
  }
  if (!id.empty()) hub.owners.try_emplace(id, server.id);
}

absl::Status Verifier::Await(Turn& turn, const AwaitedProof& proof) {
  ASSIGN_OR_RETURN(Hub * hub, HubOf(turn, proof.zone_id));
  control_.MemoryChanged();
  Forget(proof.server_id);
  waiting_[proof.server_id] = proof;
  hub->waiting.insert(proof.server_id);
  hub_of_[proof.server_id] = hub;
  if (!proof.claim.hub_instance_id.empty()) {
    hub->owners.try_emplace(proof.claim.hub_instance_id, proof.server_id);
  }
  PollAt(*hub, turn.now() + options_.poll_first);
  return absl::OkStatus();
}

void Verifier::Forget(const ServerId& server) {
  const auto it = hub_of_.find(server);
  if (it == hub_of_.end()) return;
  control_.MemoryChanged();
  it->second->waiting.erase(server);
  hub_of_.erase(it);
  waiting_.erase(server);
}

void Verifier::Release(const std::set<ServerId>& servers) {
  control_.MemoryChanged();
  for (const ServerId& server : servers) Forget(server);
  for (auto& [url, hub] : hubs_) {
    absl::erase_if(hub->owners, [&](const auto& owner) { return servers.contains(owner.second); });
  }
}

void Verifier::LeaveHubs(Turn& turn, const ZoneId& zone, const Failure& why) {
  control_.MemoryChanged();
  for (auto& [url, hub] : hubs_) {
    if (hub->zones.erase(zone) > 0) AnswerAsking(turn, *hub, &zone, why);
  }
}

absl::Status Verifier::Verify(Turn& turn, const std::vector<ZoneId>& zones,
                              std::function<void(std::vector<ZoneVerification>)> done) {
  auto job = std::make_shared<Job>();
  job->done = std::move(done);
  job->lines.resize(zones.size());
  job->remaining = zones.size();
  if (zones.empty()) {
    turn.AfterCommit([job] { job->done({}); });
    return absl::OkStatus();
  }
  std::set<Hub*> hubs;
  for (size_t i = 0; i < zones.size(); ++i) {
    ASSIGN_OR_RETURN(Hub * hub, HubOf(turn, zones[i]));
    job->lines[i].zone_id = zones[i];
    control_.MemoryChanged();
    hub->asking.emplace_back(job, i);
    hubs.insert(hub);
  }
  for (Hub* hub : hubs) RETURN_IF_ERROR(Poll(turn, *hub));
  return absl::OkStatus();
}

void Verifier::PollAt(Hub& hub, absl::Time when) {
  if (when >= hub.next_poll) return;
  hub.next_poll = when;
  agenda_.At(when, [this, &hub](Turn& turn) {
    if (turn.now() < hub.next_poll) return absl::OkStatus();  // It was done meanwhile.
    return Poll(turn, hub);
  });
}

absl::Status Verifier::Poll(Turn& turn, Hub& hub) {
  hub.next_poll = absl::InfiniteFuture();
  if (hub.reading || (hub.waiting.empty() && hub.asking.empty())) return absl::OkStatus();
  std::optional<HubReadRequest> request;
  for (const ZoneId& id : hub.zones) {
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, id));
    if (entry == nullptr) continue;
    const store::Zone& zone = entry->zone;
    if (request.has_value() && zone.verifier.kind == store::VerifierKind::kNone) continue;
    request = HubReadRequest{zone.id, zone.hub_url, zone.hub_ca_pem, zone.verifier};
    if (zone.verifier.kind != store::VerifierKind::kNone) break;
  }
  if (!request.has_value()) return absl::OkStatus();
  control_.MemoryChanged();
  hub.reading = true;
  turn.AfterCommit([this, &hub, request = *std::move(request), started = turn.now()]() mutable {
    reader_.Read(std::move(request), [this, &hub, started](HubReadResult result) {
      control_.Post(
          [this, &hub, started, result = std::move(result)](Turn& next) mutable {
            return OnResult(next, hub, started, std::move(result));
          },
          [](absl::Status status) {
            if (!status.ok()) log::Error("a hub's list was not used", {{"error", status}});
          });
    });
  });
  return absl::OkStatus();
}

absl::Status Verifier::OnResult(Turn& turn, Hub& hub, absl::Time started, HubReadResult result) {
  control_.MemoryChanged();
  hub.reading = false;
  const Failure* failure = std::get_if<Failure>(&result);
  if (failure != nullptr) {
    RETURN_IF_ERROR(OnFailure(turn, hub, *failure));
  } else {
    RETURN_IF_ERROR(OnList(turn, hub, started, std::get<HubList>(std::move(result))));
  }
  PollAt(hub, NextPoll(hub, failure != nullptr, turn.now()));
  return absl::OkStatus();
}

absl::Time Verifier::NextPoll(const Hub& hub, bool failed, absl::Time now) const {
  if (hub.waiting.empty()) {
    return hub.asking.empty() ? absl::InfiniteFuture() : now + options_.poll_first;
  }
  const bool fresh =
      std::any_of(hub.waiting.begin(), hub.waiting.end(), [&](const ServerId& server) {
        const AwaitedProof& proof = waiting_.at(server);
        return !proof.doubt || now <= proof.claim.verify_deadline + options_.poll_interval;
      });
  if (!fresh) return now + options_.poll_interval_doubt;
  return now + (failed ? options_.poll_interval_failing : options_.poll_interval);
}

absl::Status Verifier::OnFailure(Turn& turn, Hub& hub, const Failure& failure) {
  for (const ZoneId& zone : hub.zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    store::HubReading reading = before.value_or(store::HubReading{zone});
    reading.failure = failure;
    reading.try_time = turn.now();
    RETURN_IF_ERROR(turn.store().zones().PutReading(reading));
  }
  const std::vector<ServerId> waiting(hub.waiting.begin(), hub.waiting.end());
  for (const ServerId& server : waiting) {
    const AwaitedProof proof = waiting_.at(server);
    // Doubt stays doubt while the hub cannot be read (invariant 8).
    if (proof.doubt || turn.now() < proof.claim.verify_deadline) continue;
    Forget(server);
    RETURN_IF_ERROR(listener_->OnUnproven(
        turn, server, proof.zone_id,
        {FailureCode::kVerifyUnproven, absl::StrCat(TextOf(failure.code), ": ", failure.detail)}));
  }
  AnswerAsking(turn, hub, nullptr, failure);
  return absl::OkStatus();
}

void Verifier::AnswerAsking(Turn& turn, Hub& hub, const ZoneId* of, const Failure& failure) {
  for (auto& [job, line] : std::exchange(hub.asking, {})) {
    if (of != nullptr && job->lines[line].zone_id != *of) {
      hub.asking.emplace_back(job, line);
      continue;
    }
    job->lines[line].state = ZoneVerification::State::kFailed;
    job->lines[line].failure = failure;
    turn.AfterCommit([job = job] {
      if (--job->remaining == 0) job->done(std::move(job->lines));
    });
  }
}

absl::Status Verifier::OnList(Turn& turn, Hub& hub, absl::Time started, HubList list) {
  auto reading = std::make_shared<Reading>(hub, std::move(list), started);
  std::optional<int> last;
  for (const ZoneId& zone : hub.zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    if (before.has_value() && before->read_time.has_value()) {
      last = std::max(last.value_or(0), before->instances);
    }
  }
  reading->conclusive = reading->list.whole && IsPlausible(reading->instances(), last);
  const std::vector<ServerId> waiting(hub.waiting.begin(), hub.waiting.end());
  for (const ServerId& server : waiting) {
    RETURN_IF_ERROR(Judge(turn, hub, *reading, AwaitedProof(waiting_.at(server))));
  }
  RETURN_IF_ERROR(RecordReading(turn, hub, *reading));
  reading->asking = std::exchange(hub.asking, {});
  if (reading->asking.empty()) return absl::OkStatus();
  std::set<ZoneId> zones;
  for (const auto& [job, line] : reading->asking) zones.insert(job->lines[line].zone_id);
  reading->zones.assign(zones.begin(), zones.end());
  return CheckPage(turn, reading);
}

absl::Status Verifier::Judge(Turn& turn, Hub& hub, const Reading& reading,
                             const AwaitedProof& proof) {
  const TakenByAnother taken = [&hub, &proof](const HubInstanceId& id) {
    const auto it = hub.owners.find(id);
    return it != hub.owners.end() && it->second != proof.server_id;
  };
  const Match match = Matcher(reading.index, taken)
                          .Find({proof.claim.hub_instance_id, proof.claim.internal_instance_id,
                                 proof.claim.machine_name});
  const ProofRule rule{proof.claim.join_start_time, options_.clock_tolerance, options_.fresh_report,
                       turn.now()};
  if (match.kind == Match::Kind::kOne && ProvesEnrollment(*match.instance, reading.list, rule)) {
    return Prove(turn, hub, proof.server_id, proof.zone_id, match);
  }
  return JudgeLate(turn, reading, proof, match, taken);
}

// The claim's time is over: what does this list allow to say? While the worker is away its command
// may still run, so only its presence settles a doubt that it has not answered.
absl::Status Verifier::JudgeLate(Turn& turn, const Reading& reading, const AwaitedProof& proof,
                                 const Match& match, const TakenByAnother& taken) {
  if (turn.now() < proof.claim.verify_deadline || (proof.doubt && !proof.answered) ||
      reading.started < proof.claim.join_start_time) {
    return absl::OkStatus();
  }
  const auto unproven = [&](FailureCode code, std::string detail) {
    Forget(proof.server_id);
    return listener_->OnUnproven(turn, proof.server_id, proof.zone_id, {code, std::move(detail)});
  };
  if (match.kind == Match::Kind::kSeveral) {
    return unproven(FailureCode::kVerifyAmbiguous,
                    absl::StrCat("matched by ", store::ToString(match.by)));
  }
  if (match.kind == Match::Kind::kOne) {
    return unproven(FailureCode::kVerifyNotConnected,
                    absl::StrCat("hub record ", match.instance->id.value()));
  }
  const bool anonymous = HasAnonymousRecord(reading.list, proof.claim.join_start_time,
                                            options_.clock_tolerance, taken);
  if (!reading.conclusive) {
    if (proof.doubt) return absl::OkStatus();
    return unproven(FailureCode::kVerifyUnproven, "the hub's list is not whole or implausible");
  }
  if (!proof.doubt) {
    return anonymous ? unproven(FailureCode::kVerifyNotConnected,
                                "only a record that never connected was made since")
                     : unproven(FailureCode::kVerifyMissing,
                                absl::StrCat(reading.instances(), " records, none fits"));
  }
  if (anonymous) {
    return unproven(FailureCode::kVerifyAmbiguous,
                    "a record without a name was made since; it may be this server's");
  }
  Forget(proof.server_id);
  return listener_->OnAbsent(turn, proof.server_id, proof.zone_id);
}

absl::Status Verifier::Prove(Turn& turn, Hub& hub, const ServerId& server, const ZoneId& zone,
                             const Match& match) {
  Forget(server);
  hub.owners[match.instance->id] = server;
  return listener_->OnProven(turn, server, zone,
                             {match.instance->id, match.by, turn.now(),
                              match.instance->reported_time.value_or(turn.now())});
}

absl::Status Verifier::RecordReading(Turn& turn, Hub& hub, const Reading& reading) {
  const int unmatched = static_cast<int>(std::count_if(
      reading.list.instances.begin(), reading.list.instances.end(),
      [&hub](const HubInstance& instance) { return !hub.owners.contains(instance.id); }));
  for (const ZoneId& zone : hub.zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    store::HubReading row = before.value_or(store::HubReading{zone});
    row.try_time = turn.now();
    row.failure.reset();
    if (reading.conclusive) {
      row.read_time = turn.now();
      row.instances = reading.instances();
      row.unmatched = unmatched;
    } else {
      row.failure =
          Failure{FailureCode::kHubImplausible,
                  absl::StrCat(reading.instances(), " records, ", row.instances, " before")};
    }
    RETURN_IF_ERROR(turn.store().zones().PutReading(row));
  }
  return absl::OkStatus();
}

absl::Status Verifier::CheckPage(Turn& turn, const std::shared_ptr<Reading>& reading) {
  if (!reading->zones.empty()) {
    const ZoneId zone = reading->zones.back();
    store::ServerQuery query;
    query.selection.zone_id = zone;
    query.after = reading->cursor;
    query.limit = kPageSize;
    ASSIGN_OR_RETURN(const std::vector<store::Server> page, turn.store().servers().List(query));
    for (const store::Server& server : page) {
      RETURN_IF_ERROR(CheckServer(turn, *reading, server));
    }
    control_.MemoryChanged();
    if (page.size() < kPageSize) {
      reading->zones.pop_back();
      reading->cursor.clear();
    } else {
      reading->cursor = store::CursorOf(page.back());
    }
    control_.Post([this, reading](Turn& next) { return CheckPage(next, reading); }, nullptr);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(RecordReading(turn, reading->hub, *reading));
  for (const auto& [job, line] : reading->asking) {
    ZoneVerification& out = job->lines[line];
    out.state = reading->conclusive ? ZoneVerification::State::kCompleted
                                    : ZoneVerification::State::kPartial;
    out.instances = reading->instances();
    out.confirmed = reading->confirmed[out.zone_id];
    if (!reading->conclusive) {
      out.failure =
          Failure{FailureCode::kHubImplausible, absl::StrCat(reading->instances(), " records")};
    }
    turn.AfterCommit([job = job] {
      if (--job->remaining == 0) job->done(std::move(job->lines));
    });
  }
  return absl::OkStatus();
}

// Servers that nobody waits for: the enrolled are confirmed again; those that are not are enrolled
// when the hub knows them by an id.
absl::Status Verifier::CheckServer(Turn& turn, Reading& reading, const store::Server& server) {
  Hub& hub = reading.hub;
  if (!hub.zones.contains(server.zone_id)) return absl::OkStatus();  // It has left meanwhile.
  const bool enrolled = server.enrollment == Enrollment::kEnrolled;
  if (!enrolled && server.enrollment != Enrollment::kNotEnrolled &&
      server.enrollment != Enrollment::kFailed) {
    return absl::OkStatus();
  }
  const bool joined_here = JoinedTo(server, hub.url);
  if (!enrolled && !joined_here && !server.service.hub_url.empty()) return absl::OkStatus();
  MatchSubject subject;
  subject.internal_instance_id = server.service.internal_instance_id;
  if (enrolled && server.proof.has_value()) {
    subject.hub_instance_id = server.proof->hub_instance_id;
  } else if (joined_here && !server.service.hub_instance_id.empty()) {
    subject.hub_instance_id = server.service.hub_instance_id;
  } else if (server.claim.has_value()) {
    subject.hub_instance_id = server.claim->hub_instance_id;
  }
  const TakenByAnother taken = [&hub, &server](const HubInstanceId& id) {
    const auto it = hub.owners.find(id);
    return it != hub.owners.end() && it->second != server.id;
  };
  const Match match = Matcher(reading.index, taken).Find(subject);
  const ProofRule rule{std::nullopt, options_.clock_tolerance, options_.fresh_report, turn.now()};
  if (match.kind != Match::Kind::kOne || !ProvesEnrollment(*match.instance, reading.list, rule)) {
    return absl::OkStatus();
  }
  ++reading.confirmed[server.zone_id];
  if (!enrolled) return Prove(turn, hub, server.id, server.zone_id, match);
  store::HubProof proof = server.proof.value_or(store::HubProof{});
  if (proof.hub_instance_id != match.instance->id) proof.match = match.by;
  proof.hub_instance_id = match.instance->id;
  proof.verified_time = turn.now();
  proof.reported_time = match.instance->reported_time.value_or(turn.now());
  return turn.store().servers().SetProof(server.id, proof);
}

}  // namespace muster::core
