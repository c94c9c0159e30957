#include "orchestrator/core/enrollment/verifier.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/failure_kind.h"
#include "orchestrator/core/enrollment/verifier_walk.h"

namespace muster::core {
absl::StatusOr<std::string> Verifier::HubUrlOf(Turn& turn, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
  if (entry == nullptr) return absl::NotFoundError(absl::StrCat("no zone ", zone.value()));
  return entry->zone.hub_url;
}

absl::Status Verifier::LoadOwners(Turn& turn, const std::string& cursor) {
  store::ServerQuery query;
  query.wall = store::TenantWall::Everything();
  query.after = cursor;
  query.limit = kServersPerPage;
  ASSIGN_OR_RETURN(const std::vector<store::Server> page, turn.store().servers().List(query));
  for (const store::Server& server : page) {
    ASSIGN_OR_RETURN(const std::string url, HubUrlOf(turn, server.zone_id));
    Own(url, server);
  }
  if (page.size() < kServersPerPage) return absl::OkStatus();
  control_.Post(
      [this, next = store::CursorOf(page.back())](Turn& t) { return LoadOwners(t, next); },
      nullptr);
  return absl::OkStatus();
}

void Verifier::Own(const std::string& hub_url, const store::Server& server) {
  if (!server.proof.has_value() || server.proof->hub_instance_id.empty()) return;
  owners_[hub_url].try_emplace(server.proof->hub_instance_id, server.id);
}

TakenByAnother Verifier::TakenFrom(const std::string& hub_url, const ServerId& server) const {
  const auto owners = owners_.find(hub_url);
  const Owners* known = owners == owners_.end() ? nullptr : &owners->second;
  return [known, server](const HubInstanceId& id) {
    if (known == nullptr) return false;
    const auto it = known->find(id);
    return it != known->end() && it->second != server;
  };
}

const AwaitedProof* Verifier::Find(const ServerId& server) const {
  const auto it = waiting_.find(server);
  return it == waiting_.end() ? nullptr : &it->second;
}

absl::Status Verifier::Await(Turn& turn, AwaitedProof proof) {
  Forget(proof.server_id);
  const ZoneId zone = proof.zone_id;
  waiting_in_[zone].insert(proof.server_id);
  const ServerId server = proof.server_id;
  waiting_[server] = std::move(proof);
  return hubs_.WantAt(turn, zone, turn.now() + options_.poll_first);
}

void Verifier::Forget(const ServerId& server) {
  const auto it = waiting_.find(server);
  if (it == waiting_.end()) return;
  waiting_in_[it->second.zone_id].erase(server);
  waiting_.erase(it);
}

void Verifier::Disown(const ServerId& server) {
  for (auto& [url, owners] : owners_) {
    absl::erase_if(owners, [&](const auto& owner) { return owner.second == server; });
  }
  const auto it = waiting_.find(server);
  if (it == waiting_.end()) return;
  it->second.claim.hub_instance_id = HubInstanceId();
  it->second.claim.internal_instance_id.clear();
}

void Verifier::Release(const std::set<ServerId>& servers) {
  for (const ServerId& server : servers) Forget(server);
  for (auto& [url, owners] : owners_) {
    absl::erase_if(owners, [&](const auto& owner) { return servers.contains(owner.second); });
  }
}

void Verifier::LeaveHubs(Turn& turn, const ZoneId& zone, const Failure& why) {
  hubs_.Forget(zone);
  walks_.erase(zone);
  for (const Line& line : TakeAsking({zone})) {
    ZoneVerification& out = line.first->lines[line.second];
    out.state = ZoneVerification::State::kFailed;
    out.failure = why;
    Answer(turn, line);
  }
}

absl::Status Verifier::Looked(Turn& turn, const ServerId& server,
                              const store::ServiceFacts& service) {
  const auto it = waiting_.find(server);
  if (it == waiting_.end() || !it->second.doubt) return absl::OkStatus();
  AwaitedProof& proof = it->second;
  ASSIGN_OR_RETURN(const std::string url, HubUrlOf(turn, proof.zone_id));
  proof.look = LookOf(service, url);
  proof.elsewhere = proof.look == Look::kJoinedElsewhere ? service.hub_url : "";
  if (proof.look != Look::kJoinedHere) return absl::OkStatus();
  if (proof.claim.hub_instance_id.empty()) proof.claim.hub_instance_id = service.hub_instance_id;
  if (!service.internal_instance_id.empty()) {
    proof.claim.internal_instance_id = service.internal_instance_id;
  }
  return absl::OkStatus();
}

absl::Status Verifier::Verify(Turn& turn, const std::vector<ZoneId>& zones, bool insist,
                              std::function<void(std::vector<ZoneVerification>)> done) {
  auto job = std::make_shared<Job>();
  job->done = std::move(done);
  job->lines.resize(zones.size());
  job->remaining = zones.size();
  if (zones.empty()) {
    turn.AfterCommit([job] { job->done({}); });
    return absl::OkStatus();
  }
  for (size_t i = 0; i < zones.size(); ++i) {
    job->lines[i].zone_id = zones[i];
    asking_[zones[i]].emplace_back(job, i);
    RETURN_IF_ERROR(insist ? hubs_.ReadNow(turn, zones[i])
                           : hubs_.WantAt(turn, zones[i], turn.now()));
  }
  return absl::OkStatus();
}

std::vector<Verifier::Line> Verifier::TakeAsking(const std::vector<ZoneId>& zones) {
  std::vector<Line> all;
  for (const ZoneId& zone : zones) {
    const auto it = asking_.find(zone);
    if (it == asking_.end()) continue;
    all.insert(all.end(), it->second.begin(), it->second.end());
    asking_.erase(it);
  }
  return all;
}

void Verifier::Answer(Turn& turn, const Line& line) {
  turn.AfterCommit([job = line.first] {
    if (--job->remaining == 0) job->done(std::move(job->lines));
  });
}

absl::Status Verifier::OnUnread(Turn& turn, const std::vector<ZoneId>& zones,
                                const Failure& failure, absl::Time again) {
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                     turn.store().zones().FindReading(zone));
    store::HubReading row = before.value_or(store::HubReading{zone});
    row.failure = failure;
    row.try_time = turn.now();
    RETURN_IF_ERROR(turn.store().zones().PutReading(row));
    const std::set<ServerId> waiting = waiting_in_[zone];
    for (const ServerId& server : waiting) {
      const auto it = waiting_.find(server);
      if (it == waiting_.end()) continue;
      PutOff(it->second, hubs_.AskableSince(zone), options_);
      const Judgment judgment = JudgeUnread(it->second, failure, again, options_, turn.now());
      RETURN_IF_ERROR(Obey(turn, "", AwaitedProof(it->second), judgment));
    }
    RETURN_IF_ERROR(WantNext(turn, zone, true));
    // Who asks for a walk goes on asking.
    if (const auto walks = walks_.find(zone);
        walks != walks_.end() && walks->second.wanted <= turn.now()) {
      walks->second.wanted = absl::InfiniteFuture();
      RETURN_IF_ERROR(
          WalkAgain(turn, zone, std::max(again, turn.now() + options_.question_between * 5)));
    }
  }
  for (const Line& line : TakeAsking(zones)) {
    ZoneVerification& out = line.first->lines[line.second];
    out.state = ZoneVerification::State::kFailed;
    out.failure = failure;
    Answer(turn, line);
  }
  return absl::OkStatus();
}

