// The way of every admin call, once, and the table of them all.
//
//   Call ─► pool: snapshot ─► who calls? ─► role of the method (proto option) ─► handler
//                                │ refused                                        │
//                                ▼                                                │
//                   answered, with an audit event                                 │
//                                 read: fills the response                  ◄─────┤
//                                 write: core::Operations, on the strand    ◄─────┘
//
// A handler sees the store behind the caller's wall (store::WalledSnapshot) and nothing else of it.
// One that needs the store after a write goes back to the pool with Calls::AnswerOnPool.
#ifndef MUSTER_ORCHESTRATOR_API_CALL_TABLE_H_
#define MUSTER_ORCHESTRATOR_API_CALL_TABLE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/log_throttle.h"
#include "orchestrator/api/caller.h"
#include "orchestrator/api/dependencies.h"
#include "orchestrator/api/responder.h"
#include "orchestrator/api/stream.h"
#include "store/interface/walled_snapshot.h"

namespace google::protobuf {
class Descriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace muster::api {

// What a handler is told beside the request. Valid while it runs.
struct Context {
  const Caller& caller;
  const store::WalledSnapshot& snapshot;
};

// What a call is authorized by.
struct Claim {
  std::string path;  // "/muster.admin.v1.TenantService/ListTenants"
  Credentials credentials;
};

// The handlers of one service live in a class that derives from this; call_table.cc has one
// registration for each.
class Calls {
 public:
  explicit Calls(const Dependencies& d) : d_(d) {}
  virtual ~Calls() = default;
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // Who it is, if they may call this; a refusal of somebody known is audited. Blocks on the store.
  absl::StatusOr<Caller> Authorize(const Claim& claim, const store::Snapshot& snapshot) const;
  // A refusal of somebody known is audited when its turn comes, a flood of them in sums.
  void NoteRefusal(const std::string& actor, const std::string& path,
                   const absl::Status& why) const;

 protected:
  // `work(context)` → StatusOr<T> or Status, for a caller who is authorized now. Blocks on the
  // store: for the pool.
  template <typename Work>
  auto WithCaller(const Claim& claim, Work work) const
      -> decltype(work(std::declval<const Context&>())) {
    const auto snapshot = d_.store.Read();
    if (!snapshot.ok()) return snapshot.status();
    const auto caller = Authorize(claim, **snapshot);
    if (!caller.ok()) return caller.status();
    const store::WalledSnapshot walled(**snapshot, caller->actor.wall);
    auto done = work(Context{*caller, walled});
    // What was read is not told to who was revoked meanwhile.
    const absl::Status standing = d_.revocations.Check(caller->actor.name);
    if (!standing.ok()) return standing;
    return done;
  }

  // From the strand, after a write: `fill(snapshot, response)` → absl::Status on the pool, then the
  // answer.
  template <typename Response, typename Fill>
  void AnswerOnPool(Responder<Response> to, store::TenantWall wall, Fill fill) const {
    d_.pool.Run(
        [this, to = std::move(to), wall = std::move(wall), fill = std::move(fill)]() mutable {
          const auto snapshot = d_.store.Read();
          if (!snapshot.ok()) return to.Finish(snapshot.status());
          const store::WalledSnapshot walled(**snapshot, std::move(wall));
          to.Finish(fill(walled, to.response()));
        });
  }

  const Dependencies d_;

 private:
  // A flood is a few lines a minute and a number.
  void LogRefusal(const char* message, const std::string& path, const std::string& actor,
                  const absl::Status& why) const;

  mutable log::Throttle refusals_told_;
};

// One method, whatever its messages.
struct Method {
  std::string path;
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* response = nullptr;
  const Calls* calls = nullptr;
  Executor* pool = nullptr;
  // Exactly one of the two: a call with one answer, or with many.
  std::function<void(const Context&, const Message& request, Responder<Message>)> answer;
  std::function<std::shared_ptr<ServerStream>(Claim, const Message& request)> stream;
};

// Built once; then immutable and thread-safe.
class CallTable {
 public:
  // FailedPrecondition when a method of muster.admin.v1 has no handler, a handler no method, or
  // either other messages: such a table answers nobody.
  static absl::StatusOr<CallTable> Create(const Dependencies& dependencies);

  const Method* Find(absl::string_view path) const;
  const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }

