// Posting a question: an operation that gives a value, and an answer that comes after the commit.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ASK_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ASK_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

// Runs `question` as an operation; `answer` gets its value once it is committed, else the error.
template <typename T>
void Ask(Control& control, absl::AnyInvocable<absl::StatusOr<T>(Turn&)> question,
         absl::AnyInvocable<void(absl::StatusOr<T>)> answer) {
  auto value = std::make_shared<absl::StatusOr<T>>(absl::UnknownError("not asked"));
  control.Post(
      [value, question = std::move(question)](Turn& turn) mutable {
        *value = question(turn);
        return value->status();
      },
      [value, answer = std::move(answer)](absl::Status status) mutable {
        if (!status.ok()) return answer(std::move(status));
        answer(std::move(*value));
      });
}

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ASK_H_
