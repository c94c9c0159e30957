#include "orchestrator/core/dispatch/clone_watch.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/machine_text.h"

namespace muster::core {
namespace {

using store::IdentityMachine;
using store::MachineStanding;

// A worker that could not keep the last ones goes on showing an old one.
constexpr size_t kMostIssued = 4;

// "17-abcd…": the number rises with each nonce of a server.
int64_t NumberOf(absl::string_view nonce) {
  int64_t number = 0;
  return absl::SimpleAtoi(nonce.substr(0, nonce.find('-')), &number) ? number : 0;
}

int64_t LastNumber(const std::vector<IdentityMachine>& all) {
  int64_t last = 0;
  for (const IdentityMachine& machine : all) {
    last = std::max(last, NumberOf(machine.shown));
    for (const std::string& nonce : machine.issued) last = std::max(last, NumberOf(nonce));
  }
  return last;
}

IdentityMachine* Expecting(const std::string& nonce, std::vector<IdentityMachine>& all) {
  if (nonce.empty()) return nullptr;
  const auto it = std::find_if(all.begin(), all.end(), [&](const IdentityMachine& machine) {
    return machine.shown == nonce ||
           std::find(machine.issued.begin(), machine.issued.end(), nonce) != machine.issued.end();
  });
  return it == all.end() ? nullptr : &*it;
}

// The one whose session began last, of those that are let in.
IdentityMachine* Latest(std::vector<IdentityMachine>& all) {
  IdentityMachine* latest = nullptr;
  for (IdentityMachine& machine : all) {
    if (machine.standing == MachineStanding::kPutOut || machine.address.empty()) continue;
    if (latest == nullptr || machine.last_seen >= latest->last_seen) latest = &machine;
  }
  return latest;
}

bool HasMachineIdOf(const SessionOpening& opening, const IdentityMachine& machine) {
  return !machine.machine_id_hash.empty() &&
         machine.machine_id_hash == opening.machine.machine_id_hash;
}

// Of all that are known no one can be it.
bool IsAnotherMachine(const SessionOpening& opening, const std::vector<IdentityMachine>& all) {
  return !opening.machine.machine_id_hash.empty() &&
         std::all_of(all.begin(), all.end(), [&](const IdentityMachine& machine) {
           return !machine.machine_id_hash.empty() && !HasMachineIdOf(opening, machine);
         });
}

// Whose next session it is although its nonce is not expected: that of an older worker, which has
// none, or one that our record has lost.
IdentityMachine* Continued(const SessionOpening& opening, bool older,
                           std::vector<IdentityMachine>& all) {
  const bool believed = opening.nonce.empty() || older || NumberOf(opening.nonce) > LastNumber(all);
  if (!believed) return nullptr;
  for (IdentityMachine& machine : all) {
    if (HasMachineIdOf(opening, machine) && machine.standing != MachineStanding::kPutOut &&
        machine.machine_name == opening.machine.machine_name) {
      return &machine;
    }
  }
  return Latest(all);
}

std::optional<Failure> RefusalOf(const SessionOpening& opening, std::vector<IdentityMachine>& all) {
  const bool some_out = std::any_of(all.begin(), all.end(), [](const IdentityMachine& machine) {
    return machine.standing == MachineStanding::kPutOut;
  });
  if (!some_out) return std::nullopt;
  if (opening.nonce.empty()) {
    return Failure{FailureCode::kSessionPutOut,
                   "it does not show which of the machines with this identity it is"};
  }
  const IdentityMachine* machine = Expecting(opening.nonce, all);
  if (machine == nullptr || machine->standing != MachineStanding::kPutOut) return std::nullopt;
  return Failure{
      FailureCode::kSessionPutOut,
      absl::StrCat("an operator chose another machine for this server than ", TextOf(*machine))};
}

bool CameBack(const IdentityMachine& machine, absl::Time now) {
  return machine.returned_time.has_value() && now - *machine.returned_time <= kReturnWindow;
}

void Describe(const SessionOpening& opening, absl::Time now, IdentityMachine& machine) {
  machine.machine_name = opening.machine.machine_name;
  machine.machine_id_hash = opening.machine.machine_id_hash;
  machine.boot = opening.boot;
  machine.address = opening.address;
  machine.last_seen = now;
}

}  // namespace

absl::Status CloneWatch::Recover(Turn& turn) {
  held_.clear();
  chosen_.clear();
  ASSIGN_OR_RETURN(const std::vector<IdentityMachine> contested,
                   turn.store().machines().ListContested(ZoneId()));
  for (const IdentityMachine& machine : contested) Note(machine);
  return absl::OkStatus();
}

absl::Status CloneWatch::Reload(Turn& turn, const ServerId& server) {
  held_.erase(server);
  chosen_.erase(server);
  ASSIGN_OR_RETURN(const std::vector<IdentityMachine> all, turn.store().machines().ListOf(server));
  for (const IdentityMachine& machine : all) Note(machine);
  return absl::OkStatus();
}

void CloneWatch::Note(const IdentityMachine& machine) {
  if (machine.standing == MachineStanding::kCloned) held_.insert(machine.server_id);
  if (machine.standing == MachineStanding::kPutOut) chosen_.insert(machine.server_id);
}

absl::StatusOr<std::optional<Failure>> CloneWatch::FindRefusal(Turn& turn,
                                                               const SessionOpening& opening) {
  if (!chosen_.contains(opening.server_id)) return std::optional<Failure>();
  ASSIGN_OR_RETURN(std::vector<IdentityMachine> all,
                   turn.store().machines().ListOf(opening.server_id));
  return RefusalOf(opening, all);
}

absl::StatusOr<MachineVerdict> CloneWatch::Weigh(Turn& turn, const SessionOpening& opening,
                                                 bool anew, bool older) {
  const ServerId& server = opening.server_id;
  ASSIGN_OR_RETURN(std::vector<IdentityMachine> all, turn.store().machines().ListOf(server));
  if (anew) RETURN_IF_ERROR(ForgetAll(turn, server, all));
  MachineVerdict verdict;
  const int64_t last = std::max(LastNumber(all), NumberOf(opening.nonce));
  IdentityMachine* machine = Expecting(opening.nonce, all);
  if (machine != nullptr) {
    if (machine != Latest(all)) machine->returned_time = turn.now();
    if (machine->shown != opening.nonce) machine->issued.clear();
  } else {
    machine = all.empty() ? nullptr : Continued(opening, older, all);
    if (machine == nullptr) {
      ASSIGN_OR_RETURN(machine, Newcomer(turn, opening, all, verdict.cloned));
    }
    if (!opening.nonce.empty()) machine->issued.clear();
  }
  if (!opening.nonce.empty()) machine->shown = opening.nonce;
  Describe(opening, turn.now(), *machine);
  verdict.nonce = absl::StrCat(last + 1, "-", ids_.Next<MachineId>(turn.now()).value().substr(4));
  machine->issued.push_back(verdict.nonce);
  if (machine->issued.size() > kMostIssued) machine->issued.erase(machine->issued.begin());
  const auto alive = std::count_if(all.begin(), all.end(), [&](const IdentityMachine& one) {
    return one.standing == MachineStanding::kKnown && CameBack(one, turn.now());
  });
  verdict.cloned |= alive > 1;
  // One more of those that an operator has to choose from.
  if (IsHeld(server)) machine->standing = MachineStanding::kCloned;
  if (verdict.cloned) {
    RETURN_IF_ERROR(Hold(turn, server, all));
  } else {
    RETURN_IF_ERROR(turn.store().machines().Put(*machine));
    if (all.size() > 1) RETURN_IF_ERROR(ForgetSilent(turn, *machine, all));
  }
  return verdict;
}

absl::StatusOr<IdentityMachine*> CloneWatch::Newcomer(Turn& turn, const SessionOpening& opening,
                                                      std::vector<IdentityMachine>& all,
                                                      bool& cloned) {
  const bool first = all.empty();
  const bool another = !first && IsAnotherMachine(opening, all);
  if (all.size() >= kMostMachines) {
    // Those of a choice stay, or it would be forgotten.
    const auto oldest = std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
      const bool a_stays = a.standing != MachineStanding::kKnown;
      const bool b_stays = b.standing != MachineStanding::kKnown;
      return a_stays != b_stays ? b_stays : a.last_seen < b.last_seen;
    });
    RETURN_IF_ERROR(turn.store().machines().Delete(oldest->id));
    all.erase(oldest);
  }
  IdentityMachine newcomer;
  newcomer.id = ids_.Next<MachineId>(turn.now());
  newcomer.server_id = opening.server_id;
  newcomer.first_seen = turn.now();
  all.push_back(std::move(newcomer));
  if (first) return &all.back();
  cloned = another;
  if (another || IsHeld(opening.server_id)) return &all.back();
  IdentityMachine shown = all.back();
  Describe(opening, turn.now(), shown);
  const IdentityMachine* before = Latest(all);
  const std::string seen = absl::StrCat(
      "its worker shows an older identity than it was given last: a backup was put back, or it is "
      "a clone. Now ",
      TextOf(shown), "; before ", TextOf(before == nullptr ? shown : *before));
  RETURN_IF_ERROR(Observe(turn, opening.server_id, FailureCode::kSessionRestored, seen));
  RETURN_IF_ERROR(Audit(turn, kSystemActor, "session.restored", opening.server_id.value(),
                        opening.tenant_id, seen));
  return &all.back();
}

