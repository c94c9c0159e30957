#include "tests/doubles/service/service_double.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

constexpr char kJoiningKeyCredential[] = "_ManagementHubJoiningKey";
constexpr absl::Duration kConnectAfterStart = absl::Seconds(2);

}  // namespace

std::optional<ServiceProfile> ParseServiceProfile(absl::string_view name) {
  if (name == "service2025") return ServiceProfile::kService2025;
  if (name == "service2026") return ServiceProfile::kService2026;
  if (name == "service2026s") return ServiceProfile::kService2026s;
  return std::nullopt;
}

Json ServiceResult(bool success, absl::string_view message, Json result) {
  Json json;
  json["result"] = std::move(result);
  json["isSuccess"] = success;
  json["isWarning"] = false;
  json["message"] = std::string(message);
  return json;
}

ServiceDouble::ServiceDouble(IoLoop& loop, HttpClient& client, ServiceOptions options)
    : loop_(loop), client_(client), options_(std::move(options)), hub_(client_, options_) {
  state_.internal_id = NewGuid();
  AddRoutes();
}

ServiceDouble::~ServiceDouble() = default;

absl::Status ServiceDouble::Listen() {
  absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Start(
      loop_, options_.listen,
      [this](const Request& request, Reply reply) { Serve(request, std::move(reply)); });
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  disk_.ReadHubPart(options_.app_data);
  disk_.host = server_->host();
  disk_.port = server_->port();
  LoadFromDisk();
  if (options_.auto_join) {
    loop_.Run([this] { loop_.After(kConnectAfterStart, [this] { Heartbeat(); }); });
  }
  return disk_.WriteConfig(options_.app_data, levers_.lower_case_config);
}

void ServiceDouble::LoadFromDisk() {
  state_.hub_id = !disk_.identity.empty() ? disk_.identity : disk_.hub_assigned_id;
  state_.key = state_.stored_key;
  if (!disk_.hub_api.empty()) state_.key.url = disk_.hub_api;
}

std::string ServiceDouble::url() const { return server_->url(); }

ServiceState ServiceDouble::State() {
  ServiceState state;
  loop_.Run([&] { state = state_; });
  return state;
}

ServiceCounters ServiceDouble::Counters() {
  ServiceCounters counters;
  loop_.Run([&] { counters = *counters_; });
  return counters;
}

void ServiceDouble::SetLevers(const std::function<void(ServiceLevers&)>& change) {
  loop_.Run([&] { change(levers_); });
}

void ServiceDouble::AddFault(FaultRule rule) {
  loop_.Run([&] { faults_.Add(std::move(rule)); });
}

void ServiceDouble::RemoveFaults(const std::string& name) {
  loop_.Run([&] {
    if (name.empty()) {
      faults_.Clear();
    } else {
      faults_.Remove(name);
    }
  });
}

int ServiceDouble::Release(const std::string& name) {
  int released = 0;
  loop_.Run([&] { released = faults_.Release(name); });
  return released;
}

void ServiceDouble::TellHubGone() {
  if (state_.connection_id.empty()) return;
  ClientRequest request;
  request.method = "POST";
  request.url = absl::StrCat(state_.connected_to, "/_control/disconnect");
  request.body = DumpJson(Json{{"connections", Json::array({state_.connection_id})}});
  client_.Send(std::move(request), [](const ClientResult&) {});
}

void ServiceDouble::Restart(absl::Duration down) {
  loop_.Run([&] {
    ++life_;
    ++counters_->restarts;
    TellHubGone();
    server_->Close();
    const std::string internal_id = state_.internal_id;
    const HubKeyAt stored_key = state_.stored_key;
    const std::string secret = state_.request_auth_secret;
    state_ = {};
    state_.internal_id = internal_id;
    state_.stored_key = stored_key;
    state_.request_auth_secret = secret;
    waiting_for_connection_.clear();
    LoadFromDisk();
    const auto start = [this, life = life_] {
      if (!SameLife(life)) return;
      if (!disk_.named_pipe) (void)server_->Reopen();
      loop_.After(kConnectAfterStart, [this, life] {
        if (SameLife(life)) Heartbeat();
      });
    };
    if (down > absl::ZeroDuration()) {
      loop_.After(down, start);
    } else {
      start();
    }
  });
}

void ServiceDouble::StopService() {
  loop_.Run([this] {
    ++life_;
    TellHubGone();
    ConnectionLost(false);
    state_.connecting = false;
    waiting_for_connection_.clear();
    server_->Close();
  });
}

absl::Status ServiceDouble::StartService() {
  absl::Status status;
  loop_.Run([&] {
    status = server_->Reopen();
    loop_.After(kConnectAfterStart, [this, life = life_] {
      if (SameLife(life)) Heartbeat();
    });
  });
  return status;
}

absl::Status ServiceDouble::MovePort(bool stale_config) {
  absl::Status status;
  loop_.Run([&] {
    status = server_->ReopenOn(0);
    disk_.port = server_->port();
    if (status.ok() && !stale_config) {
      status = disk_.WriteConfig(options_.app_data, levers_.lower_case_config);
    }
  });
  return status;
}

void ServiceDouble::UsePipe() {
  loop_.Run([this] {
    disk_.named_pipe = true;
    (void)disk_.WriteConfig(options_.app_data, levers_.lower_case_config);
    server_->Close();
  });
}

void ServiceDouble::CloneFrom(ServiceDouble& original) {
  loop_.Run([&] {
    const std::string host = disk_.host;
    const uint16_t port = disk_.port;
    disk_ = original.disk_;
    disk_.host = host;
    disk_.port = port;
    state_.stored_key = original.state_.stored_key;
    state_.request_auth_secret = original.state_.request_auth_secret;
    LoadFromDisk();
    (void)disk_.WriteIdentity(options_.app_data);
    (void)disk_.WriteConfig(options_.app_data, levers_.lower_case_config);
  });
}

