// Lists, single instances, update, removal, rejoin (certify.md 4.4, rows H-1, H-5, H-6, H-14).
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/hub/hub_core.h"

namespace muster::doubles {
namespace {

constexpr char kListAction[] = "managementhub_instances_list_action";
constexpr char kUpdateAction[] = "managementhub_instance_update_action";
constexpr char kDeleteAction[] = "managementhub_instance_delete_action";

// Is the query's tag filter, if it has one, met?
bool InQueryScope(const HubCore& hub, const Request& request, const InstanceRecord& record) {
  return hub.tags.InScope(record.id, request.QueryAll("tagScopes"),
                          absl::EqualsIgnoreCase(request.Query("requireAllTags"), "true"),
                          absl::EqualsIgnoreCase(request.Query("includeUntagged"), "true"));
}

Response List(HubCore& hub, const Request& request, const Caller& caller) {
  ++hub.counters.list_polls;
  hub.EnsureOwnInstance();
  Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = hub.instances.ListText(hub.Now(), [&](const InstanceRecord& record) {
    return hub.Visible(caller, record) && InQueryScope(hub, request, record);
  });
  return response;
}

Response PublicList(HubCore& hub, const Caller& caller) {
  ++hub.counters.list_polls;
  hub.EnsureOwnInstance();
  return JsonResponse(
      hub.instances.Summaries(
          hub.Now(), [&](const InstanceRecord& record) { return hub.Visible(caller, record); },
          [&hub](const InstanceRecord& record) {
            Json tags = Json::array();
            for (const ItemTag& tag : hub.tags.Of(record.id)) {
              tags.push_back({{"categoryKey", tag.category}, {"value", tag.value}});
            }
            return tags;
          }),
      true);
}

Response Get(HubCore& hub, const Request& request) {
  const InstanceRecord* const record = hub.instances.Find(request.args[0]);
  if (record == nullptr) return ProblemResponse(404, "");
  return JsonResponse(hub.instances.StoredJson(*record), true);
}

Response Update(HubCore& hub, const Request& request) {
  const std::optional<Json> body = ParseJson(request.body);
  if (!body || !body->is_object()) {
    return ProblemResponse(400, "", "One or more validation errors occurred.");
  }
  InstanceRecord* const record = hub.instances.Find(request.args[0]);
  if (record == nullptr) {
    return JsonResponse(ActionResult(false, "Item Not found. Cannot update."), true);
  }
  if (!absl::EqualsIgnoreCase(JsonText(*body, "id"), record->id)) {
    return JsonResponse(ActionResult(false, "Item Id mismatch. Cannot update."), true);
  }
  if (const Json& title = JsonField(*body, "customTitle"); title.is_string()) {
    record->custom_title = title.get<std::string>();
  }
  record->description = JsonText(*body, "description", record->description);
  // All the rest is overwritten, also by what the caller left out.
  record->title = JsonText(*body, "title");
  record->os = JsonText(*body, "os");
  record->os_version = JsonText(*body, "osVersion");
  record->client_name = JsonText(*body, "clientName");
  record->client_version = JsonText(*body, "clientVersion");
  record->internal_instance_id = JsonText(*body, "internalInstanceId");
  record->request_auth_secret_hash = JsonText(*body, "requestAuthSecretHash");
  hub.instances.Changed(*record);
  return JsonResponse(ActionResult(true, "Updated"), true);
}

// Sends the current joining key to the instance and forgets its request secret.
bool OrderRejoin(HubCore& hub, const std::string& id) {
  Connection* const connection = hub.instances.ConnectionOf(id, hub.Now());
  const AccessToken* const key = hub.JoiningKey();
  if (connection == nullptr || key == nullptr) return false;
  connection->commands.push_back(
      {{"type", "Rejoin"}, {"clientId", key->client_id}, {"secret", key->secret}});
  if (InstanceRecord* const record = hub.instances.Find(id)) {
    record->request_auth_secret_hash.clear();
    hub.instances.Changed(*record);
  }
  return true;
}

Response RejoinAll(HubCore& hub) {
  int ordered = 0;
  for (const auto& [id, record] : hub.instances.records()) ordered += OrderRejoin(hub, id) ? 1 : 0;
  return JsonResponse(ActionResult(true, absl::StrCat("Rejoin requested for ", ordered)), true);
}

Response Status(HubCore& hub, const std::string& id) {
  Json items = Json::array();
  for (const auto& [key, record] : hub.instances.records()) {
    if (!id.empty() && !absl::EqualsIgnoreCase(id, key)) continue;
    const bool connected = hub.instances.IsConnected(record, hub.Now());
    items.push_back({{"instanceId", key},
                     {"title", record.DisplayTitle()},
                     {"status", connected ? "connected" : "disconnected"}});
  }
  return JsonResponse(items, true);
}

Response Live(HubCore& hub, const std::string& id) {
  const Connection* const connection = hub.instances.ConnectionOf(id, hub.Now());
  return JsonOrNoContent(connection == nullptr ? Json(nullptr) : connection->report.ToJson());
}

}  // namespace

void AddInstanceRoutes(HubCore& hub) {
  // A route that needs `action`.
  const auto add = [&hub](absl::string_view method, absl::string_view path,
                          absl::string_view action,
                          std::function<Response(const Request&, const Caller&)> handler) {
    const bool internal = absl::StartsWith(path, "internal/");
    hub.router.AddSimple(method, path,
                         [&hub, internal, action = std::string(action),
                          handler = std::move(handler)](const Request& request) {
                           HubCore::Authentication caller =
                               hub.Authorize(request, action, internal);
                           if (!caller.caller) return std::move(caller.refusal);
                           return handler(request, *caller.caller);
                         });
  };
  add("GET", "internal/v1/hub/instances", kListAction,
      [&hub](const Request& request, const Caller& caller) { return List(hub, request, caller); });
  if (!hub.Is2025()) {
    add("GET", "api/v1/hub/instances", kListAction,
        [&hub](const Request&, const Caller& caller) { return PublicList(hub, caller); });
  }
  add("POST", "internal/v1/hub/instances/rejoin", kUpdateAction,
      [&hub](const Request&, const Caller&) { return RejoinAll(hub); });
  add("POST", "internal/v1/hub/instances/{id}/rejoin", kUpdateAction,
      [&hub](const Request& request, const Caller&) {
        const bool sent = OrderRejoin(hub, request.args[0]);
        return JsonResponse(ActionResult(sent, sent ? "OK" : "Instance is not connected"), true);
      });
  add("GET", "internal/v1/hub/instances/{id}", kListAction,
      [&hub](const Request& request, const Caller&) { return Get(hub, request); });
  add("PUT", "internal/v1/hub/instances/{id}", kUpdateAction,
      [&hub](const Request& request, const Caller&) { return Update(hub, request); });
  add("DELETE", "internal/v1/hub/instances/{id}", kDeleteAction,
      [&hub](const Request& request, const Caller&) {
        const bool removed = hub.RemoveInstance(request.args[0]);
        return JsonResponse(ActionResult(removed, removed ? "Deleted" : "Not found"), true);
      });
  add("GET", "internal/v1/hub/status", kListAction,
      [&hub](const Request&, const Caller&) { return Status(hub, ""); });
  add("GET", "internal/v1/hub/status/{id}", kListAction,
      [&hub](const Request& request, const Caller&) { return Status(hub, request.args[0]); });
  add("GET", "internal/v1/hub/flush", kUpdateAction, [&hub](const Request&, const Caller&) {
    hub.instances.DropConnections();
    return JsonResponse(ActionResult(true, "OK"), true);
  });
  add("GET", "internal/v1/system/instance/{id}", kListAction,
      [&hub](const Request& request, const Caller&) { return Live(hub, request.args[0]); });
}

}  // namespace muster::doubles
