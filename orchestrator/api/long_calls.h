// Calls that wait for the outside world (a hub) and must still end when the process stops or the
// store is lost, or their caller is revoked, whatever became of what they wait for.
#ifndef MUSTER_ORCHESTRATOR_API_LONG_CALLS_H_
#define MUSTER_ORCHESTRATOR_API_LONG_CALLS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"

namespace muster::api {

// Thread-safe.
class LongCalls {
 public:
  // Answers a call with an error.
  using Refuse = absl::AnyInvocable<void(const absl::Status&)>;

  // One open call. Whoever takes it first answers it, once; for everyone else it is empty.
  class Call {
   public:
    Call(std::string actor, Refuse refuse) : actor_(std::move(actor)), refuse_(std::move(refuse)) {}
    const std::string& actor() const { return actor_; }
    Refuse Take() {
      MutexLock lock(&mu_);
      return std::exchange(refuse_, nullptr);
    }

   private:
    const std::string actor_;
    Mutex mu_;
    Refuse refuse_ ABSL_GUARDED_BY(mu_);
  };

  // `actor` is who called.
  std::shared_ptr<Call> Open(const std::string& actor, Refuse refuse) {
    auto call = std::make_shared<Call>(actor, std::move(refuse));
    MutexLock lock(&mu_);
    std::erase_if(calls_, [](const std::weak_ptr<Call>& known) { return known.expired(); });
    calls_.push_back(call);
    return call;
  }
  // Refuses all that are open.
  void EndAll(const absl::Status& why) {
    std::vector<std::weak_ptr<Call>> calls;
    {
      MutexLock lock(&mu_);
      calls.swap(calls_);
    }
    for (const auto& known : calls) End(known, why, [](const Call&) { return true; });
  }
  // Refuses those of one caller.
  void EndOf(absl::string_view actor, const absl::Status& why) {
    std::vector<std::weak_ptr<Call>> calls;
    {
      MutexLock lock(&mu_);
      calls = calls_;
    }
    for (const auto& known : calls) {
      End(known, why, [actor](const Call& call) { return call.actor() == actor; });
    }
  }

 private:
  template <typename Wanted>
  static void End(const std::weak_ptr<Call>& known, const absl::Status& why, Wanted wanted) {
    const auto call = known.lock();
    Refuse refuse = call == nullptr || !wanted(*call) ? nullptr : call->Take();
    if (refuse) refuse(why);
  }

  Mutex mu_;
  std::vector<std::weak_ptr<Call>> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_LONG_CALLS_H_