absl::Status CloneWatch::Hold(Turn& turn, const ServerId& server,
                              std::vector<IdentityMachine>& all) {
  turn.Concerns(server);
  held_.insert(server);
  for (IdentityMachine& machine : all) {
    if (machine.standing == MachineStanding::kKnown) machine.standing = MachineStanding::kCloned;
    RETURN_IF_ERROR(turn.store().machines().Put(machine));
  }
  ASSIGN_OR_RETURN(const auto row, turn.store().servers().Find(server));
  if (!row.has_value()) return absl::OkStatus();
  const std::string seen = ClonesText(all);
  RETURN_IF_ERROR(Observe(turn, server, FailureCode::kSessionCloned, seen));
  return Audit(turn, kSystemActor, "session.cloned", server.value(), row->tenant_id, seen);
}

absl::Status CloneWatch::ForgetAll(Turn& turn, const ServerId& server,
                                   std::vector<IdentityMachine>& all) {
  if (all.empty()) return absl::OkStatus();
  for (const IdentityMachine& machine : all) {
    RETURN_IF_ERROR(turn.store().machines().Delete(machine.id));
  }
  all.clear();
  if (IsContested(server)) turn.Concerns(server);
  held_.erase(server);
  chosen_.erase(server);
  return ClearObservations(turn, server,
                           {FailureCode::kSessionRestored, FailureCode::kSessionCloned});
}

