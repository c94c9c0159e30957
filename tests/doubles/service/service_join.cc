// The join, the connection and its upkeep (certify.md 1.5, 1.6, 3.1, 3.4; rows L-4 to L-10).
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/service/service_double.h"

namespace muster::doubles {
namespace {

constexpr absl::Duration kTokenReserve = absl::Minutes(5);
constexpr int kJoinchecksWithShortToken = 3;

absl::Duration LifetimeOf(const std::string& token, absl::Time now) {
  const std::optional<Json> claims = PeekJwt(token);
  if (!claims) return absl::ZeroDuration();
  return absl::FromUnixSeconds(static_cast<int64_t>(JsonNumber(*claims, "exp"))) - now;
}

}  // namespace

// One call of hub/join or hub/checkcreds, or a join that the service makes by itself.
struct ServiceDouble::Attempt {
  HubKeyAt key;
  bool check_only = false;
  bool had_id = false;  // at its start: whether it was a re-join
  int life = 0;
  std::function<void(Response)> reply;
  std::shared_ptr<ServiceCounters> counters;  // set for hub/join only

  ~Attempt() {
    if (counters) --counters->joins_in_flight;
  }
};

void ServiceDouble::JoinRoute(const Request& request, const Reply& reply, bool check_only) {
  const std::optional<Json> body = ParseJson(request.body);
  if (!body || !body->is_object()) {
    reply(ProblemResponse(400, "", "One or more validation errors occurred."));
    return;
  }
  for (const char* name : {"url", "clientId", "secret"}) {
    bool present = false;
    for (auto it = body->begin(); it != body->end(); ++it) {
      present = present || absl::AsciiStrToLower(it.key()) == absl::AsciiStrToLower(name);
    }
    if (present && !JsonField(*body, name).is_string()) {
      reply(ProblemResponse(400, "", "One or more validation errors occurred."));
      return;
    }
  }
  auto attempt = std::make_shared<Attempt>();
  const std::string url = JsonText(*body, "url");
  attempt->key = {std::string(absl::StripSuffix(url, "/")), JsonText(*body, "clientId"),
                  JsonText(*body, "secret")};
  attempt->check_only = check_only;
  attempt->life = life_;
  attempt->reply = reply;
  if (check_only) {
    ++counters_->checkcreds;
  } else {
    attempt->counters = counters_;
    ++counters_->joins;
    counters_->max_joins_in_flight =
        std::max(counters_->max_joins_in_flight, ++counters_->joins_in_flight);
  }
  attempt->had_id = !state_.hub_id.empty();
  CallHub(attempt, !attempt->had_id);
}

void ServiceDouble::CallHub(const std::shared_ptr<Attempt>& attempt, bool is_register) {
  HubCall call;
  call.key = attempt->key;
  call.hub_id = state_.hub_id;
  call.request_auth_secret = state_.request_auth_secret;
  call.is_register = is_register;
  call.now = loop_.clock()->Now();
  ++counters_->hub_calls;
  hub_.Send(call, [this, attempt, is_register](const HubAnswer& answer) {
    if (SameLife(attempt->life)) Answered(attempt, is_register, answer);
  });
}

void ServiceDouble::Answered(const std::shared_ptr<Attempt>& attempt, bool was_register,
                             const HubAnswer& answer) {
  const bool is_2025 = options_.profile == ServiceProfile::kService2025;
  if (answer.unknown_id && !was_register) {
    if (is_2025) state_.hub_id.clear();
    CallHub(attempt, true);
    return;
  }
  if (!answer.ok) {
    if (is_2025 && attempt->had_id && answer.refused_auth && !was_register) {
      attempt->reply(StatusResponse(500));  // a null is dereferenced
      return;
    }
    Json result = nullptr;
    if (answer.unknown_id) {
      result = {
          {"hubAssignedInstanceId", nullptr},
          {"version", nullptr},
          {"hubEndpoint", nullptr},
          {"message",
           "The provided Hub Assigned Instance ID is not recognized by the Management Hub. It "
           "may be incorrect or associated with a different hub."},
          {"joiningToken", nullptr},
          {"requestAuthSecret", nullptr},
          {"rejoinRequired", true},
          {"isKnownInstance", false}};
    }
    attempt->reply(JsonResponse(ServiceResult(false, answer.message, result)));
    return;
  }
  if (attempt->check_only) {
    attempt->reply(JsonResponse(ServiceResult(true, "OK", is_2025 ? Json(nullptr) : answer.info)));
    return;
  }
  if (levers_.lose_answer_before_persist > 0) {
    --levers_.lose_answer_before_persist;
    Response lost;
    lost.lose = true;
    attempt->reply(lost);
    return;
  }
  Persist(attempt->key, answer.info);
  EnsureConnected([attempt, is_2025, info = answer.info](bool connected) {
    if (is_2025) {
      attempt->reply(JsonResponse(
          connected ? ServiceResult(true, "Connected to Management Hub.")
                    : ServiceResult(false,
                                    "A problem occurred when connecting to the management "
                                    "hub. Check URL and credentials.")));
      return;
    }
    const bool known = JsonBool(info, "isKnownInstance");
    attempt->reply(JsonResponse(ServiceResult(
        true,
        known ? "Connected to Management Hub. Re-join successful: instance already known to hub."
              : "Connected to Management Hub.",
        info)));
  });
}

void ServiceDouble::Persist(const HubKeyAt& key, const Json& info) {
  const std::string id = JsonText(info, "hubAssignedInstanceId");
  const bool is_2025 = options_.profile == ServiceProfile::kService2025;
  // An id is for ever; only agents of 2025 replace it. Another one is ignored, and the join still
  // succeeds.
  const bool take_id = state_.hub_id.empty() || is_2025;
  if (take_id) state_.hub_id = id;
  state_.key = key;
  if (const std::string secret = JsonText(info, "requestAuthSecret"); !secret.empty()) {
    state_.request_auth_secret = secret;
  }
  if (levers_.persist_failure) return;
  const bool stored = disk_.identity == state_.hub_id && disk_.hub_api == key.url &&
                      disk_.hub_assigned_id == state_.hub_id;
  state_.stored_key = key;
  if (stored) return;
  if (disk_.identity != state_.hub_id) {
    disk_.identity = state_.hub_id;
    disk_.identity_created = loop_.clock()->Now();
    if (!is_2025) (void)disk_.WriteIdentity(options_.app_data);
  }
  disk_.hub_api = key.url;
  disk_.hub_endpoint = JsonText(info, "hubEndpoint");
  disk_.hub_assigned_id = state_.hub_id;
  (void)disk_.WriteConfig(options_.app_data, levers_.lower_case_config);
}

void ServiceDouble::EnsureConnected(Connected done) {
  if (!state_.connection_id.empty() || state_.key.url.empty() || state_.key.client_id.empty()) {
    done(!state_.connection_id.empty());
    return;
  }
  if (state_.hub_id.empty()) {
    state_.last_error = "Hub Assigned Instance ID is required when rejoining the hub.";
    done(false);
    return;
  }
  waiting_for_connection_.push_back(std::move(done));
  if (state_.connecting) return;
  state_.connecting = true;
  const auto all = [this](bool connected) {
    state_.connecting = false;
    std::vector<Connected> waiting = std::move(waiting_for_connection_);
    waiting_for_connection_.clear();
    for (const Connected& waiter : waiting) waiter(connected);
  };
  FetchToken(options_.connect_joinchecks, false, all);
}

// `joinchecks_left` 0: as many as the token's lifetime asks for. An id that the hub does not know
// is registered.
void ServiceDouble::FetchToken(int joinchecks_left, bool is_register, const Connected& done) {
  HubCall call;
  call.key = state_.key;
  call.hub_id = state_.hub_id;
  call.request_auth_secret = state_.request_auth_secret;
  call.is_register = is_register;
  call.now = loop_.clock()->Now();
  ++counters_->hub_calls;
  hub_.Send(
      call, [this, joinchecks_left, is_register, done, life = life_](const HubAnswer& answer) {
        if (!SameLife(life)) return;
        if (answer.unknown_id && !is_register) {
          FetchToken(joinchecks_left, true, done);
          return;
        }
        if (!answer.ok) {
          ConnectFailed(answer.message, done);
          return;
        }
        Persist(state_.key, answer.info);
        const std::string token = JsonText(answer.info, "joiningToken");
        int left = joinchecks_left - 1;
        if (joinchecks_left == 0 && LifetimeOf(token, loop_.clock()->Now()) <= kTokenReserve) {
          left = kJoinchecksWithShortToken - 1;
        }
        if (left > 0) {
          FetchToken(left, false, done);
        } else {
          Connect(token, done);
        }
      });
}

void ServiceDouble::Connect(const std::string& token, const Connected& done) {
  // The client is made for the first hub and keeps its address, whatever is joined later (row
  // L-10).
  if (state_.client_url.empty()) state_.client_url = state_.key.url;
  ClientRequest request;
  request.method = "POST";
  request.url = absl::StrCat(state_.client_url, "/_control/connect");
  request.headers = {{"Authorization", absl::StrCat("Bearer ", token)}};
  request.body = DumpJson(ReportJson());
  client_.Send(std::move(request), [this, done, life = life_](const ClientResult& result) {
    if (!SameLife(life)) return;
    const std::optional<Json> body = ParseJson(result.response.body);
    if (result.kind != ClientResult::Kind::kAnswer || result.response.status != 200 || !body) {
      ConnectFailed(absl::StrCat("connection refused with status ", result.response.status, " ",
                                 result.error),
                    done);
      return;
    }
    state_.connection_id = JsonText(*body, "connectionId");
    state_.connected_to = state_.client_url;
    state_.last_error.clear();
    ++counters_->connects;
    done(true);
  });
}

void ServiceDouble::ConnectFailed(const std::string& why, const Connected& done) {
  ++counters_->connect_failures;
  state_.last_error = why;
  done(false);
}

void ServiceDouble::Heartbeat() {
  if (!state_.connection_id.empty() || state_.connecting || !server_->listening()) return;
  if (state_.hub_id.empty() && options_.auto_join) {
    auto attempt = std::make_shared<Attempt>();
    attempt->key = *options_.auto_join;
    attempt->life = life_;
    attempt->reply = [](const Response&) {};
    CallHub(attempt, true);
    return;
  }
  EnsureConnected([](bool) {});
}

void ServiceDouble::ConnectionLost(bool retry) {
  state_.connection_id.clear();
  state_.connected_to.clear();
  if (retry) Heartbeat();
}

void ServiceDouble::Rejoin(const std::string& client_id, const std::string& secret) {
  state_.key.client_id = client_id;
  state_.key.secret = secret;
  state_.stored_key = state_.key;
  state_.request_auth_secret.clear();
  TellHubGone();
  ConnectionLost(true);
}

}  // namespace muster::doubles
