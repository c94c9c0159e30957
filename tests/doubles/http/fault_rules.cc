#include "tests/doubles/http/fault_rules.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::doubles {
namespace {

Response Html(int status, absl::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/html";
  response.body = absl::StrCat("<html><head><title>", status, " ", text,
                               "</title></head><body><h1>", text, "</h1><hr>proxy</body></html>");
  return response;
}

Response TooMany(bool retry_after, bool body) {
  Response response = body ? ProblemResponse(429, "") : StatusResponse(429);
  if (retry_after) response.headers.emplace_back("Retry-After", "17");
  return response;
}

Response Signature() {
  return ProblemResponse(
      401, "Managed instance request signature is required.", "Unauthorized",
      "https://api.certifytheweb.com/problemtype/hub-joincheck-signature-required");
}

Response Owin() {
  Response response = JsonResponse(
      {{"message", "An internal error has occurred. Check the service log."},
       {"exception", {{"message", "Object reference not set to an instance of an object."}}}});
  response.status = 500;
  return response;
}

Response Redirect() {
  Response response = StatusResponse(307);
  response.headers.emplace_back("Location", "https://127.0.0.1/");
  return response;
}

Response Negotiate() {
  Response response = StatusResponse(401);
  response.headers.emplace_back("WWW-Authenticate", "Negotiate");
  return response;
}

const std::map<std::string, Response>& CannedResponses() {
  static const auto* const kAnswers = new std::map<std::string, Response>{
      {"401-generic", ProblemResponse(401, "")},
      {"401-empty", StatusResponse(401)},
      {"401-role",
       ProblemResponse(401, "Not authorized to perform managementhub_instance_join_action")},
      {"401-signature", Signature()},
      {"401-negotiate", Negotiate()},
      {"400-exists", ProblemResponse(400, "Managed instance already exists.")},
      {"403", StatusResponse(403)},
      {"404", StatusResponse(404)},
      {"429", TooMany(true, true)},
      {"429-empty", TooMany(true, false)},
      {"429-no-retry-after", TooMany(false, true)},
      {"500", ProblemResponse(500, "An unexpected error occurred.")},
      {"500-empty", StatusResponse(500)},
      {"500-owin", Owin()},
      {"502-html", Html(502, "Bad Gateway")},
      {"503-html", Html(503, "Service Unavailable")},
      {"504-html", Html(504, "Gateway Time-out")},
      {"redirect-https", Redirect()},
      {"licence", ProblemResponse(400, "The license of this hub allows no more instances.")},
      {"non-json", Html(200, "Welcome")},
      {"empty-list", JsonResponse(Json::array())},
      {"success-null", JsonResponse({{"result", nullptr},
                                     {"isSuccess", true},
                                     {"isWarning", false},
                                     {"message", "Connected to Management Hub."}})},
  };
  return *kAnswers;
}

const std::map<std::string, FaultRule::Kind>& Kinds() {
  using Kind = FaultRule::Kind;
  static const auto* const kKinds = new std::map<std::string, Kind>{
      {"answer", Kind::kAnswer},     {"delay", Kind::kDelay},
      {"close", Kind::kClose},       {"delay_answer", Kind::kDelayAnswer},
      {"hold", Kind::kHold},         {"lose_answer", Kind::kLoseAnswer},
      {"truncate", Kind::kTruncate}, {"hold_answer", Kind::kHoldAnswer},
  };
  return *kKinds;
}

bool MatchesServer(absl::string_view pattern, absl::string_view name) {
  if (absl::ConsumeSuffix(&pattern, "*")) return absl::StartsWithIgnoreCase(name, pattern);
  return absl::EqualsIgnoreCase(pattern, name);
}

bool Matches(const FaultRule& rule, const Request& request) {
  const std::string path = absl::AsciiStrToLower(request.path);
  if (absl::StartsWith(path, "/_control") && !absl::StrContains(rule.path, "_control"))
    return false;
  if (!absl::StrContains(path, absl::AsciiStrToLower(rule.path))) return false;
  if (!rule.method.empty() && rule.method != request.method) return false;
  if (!rule.client_id.empty() && rule.client_id != request.Header("X-Client-ID")) return false;
  return rule.server.empty() ||
         MatchesServer(rule.server, request.Header("X-Certify-Trace-InstanceName"));
}

}  // namespace

