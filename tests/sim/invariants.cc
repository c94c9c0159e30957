#include "tests/sim/invariants.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/failure_code.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "orchestrator/core/dispatch/dispatcher.h"

namespace muster::sim {
namespace {

constexpr char kArrow[] = " → ";
// Of a record that the hub's list does not show yet (Faults::hub_list_lag), and of the reading.
constexpr absl::Duration kLongestLag = absl::Minutes(3);
const absl::Duration kEndPatience = core::CoreOptions().end_patience;

// The states that the audit log alone tells: key "srv-… enrollment" → state. Each move must begin
// where the one before ended.
class Replay {
 public:
  explicit Replay(std::vector<std::string>& breaches) : breaches_(breaches) {}

  void Take(const store::AuditEvent& event) {
    if (event.action == "session.cloned" || event.action == "session.restored") {
      breaches_.push_back(absl::StrCat("a worker that is alone was taken for another: event ",
                                       event.sequence, ", ", event.detail));
    }
    if (event.action == "rollout.create" || event.action == "rollout.state") {
      return Move(event.subject, event.detail, event);
    }
    if (event.action == "token.state") return Move(event.subject, event.detail, event);
    for (absl::string_view part : absl::StrSplit(event.detail, "; ")) {
      const std::vector<absl::string_view> halves = absl::StrSplit(part, absl::MaxSplits(": ", 1));
      if (halves.size() != 2 || part.find(kArrow) == absl::string_view::npos) continue;
      absl::string_view what = halves[0];
      const bool own_id =
          absl::ConsumePrefix(&what, "attempt ") || absl::ConsumePrefix(&what, "certificate ");
      Move(own_id ? std::string(what) : absl::StrCat(event.subject, " ", what), halves[1], event);
    }
  }

  // `untold`: a state that the store may be in before any event says so.
  void Expect(const std::string& key, absl::string_view stored, absl::string_view first,
              absl::string_view untold = "") {
    const auto it = states_.find(key);
    const std::string told = it == states_.end() ? std::string(first) : it->second;
    if (told == stored || stored == untold) return;
    breaches_.push_back(absl::StrCat("invariant 5: ", key, " is ", stored,
                                     " in the store but the audit log ends at ", told));
  }

  int TimesEntered(const std::string& key, const std::string& state) const {
    const auto it = entered_.find(absl::StrCat(key, "=", state));
    return it == entered_.end() ? 0 : it->second;
  }

 private:
  void Move(const std::string& key, absl::string_view text, const store::AuditEvent& event) {
    // "waiting → in_flight → succeeded" where two moves are told in one event.
    const std::vector<std::string> ends = absl::StrSplit(text, kArrow);
    if (ends.size() < 2) return;
    const std::string to = ends.back().substr(0, ends.back().find_first_of(" ;("));
    const auto it = states_.find(key);
    const bool target = key.find(" target ") != std::string::npos;
    if (it != states_.end() ? it->second != ends[0]
                            : (ends[0] != "new" && !target && event.action != "token.state")) {
      breaches_.push_back(absl::StrCat("invariant 5: event ", event.sequence, " moves ", key,
                                       " from ", ends[0], " but it was ",
                                       it == states_.end() ? "unknown" : it->second));
    }
    states_[key] = to;
    ++entered_[absl::StrCat(key, "=", to)];
  }

