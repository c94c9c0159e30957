// The control route of the hub double: POST /_control/<lever> with a JSON body, GET /_control/stats
// and
// /_control/records. tests/doubles/README.md lists them.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::doubles {
namespace {

using Flag = bool HubLevers::*;

const std::map<std::string, Flag>& Flags() {
  static const auto* const kFlags = new std::map<std::string, Flag>{
      {"healthDegraded", &HubLevers::health_degraded},
      {"dataStoreDown", &HubLevers::data_store_down},
      {"passwordLoginDisabled", &HubLevers::password_login_disabled},
      {"legacyAuthDetail", &HubLevers::legacy_auth_detail},
      {"allowUnsignedJoincheck", &HubLevers::allow_unsigned_joincheck},
      {"extraFields", &HubLevers::extra_fields},
      {"freezeLastReported", &HubLevers::freeze_last_reported},
      {"dateHeader", &HubLevers::date_header},
      {"rateLimits", &HubLevers::rate_limits},
      {"rateLimitBody", &HubLevers::rate_limit_body},
      {"rateLimitRetryAfter", &HubLevers::rate_limit_retry_after},
      {"refusedAuthTakesPermit", &HubLevers::refused_auth_takes_permit},
      {"refuseConnect", &HubLevers::refuse_connect}};
  return *kFlags;
}

std::set<std::string> TextSet(const Json& list) {
  std::set<std::string> texts;
  for (const Json& item : list) {
    if (item.is_string()) texts.insert(item.get<std::string>());
  }
  return texts;
}

absl::Duration Millis(const Json& json, absl::string_view name) {
  return absl::Milliseconds(JsonNumber(json, name));
}

Json ByServer(const std::map<std::string, int>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

Response Ok() { return JsonResponse(Json{{"ok", true}}); }

}  // namespace

Json HubDouble::StatsJson() {
  const HubCounters& counters = core_.counters;
  return {{"profile", HubProfileName(core_.options.profile)},
          {"registerCalls", counters.register_calls},
          {"joincheckCalls", counters.joincheck_calls},
          {"recordsCreated", counters.records_created},
          {"records", core_.instances.records().size()},
          {"connected", core_.instances.ConnectedCount(core_.Now())},
          {"connects", counters.connects},
          {"connectsRefused", counters.connects_refused},
          {"heartbeats", counters.heartbeats},
          {"listPolls", counters.list_polls},
          {"logins", counters.logins},
          {"refreshes", counters.refreshes},
          {"refused401", counters.refused_401},
          {"refused429", counters.refused_429},
          {"faultsApplied", core_.faults.applied()},
          {"held", core_.faults.held()},
          {"registersByServer", ByServer(counters.registers_by_server)},
          {"joinchecksByServer", ByServer(counters.joinchecks_by_server)},
          {"now", IsoTime(core_.Now())}};
}

Response HubDouble::SetLevers(const Request& request) {
  const std::optional<Json> body = ParseJson(request.body);
  if (!body || !body->is_object()) return ProblemResponse(400, "want a JSON object of levers");
  HubLevers& levers = core_.levers;
  for (auto it = body->begin(); it != body->end(); ++it) {
    const auto flag = Flags().find(it.key());
    if (flag != Flags().end() && it.value().is_boolean()) {
      levers.*(flag->second) = it.value().get<bool>();
    } else if (it.key() == "narrowByScope" && it.value().is_boolean()) {
      levers.narrow_by_scope = it.value().get<bool>();
    } else if (it.key() == "listLagMs") {
      levers.list_lag = Millis(*body, "listLagMs");
    } else if (it.key() == "skewMs") {
      levers.skew = Millis(*body, "skewMs");
    } else if (it.key() == "omitFields") {
      levers.omit_fields = TextSet(it.value());
    } else if (it.key() == "flapping") {
      levers.flapping = TextSet(it.value());
    } else {
      return ProblemResponse(400, absl::StrCat("no such lever, or of another type: ", it.key()));
    }
  }
  core_.instances.AllChanged();
  return Ok();
}

Response HubDouble::PlantFromJson(const Json& body) {
  if (const int count = static_cast<int>(JsonNumber(body, "populate")); count > 0) {
    Populate(count, JsonText(body, "prefix", "SIM-"));
    return Ok();
  }
  Json ids = Json::array();
  for (int i = 0; i < static_cast<int>(JsonNumber(body, "count", 1)); ++i) {
    PlantedRecord record;
    record.id = JsonText(body, "id");
    record.title = JsonText(body, "title");
    record.internal_instance_id = JsonText(body, "internalInstanceId");
    record.os = JsonText(body, "os", record.os);
    record.pending = JsonBool(body, "pending", true);
    record.connected = JsonBool(body, "connected");
    record.reported_ago = Millis(body, "reportedAgoMs");
    ids.push_back(Plant(record));
  }
  return JsonResponse({{"ids", std::move(ids)}});
}

// Closes the listener, breaks what is open, and listens again after `length`.
void HubDouble::Outage(absl::Duration length) {
  server_->Close();
  core_.instances.DropConnections();
  loop_.After(length, [this] { (void)server_->Reopen(); });
}

void HubDouble::AddControlRoutes() {
  const auto add = [this](absl::string_view name, std::function<Response(const Json&)> lever) {
    core_.router.AddSimple("POST", absl::StrCat("_control/", name),
                           [lever = std::move(lever)](const Request& request) {
                             const std::optional<Json> body =
                                 request.body.empty() ? Json::object() : ParseJson(request.body);
                             if (!body) return ProblemResponse(400, "the body is not JSON");
                             return lever(*body);
                           });
  };
  core_.router.AddSimple("GET", "_control/stats",
                         [this](const Request&) { return JsonResponse(StatsJson(), true); });
  core_.router.AddSimple("GET", "_control/records", [this](const Request&) {
    Response response;
    response.content_type = "application/json";
    response.body =
        core_.instances.ListText(core_.Now(), [](const InstanceRecord&) { return true; });
    return response;
  });
  core_.router.AddSimple("POST", "_control/levers",
                         [this](const Request& request) { return SetLevers(request); });
  add("faults", [this](const Json& body) {
    absl::StatusOr<FaultRule> rule = FaultRuleFromJson(body);
    if (!rule.ok()) return ProblemResponse(400, rule.status().message());
    core_.faults.Add(*std::move(rule));
    return Ok();
  });
  add("faults/clear", [this](const Json& body) {
    RemoveFaults(JsonText(body, "name"));
    return Ok();
  });
  add("release", [this](const Json& body) {
    return JsonResponse({{"released", core_.faults.Release(JsonText(body, "name"))}});
  });
  add("records", [this](const Json& body) { return PlantFromJson(body); });
  add("restart", [this](const Json&) {
    core_.Restart();
    return Ok();
  });
  add("outage", [this](const Json& body) {
    loop_.Post([this, length = Millis(body, "ms")] { Outage(length); });
    return Ok();
  });
  add("expire-jwts", [this](const Json&) {
    core_.ExpireJwts();
    return Ok();
  });
  add("keys", [this](const Json& body) {
    std::vector<std::string> tags;
    for (const std::string& tag : TextSet(JsonField(body, "scopedTags"))) tags.push_back(tag);
    const std::string id =
        core_.access.AddKey(JsonText(body, "clientId"), JsonText(body, "secret"),
                            JsonText(body, "role", kJoinRole), core_.Now(), std::move(tags));
    return JsonResponse({{"id", id}});
  });
  add("keys/delete", [this](const Json& body) {
    DeleteKey(JsonText(body, "clientId"));
    return Ok();
  });
  add("keys/expire", [this](const Json& body) {
    for (AssignedToken& token : core_.access.tokens) {
      for (AccessToken& pair : token.tokens) {
        if (pair.client_id == JsonText(body, "clientId")) pair.expiry = core_.Now();
      }
    }
    return Ok();
  });
  add("roles", [this](const Json& body) {
    Role role{JsonText(body, "id"), JsonText(body, "id"), "", TextSet(JsonField(body, "actions"))};
    core_.access.roles[role.id] = role;
    return Ok();
  });
  add("advance", [this](const Json& body) {
    core_.options.clock->Advance(Millis(body, "ms"));
    return JsonResponse({{"now", IsoTime(core_.Now())}});
  });
}

}  // namespace muster::doubles