void ServiceDouble::PresetJoined(const HubKeyAt& key, const std::string& hub_id) {
  loop_.Run([&] {
    const std::string id = hub_id.empty() ? NewGuid() : hub_id;
    Persist(key,
            Json{{"hubAssignedInstanceId", id}, {"hubEndpoint", "api/internal/managementhub"}});
  });
}

Json ServiceDouble::ReportJson() const {
  return {{"instanceId", state_.hub_id},      {"internalInstanceId", state_.internal_id},
          {"title", options_.name},           {"os", options_.os},
          {"osVersion", options_.os_version}, {"clientName", options_.client_name},
          {"clientVersion", options_.version}};
}

Json ServiceDouble::StatsJson() const {
  return {{"name", options_.name},
          {"url", server_->url()},
          {"listening", server_->listening()},
          {"hubId", state_.hub_id},
          {"internalId", state_.internal_id},
          {"hubUrl", state_.key.url},
          {"connected", !state_.connection_id.empty()},
          {"connectedTo", state_.connected_to},
          {"lastError", state_.last_error},
          {"joins", counters_->joins},
          {"checkcreds", counters_->checkcreds},
          {"joinsInFlight", counters_->joins_in_flight},
          {"maxJoinsInFlight", counters_->max_joins_in_flight},
          {"hubCalls", counters_->hub_calls},
          {"connects", counters_->connects},
          {"connectFailures", counters_->connect_failures},
          {"restarts", counters_->restarts},
          {"statusCalls", counters_->status_calls},
          {"held", faults_.held()}};
}

// ---- the local API (certify.md 1.2 to 1.4; rows L-1, L-2, L-11, L-12) ----

void ServiceDouble::Serve(const Request& request, Reply reply) {
  faults_.Serve(request, std::move(reply), [this](const Request& admitted, Reply answer) {
    const bool anonymous = absl::EndsWithIgnoreCase(admitted.path, "/appversion") ||
                           absl::StartsWith(admitted.path, "/_control");
    if (options_.windows && !anonymous) {
      if (std::optional<Response> refusal = CheckWindowsUser(admitted)) {
        answer(*std::move(refusal));
        return;
      }
    }
    router_.Serve(admitted, std::move(answer));
  });
}

// The doubles' Negotiate: the token is base64 of "admin" or of another user's name.
std::optional<Response> ServiceDouble::CheckWindowsUser(const Request& request) const {
  const std::string authorization = request.Header("Authorization");
  if (!absl::StartsWithIgnoreCase(authorization, "Negotiate ")) {
    Response challenge = StatusResponse(401);
    challenge.headers.emplace_back("WWW-Authenticate", "Negotiate");
    return challenge;
  }
  if (authorization.substr(10) != "YWRtaW4=") return StatusResponse(403);
  return std::nullopt;
}

Response ServiceDouble::VersionResponse(const Request& request) const {
  const bool quoted = levers_.quoted_version ||
                      absl::StartsWithIgnoreCase(request.Header("Accept"), "application/json");
  return quoted ? JsonResponse(Json(options_.version)) : TextResponse(options_.version);
}

Json ServiceDouble::Credentials() const {
  Json list = Json::array();
  if (!state_.stored_key.client_id.empty()) {
    list.push_back({{"storageKey", kJoiningKeyCredential},
                    {"title", "Management Hub Joining Key"},
                    {"providerType", "StandardAuth.ManagementHub"}});
  }
  return list;
}

void ServiceDouble::AddRoutes() {
  router_.AddSimple("GET", "api/system/appversion",
                    [this](const Request& request) { return VersionResponse(request); });
  router_.Add("POST", "api/system/hub/join", [this](const Request& request, const Reply& reply) {
    JoinRoute(request, reply, false);
  });
  router_.Add(
      "POST", "api/system/hub/checkcreds",
      [this](const Request& request, const Reply& reply) { JoinRoute(request, reply, true); });
  router_.AddSimple("GET", "api/system/hub/status", [this](const Request&) {
    ++counters_->status_calls;
    const bool connected = !state_.connection_id.empty() || state_.connecting;
    return JsonResponse(ServiceResult(connected, connected ? "Connected to Management Hub."
                                                           : "Not connected to Management Hub."));
  });
  router_.AddSimple("GET", "api/system/hub/info",
                    [](const Request&) { return StatusResponse(204); });
  router_.AddSimple("GET", "api/preferences", [this](const Request&) {
    return JsonResponse({{"instanceId", state_.internal_id},
                         {"isInstanceRegistered", false},
                         {"checkForUpdatesAtStartup", true},
                         {"enableAppTelematics", false},
                         {"language", nullptr}});
  });
  router_.AddSimple("GET", "api/system/diagnostics", [](const Request&) {
    return JsonResponse(Json::array({ServiceResult(true, "Service is healthy.")}));
  });
  router_.AddSimple("GET", "api/credentials",
                    [this](const Request&) { return JsonResponse(Credentials()); });
  router_.AddSimple("DELETE", "api/credentials/{key}", [this](const Request& request) {
    const bool found =
        request.args[0] == kJoiningKeyCredential && !state_.stored_key.client_id.empty();
    // What is in memory stays in use until a restart.
    if (found) state_.stored_key = {};
    return JsonResponse(Json(found));
  });
  for (const char* path : {"health", "alive"}) {
    router_.AddSimple("GET", path, [](const Request&) { return TextResponse("Healthy"); });
  }
}

}  // namespace muster::doubles