absl::Status CloneWatch::ForgetSilent(Turn& turn, const IdentityMachine& present,
                                      const std::vector<IdentityMachine>& all) {
  size_t left = 0;
  for (const IdentityMachine& machine : all) {
    const bool silent = machine.id != present.id && machine.standing == MachineStanding::kKnown &&
                        turn.now() - machine.last_seen > kForgetMachine;
    if (silent) RETURN_IF_ERROR(turn.store().machines().Delete(machine.id));
    left += !silent;
  }
  if (left > 1) return absl::OkStatus();
  return ClearObservations(turn, present.server_id, {FailureCode::kSessionRestored});
}

absl::StatusOr<std::vector<IdentityMachine>> CloneWatch::Choose(Turn& turn, const ServerId& server,
                                                                absl::string_view machine) {
  ASSIGN_OR_RETURN(std::vector<IdentityMachine> all, turn.store().machines().ListOf(server));
  std::vector<std::string> texts;
  const IdentityMachine* kept = nullptr;
  int called_so = 0;
  for (const IdentityMachine& one : all) {
    texts.push_back(TextOf(one));
    const bool named = absl::EqualsIgnoreCase(one.machine_name.str(), machine);
    if (one.id.value() != machine && !named) continue;
    kept = &one;
    called_so = one.id.value() == machine ? 1 : called_so + 1;
    if (one.id.value() == machine) break;
  }
  const bool several = std::any_of(all.begin(), all.end(), [](const IdentityMachine& one) {
    return one.standing != MachineStanding::kKnown;
  });
  if (!several) {
    return FailureStatus(FailureCode::kRequestState,
                         "no second machine is known to be alive with its identity: there is "
                         "nothing to choose");
  }
  if (called_so != 1) {
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat(called_so == 0 ? "none" : "more than one", " of its machines is called ",
                     machine, ": ", absl::StrJoin(texts, "; ")));
  }
  const MachineId chosen = kept->id;
  for (IdentityMachine& one : all) {
    one.standing = one.id == chosen ? MachineStanding::kKnown : MachineStanding::kPutOut;
    one.returned_time.reset();
    RETURN_IF_ERROR(turn.store().machines().Put(one));
  }
  turn.Concerns(server);
  held_.erase(server);
  chosen_.insert(server);
  replaced_.erase(server);
  RETURN_IF_ERROR(ClearObservations(
      turn, server,
      {FailureCode::kSessionCloned, FailureCode::kSessionRestored, FailureCode::kSessionReplaced}));
  return all;
}

absl::Status CloneWatch::Replaced(Turn& turn, const ServerId& server, absl::string_view old_address,
                                  absl::string_view address) {
  std::vector<absl::Time>& times = replaced_[server];
  const absl::Time since = turn.now() - kCloneWindow;
  times.erase(
      std::remove_if(times.begin(), times.end(), [since](absl::Time time) { return time < since; }),
      times.end());
  times.push_back(turn.now());
  if (times.size() == 1) {
    agenda_.At(turn.now() + kCloneWindow,
               [this, server](Turn& later) { return Calm(later, server); });
  }
  if (times.size() < kCloneReplacements) return absl::OkStatus();
  return Observe(
      turn, server, FailureCode::kSessionReplaced,
      old_address == address
          ? absl::StrCat("sessions end each other, all from ", address)
          : absl::StrCat("sessions end each other, from ", std::min(old_address, address), " and ",
                         std::max(old_address, address)));
}

absl::Status CloneWatch::Opened(Turn& turn, const ServerId& server) {
  if (replaced_.contains(server)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto seen,
                   turn.store().observations().Find(server, FailureCode::kSessionReplaced));
  if (!seen.has_value() || turn.now() - seen->last_seen < kCloneWindow) return absl::OkStatus();
  return ClearObservations(turn, server, {FailureCode::kSessionReplaced});
}

absl::Status CloneWatch::Calm(Turn& turn, const ServerId& server) {
  const auto it = replaced_.find(server);
  if (it == replaced_.end()) return absl::OkStatus();
  const absl::Time calm = it->second.empty() ? turn.now() : it->second.back() + kCloneWindow;
  if (turn.now() < calm) {
    agenda_.At(calm, [this, server](Turn& later) { return Calm(later, server); });
    return absl::OkStatus();
  }
  replaced_.erase(it);
  return ClearObservations(turn, server, {FailureCode::kSessionReplaced});
}

}  // namespace muster::core