absl::Status Verifier::OnRead(Turn& turn, const std::vector<ZoneId>& zones,
                              const std::shared_ptr<const IndexedReading>& read) {
  const HubReading* const reading = &read->reading;
  auto walk = std::make_shared<Walk>(read);
  RETURN_IF_ERROR(FindContenders(turn, *walk));
  for (const ZoneId& zone : zones) {
    const std::set<ServerId> waiting = waiting_in_[zone];
    for (const ServerId& server : waiting) RETURN_IF_ERROR(JudgeOne(turn, *walk, server));
    RETURN_IF_ERROR(RecordReading(turn, zone, *reading).status());
    RETURN_IF_ERROR(WantNext(turn, zone, false));
  }
  walk->asking = TakeAsking(zones);
  std::set<ZoneId> passed;
  for (const auto& [job, line] : walk->asking) passed.insert(job->lines[line].zone_id);
  for (const ZoneId& zone : zones) {
    const Walks& walks = walks_[zone];
    if (!walks.under_way && turn.now() >= walks.next) passed.insert(zone);
  }
  if (passed.empty()) return absl::OkStatus();
  for (const ZoneId& zone : passed) {
    Walks& walks = walks_[zone];
    walks.next = turn.now() + options_.renew_every;
    walks.wanted = absl::InfiniteFuture();
    walks.under_way = true;
  }
  walk->zones.assign(passed.begin(), passed.end());
  if (watch_ != nullptr && reading->conclusive) {
    walk->notes =
        watch_->Begin(*reading, walk->index,
                      [this, w = walk.get()](const HubInstanceId& id) { return HolderOf(*w, id); });
  }
  return CheckPage(turn, walk);
}

absl::Status Verifier::JudgeOne(Turn& turn, Walk& walk, const ServerId& server) {
  const auto it = waiting_.find(server);
  if (it == waiting_.end()) return absl::OkStatus();
  const HubReading& reading = *walk.reading;
  AwaitedProof& proof = it->second;
  proof.began = turn.now() - turn.AgeOf(proof.claim.join_start_time);
  proof.over = proof.doubt && proof.answered && proof.quiet > proof.claim.join_start_time
                   ? turn.now() - turn.AgeOf(proof.quiet)
                   : absl::InfiniteFuture();
  PutOff(proof, hubs_.AskableSince(proof.zone_id), options_);
  const TakenByAnother taken = TakenFrom(reading.hub_url, server);
  const Match match = Matcher(walk.index, taken).Find(SubjectOf(proof.claim));
  Contest contest;
  if (ContestMatters(proof, reading, match, options_, turn.now())) {
    const absl::Status weighed = turn.Alone([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
      if (!row.has_value()) return absl::NotFoundError(absl::StrCat("no server ", server.value()));
      ASSIGN_OR_RETURN(contest, Weigh(turn, walk, *row, proof.claim, *match.instance));
      return absl::OkStatus();
    });
    if (!weighed.ok()) return IfLost(weighed);
  }
  // A record without a name that another one's claim names is not this server's ghost.
  const TakenByAnother others = [&](const HubInstanceId& id) {
    if (taken(id)) return true;
    const auto claimed = walk.contenders.find(id);
    return claimed != walk.contenders.end() &&
           (claimed->second.size() > 1 || claimed->second[0] != server);
  };
  const Judgment judgment =
      JudgeReading(proof, reading, match, contest, others, options_, turn.now());
  return Obey(turn, reading.hub_url, AwaitedProof(proof), judgment);
}

