// The control route of the services: POST /_control/<lever> on each service's own listener, and on
// the fleet's control listener with "server" (a name, or * for all) in the body.
// tests/doubles/README.md lists the levers.
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/doubles/service/service_fleet.h"

namespace muster::doubles {
namespace {

constexpr const char* kLevers[] = {"levers",  "faults", "faults/clear", "release",
                                   "restart", "stop",   "start",        "move-port",
                                   "pipe",    "clone",  "joined"};

absl::Duration Millis(const Json& json, absl::string_view name) {
  return absl::Milliseconds(JsonNumber(json, name));
}

std::optional<Json> BodyOf(const Request& request) {
  if (request.body.empty()) return Json(Json::object());
  return ParseJson(request.body);
}

Response Outcome(const absl::Status& status) {
  if (!status.ok()) return ProblemResponse(400, status.message());
  return JsonResponse(Json{{"ok", true}});
}

}  // namespace

absl::Status ServiceFleet::Pull(const std::string& lever, const Json& body,
                                ServiceDouble& service) {
  if (lever == "levers") {
    service.SetLevers([&](ServiceLevers& levers) {
      levers.persist_failure = JsonBool(body, "persistFailure", levers.persist_failure);
      levers.quoted_version = JsonBool(body, "quotedVersion", levers.quoted_version);
      levers.lower_case_config = JsonBool(body, "lowerCaseConfig", levers.lower_case_config);
      levers.lose_answer_before_persist = static_cast<int>(
          JsonNumber(body, "loseAnswerBeforePersist", levers.lose_answer_before_persist));
    });
  } else if (lever == "faults") {
    absl::StatusOr<FaultRule> rule = FaultRuleFromJson(body);
    if (!rule.ok()) return rule.status();
    rule->server.clear();  // "server" chose the service
    service.AddFault(*std::move(rule));
  } else if (lever == "faults/clear") {
    service.RemoveFaults(JsonText(body, "name"));
  } else if (lever == "release") {
    service.Release(JsonText(body, "name"));
  } else if (lever == "restart") {
    service.Restart(Millis(body, "downMs"));
  } else if (lever == "stop") {
    service.StopService();
  } else if (lever == "start") {
    return service.StartService();
  } else if (lever == "move-port") {
    return service.MovePort(JsonBool(body, "staleConfig"));
  } else if (lever == "pipe") {
    service.UsePipe();
  } else if (lever == "clone") {
    ServiceDouble* const original = Find(JsonText(body, "from"));
    if (original == nullptr) return absl::NotFoundError("from names no service of this fleet");
    service.CloneFrom(*original);
  } else {
    service.PresetJoined(
        {JsonText(body, "url"), JsonText(body, "clientId"), JsonText(body, "secret")},
        JsonText(body, "hubId"));
  }
  return absl::OkStatus();
}

Response ServiceFleet::Control(const std::string& lever, const Json& body) {
  const std::string name = JsonText(body, "server", "*");
  if (name != "*") {
    ServiceDouble* const service = Find(name);
    if (service == nullptr) return ProblemResponse(404, absl::StrCat("no service is named ", name));
    return Outcome(Pull(lever, body, *service));
  }
  for (const auto& service : services_) {
    if (absl::Status status = Pull(lever, body, *service); !status.ok()) return Outcome(status);
  }
  return Outcome(absl::OkStatus());
}

Json ServiceFleet::StatsJson() {
  Json services = Json::array();
  for (const auto& service : services_) services.push_back(service->StatsJson());
  return {{"count", size()},
          {"connected", ConnectedCount()},
          {"maxJoinsInFlight", MaxJoinsInFlight()},
          {"services", std::move(services)}};
}

void ServiceFleet::AddControlRoutes() {
  for (const std::string lever : kLevers) {
    control_router_.AddSimple("POST", absl::StrCat("_control/", lever),
                              [this, lever](const Request& request) {
                                const std::optional<Json> body = BodyOf(request);
                                if (!body) return ProblemResponse(400, "the body is not JSON");
                                return Control(lever, *body);
                              });
  }
  control_router_.AddSimple("POST", "_control/heartbeat", [this](const Request&) {
    SendHeartbeats();
    return Outcome(absl::OkStatus());
  });
  control_router_.AddSimple("POST", "_control/advance", [this](const Request& request) {
    const std::optional<Json> body = BodyOf(request);
    if (!body) return ProblemResponse(400, "the body is not JSON");
    loop_.clock()->Advance(Millis(*body, "ms"));
    return Outcome(absl::OkStatus());
  });
  control_router_.AddSimple("GET", "_control/stats",
                            [this](const Request&) { return JsonResponse(StatsJson(), true); });
}

void ServiceFleet::AddServiceControl(ServiceDouble& service) {
  for (const std::string lever : kLevers) {
    service.router().Add(
        "POST", absl::StrCat("_control/", lever),
        [this, &service, lever](const Request& request, const Reply& reply) {
          const std::optional<Json> body = BodyOf(request);
          if (!body) return reply(ProblemResponse(400, "the body is not JSON"));
          // Answered first: some levers close the listener that the caller talks to.
          reply(Outcome(absl::OkStatus()));
          loop_.Post([this, &service, lever, body] { (void)Pull(lever, *body, service); });
        });
  }
  service.router().AddSimple("GET", "_control/stats", [&service](const Request&) {
    return JsonResponse(service.StatsJson(), true);
  });
}

}  // namespace muster::doubles
