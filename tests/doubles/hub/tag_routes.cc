// Tags (certify.md 4.7, row H-1).
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/hub/hub_core.h"

namespace muster::doubles {
namespace {

constexpr char kList[] = "managementhub_tag_list_action";
constexpr char kAdd[] = "managementhub_tag_add_action";
constexpr char kUpdate[] = "managementhub_tag_update_action";
constexpr char kDelete[] = "managementhub_tag_delete_action";

Response Done(bool success = true) {
  return JsonResponse(ActionResult(success, success ? "OK" : "Not found"), true);
}

Json ItemTagJson(const ItemTag& tag) {
  return {{"taggedItemId", tag.item_id},
          {"taggedItemType", tag.item_type},
          {"categoryKey", tag.category},
          {"value", tag.value},
          {"id", tag.id},
          {"title", ""},
          {"description", ""},
          {"itemType", "itemtag"}};
}

Json Items(const HubCore& hub, const Request& request) {
  const auto passes = [&request](absl::string_view name, const std::string& value) {
    const std::string wanted = request.Query(name);
    return wanted.empty() || wanted == value;
  };
  Json list = Json::array();
  for (const ItemTag& tag : hub.tags.items) {
    if (passes("categoryKey", tag.category) && passes("value", tag.value) &&
        passes("itemType", tag.item_type) && passes("instanceId", tag.item_id)) {
      list.push_back(ItemTagJson(tag));
    }
  }
  return list;
}

Json TagsOfItem(const HubCore& hub, const std::string& item_id) {
  Json list = Json::array();
  for (const ItemTag& tag : hub.tags.Of(item_id)) {
    const auto category = hub.tags.categories.find(tag.category);
    const std::string display = category == hub.tags.categories.end()
                                    ? tag.category
                                    : JsonText(category->second, "displayName", tag.category);
    list.push_back({{"categoryKey", tag.category},
                    {"categoryDisplayName", display},
                    {"value", tag.value},
                    {"colorHint", ""},
                    {"displayText", absl::StrCat(display, ": ", tag.value)}});
  }
  return list;
}

Response Bulk(HubCore& hub, const Json& body) {
  const std::string type = JsonText(body, "itemType", "ManagedInstance");
  for (const Json& item : JsonField(body, "itemIds")) {
    if (!item.is_string()) continue;
    const std::string id = item.get<std::string>();
    for (const Json& tag : JsonField(body, "addTags")) {
      hub.tags.Put(id, type, JsonText(tag, "categoryKey"), JsonText(tag, "value"));
    }
    for (const Json& tag : JsonField(body, "removeTags")) {
      hub.tags.Take(id, JsonText(tag, "categoryKey"), JsonText(tag, "value"));
    }
  }
  return Done();
}

Json Values(const HubCore& hub, const std::string& category) {
  Json list = Json::array();
  for (const auto& [id, value] : hub.tags.values) {
    if (category.empty() || JsonText(value, "categoryKey") == category) list.push_back(value);
  }
  return list;
}

// The second value's items get the first value, then the second is gone.
Response Merge(HubCore& hub, const Json& body) {
  const auto target = hub.tags.values.find(JsonText(body, "targetValueId"));
  const auto source = hub.tags.values.find(JsonText(body, "sourceValueId"));
  if (target == hub.tags.values.end() || source == hub.tags.values.end()) return Done(false);
  for (ItemTag& tag : hub.tags.items) {
    if (tag.value == JsonText(source->second, "value"))
      tag.value = JsonText(target->second, "value");
  }
  hub.tags.values.erase(source);
  return Done();
}

}  // namespace

void AddTagRoutes(HubCore& hub) {
  const auto add = [&hub](absl::string_view method, absl::string_view path,
                          absl::string_view action,
                          std::function<Response(const Request&, const Json& body)> handler) {
    hub.router.AddSimple(
        method, absl::StrCat("internal/v1/tag/", path),
        [&hub, action = std::string(action), handler = std::move(handler)](const Request& request) {
          HubCore::Authentication caller = hub.Authorize(request, action, true);
          if (!caller.caller) return std::move(caller.refusal);
          const std::optional<Json> body =
              request.body.empty() ? Json(nullptr) : ParseJson(request.body);
          if (!body || (request.method == "POST" && body->is_null())) {
            return ProblemResponse(400, "", "One or more validation errors occurred.");
          }
          return handler(request, *body);
        });
  };
  TagStore& tags = hub.tags;
  add("GET", "categories", kList, [&tags](const Request&, const Json&) {
    Json list = Json::array();
    for (const auto& [key, category] : tags.categories) list.push_back(category);
    return JsonResponse(list, true);
  });
  add("GET", "categories/{key}", kList, [&tags](const Request& request, const Json&) {
    const auto category = tags.categories.find(request.args[0]);
    return JsonOrNoContent(category == tags.categories.end() ? Json(nullptr) : category->second);
  });
  add("POST", "categories", kAdd, [&tags](const Request&, const Json& body) {
    Json category = body;
    const std::string key = absl::AsciiStrToLower(JsonText(body, "categoryKey"));
    category["categoryKey"] = key;
    tags.categories[key] = std::move(category);
    return Done();
  });
  add("DELETE", "categories/{key}", kDelete, [&tags](const Request& request, const Json&) {
    return Done(tags.categories.erase(request.args[0]) > 0);
  });
  add("GET", "values", kList, [&hub](const Request& request, const Json&) {
    return JsonResponse(Values(hub, request.Query("categoryKey")), true);
  });
  add("POST", "values", kAdd, [&tags](const Request&, const Json& body) {
    Json value = body;
    const std::string id = JsonText(body, "id", NewGuid());
    value["id"] = id;
    tags.values[id] = std::move(value);
    return Done();
  });
  add("POST", "values/update", kUpdate, [&tags](const Request&, const Json& body) {
    const auto value = tags.values.find(JsonText(body, "id"));
    if (value == tags.values.end()) return Done(false);
    value->second = body;
    return Done();
  });
  add("POST", "values/merge", kUpdate,
      [&hub](const Request&, const Json& body) { return Merge(hub, body); });
  add("DELETE", "values/{id}", kDelete, [&tags](const Request& request, const Json&) {
    return Done(tags.values.erase(request.args[0]) > 0);
  });
  add("GET", "items", kList, [&hub](const Request& request, const Json&) {
    return JsonResponse(Items(hub, request), true);
  });
  add("GET", "items/{type}/{id}", kList, [&hub](const Request& request, const Json&) {
    return JsonResponse(TagsOfItem(hub, request.args[1]), true);
  });
  add("POST", "items/bulk", kAdd,
      [&hub](const Request&, const Json& body) { return Bulk(hub, body); });
  add("POST", "items", kAdd, [&tags](const Request&, const Json& body) {
    for (const Json& tag : body) {
      tags.Put(JsonText(tag, "taggedItemId"), JsonText(tag, "taggedItemType", "ManagedInstance"),
               JsonText(tag, "categoryKey"), JsonText(tag, "value"));
    }
    return Done();
  });
  add("DELETE", "items", kDelete, [&tags](const Request&, const Json& body) {
    bool all = true;
    for (const Json& id : body) {
      if (id.is_string()) all = tags.Remove(id.get<std::string>()) && all;
    }
    return Done(all);
  });
}

}  // namespace muster::doubles
