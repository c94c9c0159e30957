// How the world outside the control strand calls what a room of the core can do.
//
//   any thread   noun.Call(&Noun::Do, done, args…) ──► queue
//   strand       value = Do(turn, args…) ─► commit ─► done(value), or done(error)
//
// A noun is an interface in this folder whose methods are operations: each runs within a turn, on
// the strand, and an error of it undoes it alone. To add an operation, declare it in its noun and
// implement it in its room; there is nothing else to write. An operation has one of three forms:
//
//   StatusOr<T> Do(Turn&, Params…)              answered with T after the commit
//   StatusOr<Decision<T>> Do(Turn&, Params…)    T, or a refusal: what a refusal wrote is committed,
//                                               and the caller gets it as an error
//   Status Do(Turn&, Answer<T>, Params…)        begins something long; its room answers later
//
// One with an Actor runs only if that actor still stands when its turn comes (standing.h).
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_POSTED_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_POSTED_H_

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/failure.h"
#include "orchestrator/core/interfaces/ask.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/standing.h"

namespace muster::core {

// Runs on the control strand once the commit is durable, so it must only hand the value over.
template <typename T>
using Answer = absl::AnyInvocable<void(absl::StatusOr<T>)>;

// A refusal that is recorded, as against an error, which undoes what the operation wrote.
template <typename T>
using Decision = std::variant<T, Failure>;

// The operations of one noun, to be called from anywhere. Copies refer to the same noun.
template <typename Noun>
class Posted {
 public:
  Posted(Control& control, Noun& noun) : control_(&control), noun_(&noun) {}

  // Thread-safe, returns at once. The arguments are taken by value.
  template <typename T, typename... Params, typename... Args>
  void Call(absl::StatusOr<T> (Noun::*operation)(Turn&, Params...),
            std::type_identity_t<Answer<T>> done, Args&&... args) const {
    Ask<T>(*control_, Bind(operation, std::forward<Args>(args)...), std::move(done));
  }
  template <typename T, typename... Params, typename... Args>
  void Call(absl::StatusOr<Decision<T>> (Noun::*operation)(Turn&, Params...),
            std::type_identity_t<Answer<T>> done, Args&&... args) const {
    Ask<Decision<T>>(*control_, Bind(operation, std::forward<Args>(args)...),
                     [done = std::move(done)](absl::StatusOr<Decision<T>> decision) mutable {
                       if (!decision.ok()) return done(decision.status());
                       if (const Failure* refusal = std::get_if<Failure>(&*decision)) {
                         return done(FailureStatus(refusal->code, refusal->detail));
                       }
                       done(std::get<T>(*std::move(decision)));
                     });
  }
  template <typename T, typename... Params, typename... Args>
  void Call(absl::Status (Noun::*operation)(Turn&, Answer<T>, Params...),
            std::type_identity_t<Answer<T>> done, Args&&... args) const {
    // Answered by an error of the operation, or by the room, much later.
    auto answer = std::make_shared<Answer<T>>(std::move(done));
    control_->Post(Bind(operation, Answer<T>([answer](absl::StatusOr<T> value) {
                          (*answer)(std::move(value));
                        }),
                        std::forward<Args>(args)...),
                   [answer](absl::Status status) {
                     if (!status.ok()) (*answer)(std::move(status));
                   });
  }

 private:
  static absl::Status CheckArgument(Turn& turn, const Actor& actor) {
    return CheckStanding(turn, actor);
  }
  template <typename Other>
  static absl::Status CheckArgument(Turn&, const Other&) {
    return absl::OkStatus();
  }

  template <typename Result, typename... Params, typename... Args>
  auto Bind(Result (Noun::*operation)(Turn&, Params...), Args&&... args) const {
    return [noun = noun_, operation,
            kept = std::tuple<std::decay_t<Params>...>(std::forward<Args>(args)...)](
               Turn& turn) mutable -> Result {
      return std::apply(
          [&](auto&... arg) -> Result {
            absl::Status stands;
            (stands.Update(CheckArgument(turn, arg)), ...);
            if (!stands.ok()) return stands;
            return (noun->*operation)(turn, static_cast<Params&&>(arg)...);
          },
          kept);
    };
  }

  Control* control_;
  Noun* noun_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_POSTED_H_
