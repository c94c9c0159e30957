// FaultRules bend the answers of a double: the injection lists of certify.md 7.1 and 7.2 that
// concern one call are rules here; those that concern state are levers of the doubles.
//
// A rule is matched against each request in the order in which rules were added; the first match
// wins and is used up after `times` uses. Control routes (/_control/…) match only rules whose
// `path` names them. All on the double's loop.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_FAULT_RULES_H_
#define MUSTER_TESTS_DOUBLES_HTTP_FAULT_RULES_H_

#include <list>
#include <string>

#include "absl/status/statusor.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

struct FaultRule {
  enum class Kind {
    kAnswer,       // answers `answer`; the double never sees the request
    kDelay,        // handles the request after `delay`
    kDelayAnswer,  // handles the request at once, answers after `delay`
    kLoseAnswer,   // handles the request, then closes the connection: the work is done, the answer
                   // lost
    kClose,        // closes the connection; the double never sees the request
    kHold,         // keeps the request until Release, then handles it
    kHoldAnswer,   // handles the request, keeps the answer until Release
    kTruncate,     // handles the request, sends half of the answer
  };

  std::string name;    // for Remove and Release; may be shared or empty
  std::string path;    // part of the path, without case; empty: every path
  std::string method;  // empty: every method
  std::string
      server;  // X-Certify-Trace-InstanceName; a trailing * matches any rest; empty: every server
  std::string client_id;  // X-Client-ID; empty: every caller
  int skip = 0;           // matches that pass before the rule bites
  int times = 1;          // uses; below 0: for ever
  Kind kind = Kind::kAnswer;
  Response answer;
  absl::Duration delay = absl::ZeroDuration();
};

// Canned answers by name: 401-generic, 401-empty, 401-role, 401-signature, 400-exists, 429,
// 429-empty, 429-no-retry-after, 500, 500-empty, 500-owin, 502-html, 503-html, 504-html,
// redirect-https, licence, non-json, empty-list, 401-negotiate, 403, success-null.
absl::StatusOr<Response> CannedResponse(absl::string_view name);

// A rule from the body of a control route:
// {"name","path","method","server","clientId","skip","times","kind":"answer|delay|delay_answer|lose_answer|
//  close|hold|hold_answer|truncate","canned":"429","status","body","contentType","headers":{},"delayMs"}
absl::StatusOr<FaultRule> FaultRuleFromJson(const Json& json);

class FaultRules {
 public:
  void Add(FaultRule rule) { rules_.push_back(std::move(rule)); }
  void Remove(absl::string_view name);
  void Clear() { rules_.clear(); }

  // Sends the request through the first rule that matches it, else straight to `handler`.
  void Serve(const Request& request, Reply reply, const Handler& handler);

  // Lets go of what rules named `name` hold (all, when empty); the answer is how many that were.
  int Release(absl::string_view name);
  int held() const { return static_cast<int>(held_.size()); }
  // How often rules bit so far.
  int applied() const { return applied_; }

 private:
  struct Held {
    std::string name;
    std::function<void()> go_on;
  };
  bool Take(const Request& request, FaultRule& taken);

  std::list<FaultRule> rules_;
  std::list<Held> held_;
  int applied_ = 0;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_FAULT_RULES_H_
