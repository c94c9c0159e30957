#include "worker/commands/command_handler.h"

namespace muster::worker {

CommandHandler* FindHandler(const CommandHandlers& handlers, v1::Command::KindCase kind) {
  for (const auto& handler : handlers) {
    if (handler->kind() == kind) return handler.get();
  }
  return nullptr;
}

absl::string_view KindName(v1::Command::KindCase kind) {
  switch (kind) {
    case v1::Command::kProbe:
      return "probe";
    case v1::Command::kJoin:
      return "join";
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return "unknown";
}

v1::Command::KindCase KindOfName(absl::string_view name) {
  if (name == "probe") return v1::Command::kProbe;
  if (name == "join") return v1::Command::kJoin;
  return v1::Command::KIND_NOT_SET;
}

v1::CommandResult FailedResult(v1::CommandResult::Outcome outcome, FailureCode code,
                               absl::string_view detail) {
  v1::CommandResult result;
  result.set_outcome(outcome);
  result.mutable_failure()->set_code(TextOf(code));
  result.mutable_failure()->set_detail(std::string(detail));
  return result;
}

}  // namespace muster::worker