const ServerId* Verifier::HolderOf(const Walk& walk, const HubInstanceId& record) const {
  if (const auto owners = owners_.find(walk.reading->hub_url); owners != owners_.end()) {
    const auto owner = owners->second.find(record);
    if (owner != owners->second.end()) return &owner->second;
  }
  const auto waits = walk.contenders.find(record);
  return waits == walk.contenders.end() ? nullptr : &waits->second.front();
}

// A server whose row is not as it should be does not keep the others from their proof.
absl::Status Verifier::Obey(Turn& turn, const std::string& hub_url, const AwaitedProof& proof,
                            const Judgment& judgment) {
  if (judgment.verdict == Judgment::Verdict::kWait) return absl::OkStatus();
  return IfLost(turn.Alone([&] {
    turn.Concerns(proof.server_id);
    return Move(turn, hub_url, proof, judgment);
  }));
}

absl::Status Verifier::Move(Turn& turn, const std::string& hub_url, const AwaitedProof& proof,
                            const Judgment& judgment) {
  switch (judgment.verdict) {
    case Judgment::Verdict::kWait:
      return absl::OkStatus();
    case Judgment::Verdict::kProven:
      return Prove(turn, hub_url, proof.server_id, proof.zone_id, judgment.match);
    case Judgment::Verdict::kUnproven:
      Forget(proof.server_id);
      if (judgment.tied) {
        RETURN_IF_ERROR(TakeBack(turn, hub_url, proof.server_id, *judgment.match.instance));
      }
      RETURN_IF_ERROR(
          listener_->OnUnproven(turn, proof.server_id, proof.zone_id, *judgment.failure));
      return WalkAgain(turn, proof.zone_id, turn.now() + options_.question_between);
    case Judgment::Verdict::kAbsent:
      Forget(proof.server_id);
      return listener_->OnAbsent(turn, proof.server_id, proof.zone_id);
  }
  return absl::OkStatus();
}

absl::Status Verifier::WantNext(Turn& turn, const ZoneId& zone, bool failed) {
  const std::set<ServerId>& waiting = waiting_in_[zone];
  absl::Time next = absl::InfiniteFuture();
  for (const ServerId& server : waiting) {
    const auto it = waiting_.find(server);
    if (it == waiting_.end()) continue;
    next = std::min(next, NextLook(it->second, failed, options_, turn.now()));
  }
  if (next == absl::InfiniteFuture()) return absl::OkStatus();
  return hubs_.WantAt(turn, zone, next);
}

absl::Status Verifier::Prove(Turn& turn, const std::string& hub_url, const ServerId& server,
                             const ZoneId& zone, const Match& match) {
  Forget(server);
  RETURN_IF_ERROR(TakeBack(turn, hub_url, server, *match.instance));
  owners_[hub_url][match.instance->id] = server;
  return listener_->OnProven(turn, server, zone, ProofBy(*match.instance, match.by, turn.now()));
}

int Verifier::CountUnmatched(const HubReading& reading) const {
  const auto owners = owners_.find(reading.hub_url);
  if (owners == owners_.end()) return reading.instances();
  return static_cast<int>(std::count_if(reading.list.instances.begin(),
                                        reading.list.instances.end(),
                                        [&known = owners->second](const HubInstance& instance) {
                                          return !known.contains(instance.id);
                                        }));
}

absl::StatusOr<std::optional<Failure>> Verifier::RecordReading(Turn& turn, const ZoneId& zone,
                                                               const HubReading& reading) {
  ASSIGN_OR_RETURN(const std::optional<store::HubReading> before,
                   turn.store().zones().FindReading(zone));
  store::HubReading row = before.value_or(store::HubReading{zone});
  row.try_time = turn.now();
  row.failure.reset();
  if (reading.conclusive) {
    row.read_time = turn.now();
    row.hub_url = reading.hub_url;
    row.instances = reading.instances();
    row.unmatched = CountUnmatched(reading);
  } else {
    row.failure = Failure{FailureCode::kHubImplausible, WhyInconclusive(reading, row.instances)};
  }
  RETURN_IF_ERROR(turn.store().zones().PutReading(row));
  return row.failure;
}

}  // namespace muster::core