  std::vector<std::string>& breaches_;
  std::map<std::string, std::string> states_;
  std::map<std::string, int> entered_;
};

// A worker that was enrolled anew answers by its empty journal.
bool JournalWasLost(const store::Attempt& attempt) {
  return attempt.failure.has_value() && attempt.failure->code == FailureCode::kJoinInterrupted;
}

// Invariants 8 and 9: a doubt is settled by the worker's word, then by the hub. The hub's list
// alone may say that a join took effect, or when nothing of it can run any more that it did not.
void CheckSettling(SimWorld& world, store::Snapshot& snapshot, const ServerId& server,
                   std::vector<std::string>& breaches) {
  const std::vector<store::Attempt> attempts = *snapshot.attempts().ListOfServer(server, 0);
  for (const store::Attempt& attempt : attempts) {
    if (attempt.state != store::AttemptState::kSettled ||
        attempt.reason == core::kNeverArrivedReason || attempt.reason == core::kSettledByProof ||
        attempt.reason == core::kSettledAbsent || attempt.reason == core::kSettledJoined ||
        attempt.reason == core::kSettledTakenOut || world.heard_of(attempt.command_id) ||
        JournalWasLost(attempt)) {
      continue;
    }
    breaches.push_back(absl::StrCat("invariant 8: ", attempt.id.value(), " of ", server.value(),
                                    " was settled (", attempt.reason,
                                    ") though its worker had not answered"));
  }
}

// Invariants 3, 8 and 9 by what the hubs really have.
void CheckHubs(SimWorld& world, size_t index, const store::Server& server,
               const std::vector<store::AuditEvent>& events, std::vector<std::string>& breaches) {
  const SimWorker& worker = *world.workers()[index];
  const SimHub* own = &world.hub(static_cast<int>(index) % kTenants);
  bool connected = false;
  for (const auto& hub : world.all_hubs()) {
    int records = 0;
    for (const auto& [id, record] : hub->records()) {
      if (record.owner != worker.internal_id()) continue;
      ++records;
      if (hub.get() != own) continue;
      connected |= record.ever_connected;
      // One that an earlier join left is no record of the join that was found absent: that it may be
      // there was known.
      bool known = false;
      for (const store::AuditEvent& event : events) {
        if (event.subject != server.id.value() || event.time < record.registered) continue;
        known |= event.action == "server.unproven" || event.action == "server.settle";
        if (event.action == "server.absent" && !known &&
            event.time > record.registered + kLongestLag && !world.clock_was_set()) {
          breaches.push_back(absl::StrCat("invariant 9: ", server.name,
                                          " was found absent though its hub has ", id));
        }
      }
    }
    // No retry leaves a ghost: one server, one record at each hub, unless an operator wanted it.
    if (records > 1 + worker.ghosts_asked_for(hub.get())) {
      breaches.push_back(absl::StrCat(server.name, " has ", records, " records at ", hub->url()));
    }
  }
  if (server.enrollment != store::Enrollment::kEnrolled) return;
  if (!connected) {
    breaches.push_back(
        absl::StrCat("invariant 3: ", server.name, " is enrolled but never connected to its hub"));
  }
  if (!server.proof.has_value()) {
    breaches.push_back(absl::StrCat("invariant 3: ", server.name, " is enrolled without proof"));
    return;
  }
  const auto proof = own->records().find(server.proof->hub_instance_id.value());
  if (proof == own->records().end() || proof->second.owner != worker.internal_id()) {
    breaches.push_back(absl::StrCat("invariant 3: ", server.name, " is proven by ",
                                    server.proof->hub_instance_id.value(),
                                    ", which is not its record"));
  }
}

// Every rollout ends by its deadline, and a canceled one soon.
void CheckEnds(SimWorld& world, const store::Rollout& rollout,
               const std::vector<store::AuditEvent>& events, std::vector<std::string>& breaches) {
  if (!IsFinal(rollout.state)) {
    breaches.push_back(absl::StrCat(rollout.id.value(), " has not ended: ", ToString(rollout.state),
                                    " ", rollout.reason));
    return;
  }
  if (world.clock_was_set()) return;  // Its dates are not of one clock.
  absl::Time end = rollout.deadline + kEndPatience;
  for (const store::AuditEvent& event : events) {
    if (event.subject == rollout.id.value() && absl::StrContains(event.detail, "→ canceling")) {
      end = std::min(end, event.time + kEndPatience);
    }
  }
  if (*rollout.finish_time > end + absl::Minutes(5)) {
    breaches.push_back(absl::StrCat(rollout.id.value(), " ended at ",
                                    absl::FormatTime(*rollout.finish_time, absl::UTCTimeZone()),
                                    ", not before ", absl::FormatTime(end, absl::UTCTimeZone())));
  }
}

}  // namespace

std::vector<std::string> FindBreaches(SimWorld& world, bool settled) {
  std::vector<std::string> breaches = world.violations();
  const std::unique_ptr<store::Snapshot> snapshot = world.Read();

  const auto verdict = core::JudgeAudit(*snapshot, world.audit_key(), world.head_book().lines, {});
  if (!verdict.ok() || verdict->state != core::AuditVerdict::State::kIntact) {
    breaches.push_back(absl::StrCat(
        "the audit log: ", verdict.ok() ? absl::StrJoin(verdict->remarks, " ") : "unreadable"));
  }
  std::vector<store::AuditEvent> events =
      *snapshot->audit().List(store::TenantWall::Everything(), "", 0, 1'000'000);
  std::reverse(events.begin(), events.end());
  Replay replay(breaches);
  for (const store::AuditEvent& event : events) replay.Take(event);

  for (size_t i = 0; i < world.servers().size(); ++i) {
    const ServerId& id = world.servers()[i];
    const store::Server server = **snapshot->servers().Find(id);
    const SimWorker& worker = *world.workers()[i];
    replay.Expect(absl::StrCat(id.value(), " enrollment"), ToString(server.enrollment), "?");
    replay.Expect(absl::StrCat(id.value(), " admission"), ToString(server.admission), "?");

    CheckHubs(world, i, server, events, breaches);
    CheckSettling(world, *snapshot, id, breaches);
    for (const auto& [command, times] : worker.executions()) {
      if (times > 1) breaches.push_back(absl::StrCat(command.value(), " ran ", times, " times"));
      if (!snapshot->attempts().FindCommand(command)->has_value()) {
        breaches.push_back(
            absl::StrCat("invariant 1: ", command.value(), " was run but is not on record"));
      }
      int accepted = 0;
      const std::vector<store::Attempt> attempts = *snapshot->attempts().ListOf(command);
      for (const store::Attempt& attempt : attempts) {
        replay.Expect(attempt.id.value(), ToString(attempt.state), "?");
        for (const char* state : {"succeeded", "failed", "rejected"}) {
          accepted += replay.TimesEntered(attempt.id.value(), state);
        }
        if (attempt.state == store::AttemptState::kRejected) --accepted;  // May be sent again.
      }
      if (accepted > 1) {
        breaches.push_back(
            absl::StrCat("invariant 2: ", command.value(), " was accepted ", accepted, " times"));
      }
    }
    if (!settled) continue;
    switch (server.enrollment) {
      case store::Enrollment::kEnrolled:
      case store::Enrollment::kFailed:
      case store::Enrollment::kNotEnrolled:
      case store::Enrollment::kDegraded:
        break;
      default:
        breaches.push_back(
            absl::StrCat(server.name, " is not settled: ", ToString(server.enrollment)));
    }
  }
  const std::vector<store::Attempt> open = *snapshot->attempts().ListOpen();
  std::set<ServerId> busy;
  for (const store::Attempt& attempt : open) {
    if (!busy.insert(attempt.server_id).second) {
      breaches.push_back(
          absl::StrCat("invariant 11: ", attempt.server_id.value(), " has two open attempts"));
    }
  }
  if (settled && !open.empty()) {
    breaches.emplace_back("an attempt is open though all faults are over");
  }
  const std::vector<store::Rollout> rollouts =
      *snapshot->rollouts().List({.wall = store::TenantWall::Everything()});
  for (const store::Rollout& rollout : rollouts) {
    replay.Expect(rollout.id.value(), ToString(rollout.state), "?");
    if (settled) CheckEnds(world, rollout, events, breaches);
    store::TargetQuery query;
    query.rollout_id = rollout.id;
    query.limit = 0;
    store::TargetCounts seen;
    const std::vector<store::Target> targets = *snapshot->rollouts().ListTargets(query);
    for (const store::Target& target : targets) {
      ++seen.total;
      replay.Expect(absl::StrCat(target.server_id.value(), " target ", rollout.id.value()),
                    ToString(target.state), "waiting",
                    store::ChangesNothing(rollout.kind) ? "in_flight" : "");
    }
    if (seen.total != snapshot->rollouts().Count(rollout.id)->total) {
      breaches.push_back(absl::StrCat(rollout.id.value(), ": the counts differ from the targets"));
    }
  }
  return breaches;
}

}  // namespace muster::sim
