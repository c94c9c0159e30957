// register and joincheck: the decision table of certify.md 3.2 and signatures of 6.3 (rows
// H-1, H-2, H-15).
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/hub/hub_core.h"

namespace muster::doubles {
namespace {

constexpr char kProblems[] = "https://api.certifytheweb.com/problemtype/";
constexpr absl::Duration kAllowedSkew = absl::Minutes(5);

// The text that says what is wrong with the request's signature; empty when it is good.
std::string SignatureProblem(const HubCore& hub, const Request& request,
                             const InstanceRecord& record) {
  const std::string timestamp = request.Header("X-Certify-Timestamp");
  const std::string signature = request.Header("X-Certify-Signature");
  if (timestamp.empty()) return "X-Certify-Timestamp header is required.";
  if (signature.empty()) return "X-Certify-Signature header is required.";
  const std::optional<absl::Time> time = ParseIsoTime(timestamp);
  if (!time) return "X-Certify-Timestamp header is invalid.";
  if (*time < hub.Now() - kAllowedSkew || *time > hub.Now() + kAllowedSkew) {
    return "X-Certify-Timestamp is outside the allowed clock skew window.";
  }
  const std::string payload = SignaturePayload(request.Header("X-Certify-HubAssignedId"), timestamp,
                                               request.method, request.target, request.body);
  if (signature != SignatureOf(record.request_auth_secret_hash, payload)) {
    return "Managed instance request signature is invalid.";
  }
  return "";
}

Response Joined(HubCore& hub, const Request& request, const std::string& id, bool known,
                absl::string_view message, const std::optional<std::string>& secret) {
  Json info;
  info["hubAssignedInstanceId"] = id;
  info["version"] = hub.VersionJson();
  info["hubEndpoint"] = "api/internal/managementhub";
  info["message"] = std::string(message);
  info["joiningToken"] = hub.MakeJoiningToken(request.Header("X-Client-ID"), id,
                                              request.Header("X-Certify-Trace-InstanceName"));
  if (!hub.Is2025()) {
    info["requestAuthSecret"] = secret ? Json(*secret) : Json(nullptr);
    info["rejoinRequired"] = false;
    info["isKnownInstance"] = known;
  }
  return JsonResponse(info, true);
}

std::string IssueSecret(InstanceTable& instances, InstanceRecord& record) {
  const std::string secret = RandomBase64(32);
  record.request_auth_secret_hash = RequestAuthSecretHash(secret);
  instances.Changed(record);
  return secret;
}

Response NewInstance(HubCore& hub, const Request& request, const std::string& id,
                     absl::string_view title) {
  ++hub.counters.records_created;
  InstanceRecord& record = hub.CreateInstance(id, title);
  std::optional<std::string> secret;
  if (!hub.Is2025()) secret = IssueSecret(hub.instances, record);
  return Joined(hub, request, record.id, false, "Joining OK. New instance registration created.",
                secret);
}

Response KnownInstance(HubCore& hub, const Request& request, InstanceRecord& record,
                       bool is_register) {
  constexpr char kReused[] = "Joining OK. Existing instance registration reused.";
  if (hub.Is2025()) return Joined(hub, request, record.id, true, kReused, std::nullopt);
  const bool has_secret = !record.request_auth_secret_hash.empty();
  bool reissue = absl::EqualsIgnoreCase(request.Query("reissueRequestAuthSecret"), "true");
  if (hub.IsSigned() && has_secret && !is_register) {
    const bool unsigned_call = request.Header("X-Certify-Signature").empty();
    if (unsigned_call && hub.levers.allow_unsigned_joincheck) {
      reissue = false;
    } else if (const std::string problem = SignatureProblem(hub, request, record);
               !problem.empty()) {
      ++hub.counters.refused_401;
      return ProblemResponse(
          401, problem, "Unauthorized",
          unsigned_call ? absl::StrCat(kProblems, "hub-joincheck-signature-required") : "");
    }
  }
  if (!has_secret || reissue) {
    return Joined(hub, request, record.id, true,
                  "Joining OK. Existing instance registration reused and request auth secret "
                  "reissued.",
                  IssueSecret(hub.instances, record));
  }
  return Joined(hub, request, record.id, true, kReused, std::nullopt);
}

Response UnknownId(HubCore& hub, absl::string_view detail) {
  ++hub.counters.refused_401;
  return ProblemResponse(401, detail, "Unauthorized",
                         absl::StrCat(kProblems, "hub-unknown-instance-id"));
}

Response Decide(HubCore& hub, const Request& request, bool is_register) {
  const std::string presented = request.Header("X-Certify-HubAssignedId");
  const std::string name = request.Header("X-Certify-Trace-InstanceName");
  if (hub.Is2025() && is_register) return NewInstance(hub, request, NewGuid(), "");
  if (presented.empty()) {
    if (is_register) return NewInstance(hub, request, NewGuid(), "");
    ++hub.counters.refused_401;
    return ProblemResponse(401, "X-Certify-HubAssignedId HTTP header missing in request");
  }
  if (InstanceRecord* const record = hub.instances.Find(presented)) {
    return KnownInstance(hub, request, *record, is_register);
  }
  if (hub.Is2025()) return UnknownId(hub, "Unknown hub assigned instance id");
  if (!IsGuid(presented)) return UnknownId(hub, "Invalid hub assigned instance id format");
  return NewInstance(hub, request, presented, name);
}

Response Join(HubCore& hub, const Request& request, bool is_register) {
  const std::string name = request.Header("X-Certify-Trace-InstanceName");
  if (is_register) {
    ++hub.counters.register_calls;
    ++hub.counters.registers_by_server[name];
  } else {
    ++hub.counters.joincheck_calls;
    ++hub.counters.joinchecks_by_server[name];
  }
  const auto permit = [&] { return hub.TakePermit(request, "hub-join", hub.options.join_limit); };
  if (hub.levers.refused_auth_takes_permit) {
    if (std::optional<Response> refused = permit()) return *refused;
  }
  const HubCore::Authentication caller = hub.Authorize(request, kJoinAction, false);
  if (!caller.caller) return caller.refusal;
  if (!hub.levers.refused_auth_takes_permit) {
    if (std::optional<Response> refused = permit()) return *refused;
  }
  return Decide(hub, request, is_register);
}

// The private stand-in for SignalR between our doubles (certify.md 3.3).
Response Connect(HubCore& hub, const Request& request) {
  const std::optional<Json> claims = hub.CheckJwt(BearerOf(request));
  const std::string token_id = claims ? JsonText(*claims, "hub-assigned-id") : "";
  const std::optional<Json> body = ParseJson(request.body);
  if (!body) return ProblemResponse(400, "the body is not JSON");
  if (token_id.empty() || hub.levers.refuse_connect ||
      (hub.IsSigned() && JsonText(*claims, "purpose") != "managed-instance-joining")) {
    ++hub.counters.connects_refused;
    return StatusResponse(401);
  }
  InstanceReport report = InstanceReport::FromJson(*body);
  if (report.instance_id != token_id && hub.IsSigned()) {
    ++hub.counters.connects_refused;
    return ProblemResponse(409, "The connection was aborted: it reports another instance id.");
  }
  report.instance_id = token_id;
  ++hub.counters.connects;
  const Connection& connection = hub.instances.Connect(std::move(report), hub.Now());
  return JsonResponse({{"connectionId", connection.id}});
}

Response Heartbeat(HubCore& hub, const Request& request) {
  const std::optional<Json> body = ParseJson(request.body);
  if (!body) return ProblemResponse(400, "the body is not JSON");
  Json gone = Json::array();
  Json commands = Json::array();
  const Json& reports = JsonField(*body, "reports");
  for (const Json& id : JsonField(*body, "connections")) {
    if (!id.is_string()) continue;
    const std::string connection_id = id.get<std::string>();
    Connection* const connection = hub.instances.FindConnection(connection_id);
    if (connection != nullptr && reports.contains(connection_id)) {
      const std::string instance_id = connection->report.instance_id;
      connection->report = InstanceReport::FromJson(reports[connection_id]);
      connection->report.instance_id = instance_id;
    }
    ++hub.counters.heartbeats;
    if (!hub.instances.Heartbeat(connection_id, hub.Now())) {
      gone.push_back(id);
      continue;
    }
    for (Json& command : connection->commands) {
      command["connectionId"] = connection_id;
      commands.push_back(std::move(command));
    }
    connection->commands.clear();
  }
  return JsonResponse({{"gone", std::move(gone)}, {"commands", std::move(commands)}});
}

Response Disconnect(HubCore& hub, const Request& request) {
  const std::optional<Json> body = ParseJson(request.body);
  if (!body) return ProblemResponse(400, "the body is not JSON");
  for (const Json& id : JsonField(*body, "connections")) {
    if (id.is_string()) hub.instances.Disconnect(id.get<std::string>());
  }
  return StatusResponse(204);
}

}  // namespace

void AddJoinRoutes(HubCore& hub) {
  Router& router = hub.router;
  router.AddSimple("GET", "api/v1/hub/register",
                   [&hub](const Request& request) { return Join(hub, request, true); });
  router.AddSimple("GET", "api/v1/hub/joincheck",
                   [&hub](const Request& request) { return Join(hub, request, false); });
  router.AddSimple("POST", "_control/connect",
                   [&hub](const Request& request) { return Connect(hub, request); });
  router.AddSimple("POST", "_control/heartbeat",
                   [&hub](const Request& request) { return Heartbeat(hub, request); });
  router.AddSimple("POST", "_control/disconnect",
                   [&hub](const Request& request) { return Disconnect(hub, request); });
}

}  // namespace muster::doubles