  // ---- registration: table.For<TenantCalls>(d).Read("ListTenants", &TenantCalls::ListTenants) ----
  template <typename C>
  class Service {
   public:
    Service(CallTable& table, const C* calls, const Dependencies& d)
        : table_(table), calls_(calls), d_(d) {}

    // A read fills the response and is answered with its status.
    template <typename Request, typename Response>
    Service& Read(const char* method,
                  absl::Status (C::*handler)(const Context&, const Request&, Response&) const) {
      return ReadOn(d_.pool, method, handler);
    }
    // The same beside the reports that may take the whole pool for long.
    template <typename Request, typename Response>
    Service& ReadStatus(const char* method,
                        absl::Status (C::*handler)(const Context&, const Request&, Response&)
                            const) {
      return ReadOn(d_.status_pool, method, handler);
    }
    // A write checks, hands over to the core and answers when it is done. Request and context live
    // until the handler returns, no longer.
    template <typename Request, typename Response>
    Service& Write(const char* method,
                   void (C::*handler)(const Context&, const Request&, Responder<Response>) const) {
      Method& added = Add<Request, Response>(d_.pool, method);
      added.answer = [calls = calls_, handler](const Context& context, const Message& request,
                                               Responder<Message> to) {
        (calls->*handler)(context, static_cast<const Request&>(request),
                          Responder<Response>(std::move(to)));
      };
      return *this;
    }
    // Many answers: the stream authorizes the claim by itself, at every reading.
    template <typename Response, typename Request>
    Service& Watch(const char* method,
                   std::shared_ptr<ServerStream> (C::*handler)(Claim, const Request&) const) {
      Method& added = Add<Request, Response>(d_.pool, method);
      added.stream = [calls = calls_, handler](Claim claim, const Message& request) {
        return (calls->*handler)(std::move(claim), static_cast<const Request&>(request));
      };
      return *this;
    }

   private:
    template <typename Request, typename Response>
    Service& ReadOn(Executor& pool, const char* method,
                    absl::Status (C::*handler)(const Context&, const Request&, Response&) const) {
      Method& added = Add<Request, Response>(pool, method);
      added.answer = [calls = calls_, handler](const Context& context, const Message& request,
                                               Responder<Message> to) {
        to.Finish((calls->*handler)(context, static_cast<const Request&>(request),
                                    static_cast<Response&>(to.response())));
      };
      return *this;
    }
    template <typename Request, typename Response>
    Method& Add(Executor& pool, const char* method) {
      return table_.Add({.path = std::string("/") + C::kService + "/" + method,
                         .request = Request::descriptor(),
                         .response = Response::descriptor(),
                         .calls = calls_,
                         .pool = &pool});
    }

    CallTable& table_;
    const C* const calls_;
    const Dependencies& d_;
  };

  template <typename C>
  Service<C> For(const Dependencies& d) {
    auto calls = std::make_unique<C>(d);
    const C* const borrowed = calls.get();
    calls_.push_back(std::move(calls));
    return Service<C>(*this, borrowed, d);
  }

 private:
  Method& Add(Method method);
  absl::Status CheckComplete() const;

  std::vector<std::unique_ptr<const Calls>> calls_;
  std::map<std::string, Method, std::less<>> methods_;
  std::vector<std::string> problems_;
};

// The services of muster.admin.v1, as the proto files declare them.
std::vector<const google::protobuf::ServiceDescriptor*> AdminServices();

// Each service's rows of the table, beside its handlers.
void AddTenantCalls(CallTable& table, const Dependencies& d);
void AddZoneCalls(CallTable& table, const Dependencies& d);
void AddServerCalls(CallTable& table, const Dependencies& d);
void AddTokenCalls(CallTable& table, const Dependencies& d);
void AddRolloutCalls(CallTable& table, const Dependencies& d);
void AddVerificationCalls(CallTable& table, const Dependencies& d);
void AddFindingCalls(CallTable& table, const Dependencies& d);
void AddSweepCalls(CallTable& table, const Dependencies& d);
void AddHubCalls(CallTable& table, const Dependencies& d);
void AddNotificationCalls(CallTable& table, const Dependencies& d);
void AddSystemCalls(CallTable& table, const Dependencies& d);
void AddOperatorCalls(CallTable& table, const Dependencies& d);
void AddEvidenceCalls(CallTable& table, const Dependencies& d);

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_CALL_TABLE_H_
