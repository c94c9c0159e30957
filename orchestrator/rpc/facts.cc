#include "orchestrator/rpc/facts.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

using muster::types::v1::ServiceFacts;
using muster::worker::v1::CommandResult;
using muster::worker::v1::JournalEntry;

static_assert(static_cast<int>(store::ServicePresence::kRunning) == ServiceFacts::PRESENCE_RUNNING);

core::Outcome OutcomeOf(CommandResult::Outcome outcome) {
  switch (outcome) {
    case CommandResult::OUTCOME_SUCCEEDED:
      return core::Outcome::kSucceeded;
    case CommandResult::OUTCOME_REJECTED:
      return core::Outcome::kRejected;
    case CommandResult::OUTCOME_IN_DOUBT:
      return core::Outcome::kInDoubt;
    default:
      return core::Outcome::kFailed;
  }
}

}  // namespace

std::string CutText(const std::string& text) { return ForeignText(text, kMaxFactBytes).str(); }

store::MachineFacts FromProto(const muster::types::v1::MachineFacts& facts) {
  return {.machine_name = facts.machine_name(),
          .os = facts.os(),
          .os_version = facts.os_version(),
          .architecture = facts.architecture(),
          .worker_version = facts.worker_version(),
          .machine_id_hash = facts.machine_id_hash()};
}

store::ServiceFacts FromProto(const ServiceFacts& facts) {
  const bool known = facts.presence() >= 0 && facts.presence() <= ServiceFacts::PRESENCE_RUNNING;
  return {.presence = known ? static_cast<store::ServicePresence>(facts.presence())
                            : store::ServicePresence::kUnknown,
          .endpoint = facts.endpoint(),
          .version = facts.version(),
          .hub_instance_id = HubInstanceId(absl::AsciiStrToLower(CutText(facts.hub_instance_id()))),
          .hub_url = facts.hub_url(),
          .hub_connected = facts.hub_connected(),
          .internal_instance_id = facts.internal_instance_id()};
}

Failure FromProto(const muster::types::v1::Failure& failure) {
  if (const auto code = FindFailureCode(failure.code())) return {*code, CutText(failure.detail())};
  return {FailureCode::kJoinUnknownAnswer,
          absl::StrCat("the worker reported ", CutText(failure.code()), ": ",
                       CutText(failure.detail()))};
}

std::vector<Failure> ProblemsOf(
    const google::protobuf::RepeatedPtrField<muster::types::v1::Failure>& said) {
  std::vector<Failure> problems;
  for (const auto& problem : said) {
    problems.push_back(FromProto(problem));
    if (problems.size() == kMaxProblems) break;
  }
  return problems;
}

core::CommandReport FromProto(const CommandResult& result) {
  core::CommandReport report{.command_id = CommandId(result.command_id()),
                             .attempt_id = AttemptId(result.attempt_id()),
                             .outcome = OutcomeOf(result.outcome())};
  if (result.has_failure()) {
    report.failure = FromProto(result.failure());
  } else if (report.outcome != core::Outcome::kSucceeded) {
    report.failure = Failure{FailureCode::kJoinUnknownAnswer, "the worker gave no reason"};
  }
  const ServiceFacts* look = nullptr;  // What the worker saw of the service meanwhile.
  if (result.has_probe()) {
    if (result.probe().has_machine()) report.machine = FromProto(result.probe().machine());
    if (result.probe().has_service()) look = &result.probe().service();
  } else if (result.has_join() && result.join().has_service()) {
    look = &result.join().service();
  }
  if (look != nullptr) report.service = FromProto(*look);
  if (look != nullptr || result.problems_size() > 0) {
    report.problems = ProblemsOf(result.problems());
  }
  if (look != nullptr) {
    for (Failure& lasting : ProblemsOf(look->problems())) {
      report.problems->push_back(std::move(lasting));
    }
  }
  return report;
}

std::vector<core::SessionOpening::JournalEntry> JournalOf(const muster::worker::v1::Hello& hello) {
  using Entry = core::SessionOpening::JournalEntry;
  std::vector<Entry> out;
  out.reserve(hello.journal_size());
  for (const JournalEntry& entry : hello.journal()) {
    Entry::State state = Entry::State::kReceived;
    if (entry.state() == JournalEntry::STATE_RUNNING) state = Entry::State::kRunning;
    if (entry.state() == JournalEntry::STATE_FINISHED) state = Entry::State::kFinished;
    out.push_back({CommandId(entry.command_id()), AttemptId(entry.attempt_id()), state});
  }
  return out;
}

muster::worker::v1::Command ToProto(const core::OutboundCommand& command) {
  muster::worker::v1::Command out;
  out.set_command_id(command.command_id.value());
  out.set_attempt_id(command.attempt_id.value());
  out.set_zone_id(command.zone_id.value());
  *out.mutable_expire_time() = ToProto(command.expire_time);
  switch (command.kind) {
    case store::CommandKind::kProbe:
      out.mutable_probe();
      break;
    case store::CommandKind::kJoin: {
      auto& join = *out.mutable_join();
      join.set_hub_url(command.hub_url);
      join.set_joining_client_id(command.joining_client_id);
      join.set_allow_takeover(command.allow_takeover);
      break;
    }
  }
  return out;
}

}  // namespace muster::rpc