absl::StatusOr<Response> CannedResponse(absl::string_view name) {
  const auto answer = CannedResponses().find(std::string(name));
  if (answer != CannedResponses().end()) return answer->second;
  return absl::InvalidArgumentError(absl::StrCat("there is no canned answer named ", name));
}

absl::StatusOr<FaultRule> FaultRuleFromJson(const Json& json) {
  FaultRule rule;
  rule.name = JsonText(json, "name");
  rule.path = JsonText(json, "path");
  rule.method = JsonText(json, "method");
  rule.server = JsonText(json, "server");
  rule.client_id = JsonText(json, "clientId");
  rule.skip = static_cast<int>(JsonNumber(json, "skip"));
  rule.times = static_cast<int>(JsonNumber(json, "times", 1));
  rule.delay = absl::Milliseconds(JsonNumber(json, "delayMs"));
  const auto kind = Kinds().find(JsonText(json, "kind", "answer"));
  if (kind == Kinds().end()) {
    return absl::InvalidArgumentError("there is no fault of kind " + JsonText(json, "kind"));
  }
  rule.kind = kind->second;
  if (const std::string canned = JsonText(json, "canned"); !canned.empty()) {
    absl::StatusOr<Response> answer = CannedResponse(canned);
    if (!answer.ok()) return answer.status();
    rule.answer = *std::move(answer);
  } else {
    rule.answer.status = static_cast<int>(JsonNumber(json, "status", 500));
    rule.answer.body = JsonText(json, "body");
    rule.answer.content_type = JsonText(json, "contentType");
  }
  const Json& headers = JsonField(json, "headers");
  for (auto it = headers.begin(); headers.is_object() && it != headers.end(); ++it) {
    if (it.value().is_string()) rule.answer.headers.emplace_back(it.key(), it.value());
  }
  return rule;
}

void FaultRules::Remove(absl::string_view name) {
  rules_.remove_if([name](const FaultRule& rule) { return rule.name == name; });
}

bool FaultRules::Take(const Request& request, FaultRule& taken) {
  for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
    if (!Matches(*rule, request)) continue;
    if (rule->skip > 0) {
      --rule->skip;
      continue;
    }
    taken = *rule;
    ++applied_;
    if (rule->times > 0 && --rule->times == 0) rules_.erase(rule);
    return true;
  }
  return false;
}

void FaultRules::Serve(const Request& request, Reply reply, const Handler& handler) {
  using Kind = FaultRule::Kind;
  FaultRule rule;
  if (rules_.empty() || !Take(request, rule)) {
    handler(request, std::move(reply));
    return;
  }
  switch (rule.kind) {
    case Kind::kAnswer:
      rule.answer.delay = rule.delay;
      reply(rule.answer);
      return;
    case Kind::kDelay: {
      Response wait;
      wait.delay = rule.delay;
      wait.then = [request, reply, handler] { handler(request, reply); };
      reply(std::move(wait));
      return;
    }
    case Kind::kDelayAnswer:
      handler(request, [reply, delay = rule.delay](Response response) {
        response.delay += delay;
        reply(std::move(response));
      });
      return;
    case Kind::kLoseAnswer:
      handler(request, [reply](Response response) {
        response.lose = true;
        reply(std::move(response));
      });
      return;
    case Kind::kClose:
      rule.answer.lose = true;
      reply(rule.answer);
      return;
    case Kind::kHold:
      held_.push_back({rule.name, [request, reply, handler] { handler(request, reply); }});
      return;
    case Kind::kHoldAnswer:
      handler(request, [this, name = rule.name, reply](const Response& response) {
        held_.push_back({name, [reply, response] { reply(response); }});
      });
      return;
    case Kind::kTruncate:
      handler(request, [reply](Response response) {
        response.truncate = true;
        reply(std::move(response));
      });
      return;
  }
}

int FaultRules::Release(absl::string_view name) {
  std::vector<std::function<void()>> released;
  for (auto held = held_.begin(); held != held_.end();) {
    if (name.empty() || held->name == name) {
      released.push_back(std::move(held->go_on));
      held = held_.erase(held);
    } else {
      ++held;
    }
  }
  for (const auto& go_on : released) go_on();
  return static_cast<int>(released.size());
}

}  // namespace muster::doubles
