#include "tests/doubles/hub/instance_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

constexpr char kLastReportedMark[] = "@@last-reported@@";
constexpr char kStatusMark[] = "@@status@@";

Json License() {
  return {{"isValid", false},        {"statusCode", ""},
          {"validationMessage", ""}, {"usageCount", 0},
          {"maxUsage", 0},           {"dateExpiry", nullptr},
          {"userProfileId", 0},      {"userProductLicenseId", 0}};
}

Json Summary(const std::string& id) {
  return {{"instanceId", id},   {"total", 0},
          {"healthy", 0},       {"error", 0},
          {"warning", 0},       {"awaitingUser", 0},
          {"invalidConfig", 0}, {"noCertificate", 0},
          {"totalDomains", 0},  {"externallyManaged", 0}};
}

Json TextOrNull(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

}  // namespace

InstanceReport InstanceReport::FromJson(const Json& json) {
  InstanceReport report;
  report.instance_id = JsonText(json, "instanceId");
  report.internal_instance_id = JsonText(json, "internalInstanceId");
  report.title = JsonText(json, "title");
  report.os = JsonText(json, "os");
  report.os_version = JsonText(json, "osVersion");
  report.client_name = JsonText(json, "clientName");
  report.client_version = JsonText(json, "clientVersion");
  return report;
}

Json InstanceReport::ToJson() const {
  return {{"instanceId", instance_id},
          {"internalInstanceId", internal_instance_id},
          {"title", title},
          {"os", os},
          {"osVersion", os_version},
          {"clientName", client_name},
          {"clientVersion", client_version}};
}

InstanceRecord* InstanceTable::Find(const std::string& id) {
  const auto record = records_.find(absl::AsciiStrToLower(id));
  return record == records_.end() ? nullptr : &record->second;
}

InstanceRecord& InstanceTable::Create(const std::string& id, absl::string_view title,
                                      absl::Time now) {
  InstanceRecord record;
  record.id = absl::AsciiStrToLower(id);
  record.title = std::string(title);
  record.security_principal_id = NewGuid();
  record.registered = now;
  record.last_reported = now;
  record.listed_from = now + levers_.list_lag;
  return records_[record.id] = std::move(record);
}

bool InstanceTable::Remove(const std::string& id) {
  return records_.erase(absl::AsciiStrToLower(id)) > 0;
}

void InstanceTable::Changed(InstanceRecord& record) { record.cached_json.clear(); }

void InstanceTable::AllChanged() {
  for (auto& [id, record] : records_) Changed(record);
}

void InstanceTable::Apply(const InstanceReport& report, absl::Time now) {
  InstanceRecord* record = Find(report.instance_id);
  if (record == nullptr) record = &Create(report.instance_id, report.title, now);
  if (!levers_.freeze_last_reported) record->last_reported = now;
  if (!record->pending && record->title == report.title && record->os == report.os &&
      record->internal_instance_id == report.internal_instance_id &&
      record->client_version == report.client_version && record->os_version == report.os_version) {
    return;
  }
  record->pending = false;
  record->title = report.title;
  record->os = report.os;
  record->os_version = report.os_version;
  record->client_name = report.client_name;
  record->client_version = report.client_version;
  record->internal_instance_id = report.internal_instance_id;
  Changed(*record);
}

Connection& InstanceTable::Connect(InstanceReport report, absl::Time now) {
  const std::string instance_id = report.instance_id;
  if (const auto current = current_connection_.find(instance_id);
      current != current_connection_.end()) {
    const auto older = connections_.find(current->second);
    if (older != connections_.end()) older->second.superseded = true;
  }
  Connection connection;
  connection.id = NewGuid();
  connection.report = std::move(report);
  connection.last_beat = now;
  Apply(connection.report, now);
  current_connection_[instance_id] = connection.id;
  return connections_[connection.id] = std::move(connection);
}

Connection* InstanceTable::FindConnection(const std::string& connection_id) {
  const auto connection = connections_.find(connection_id);
  return connection == connections_.end() ? nullptr : &connection->second;
}

Connection* InstanceTable::ConnectionOf(const std::string& instance_id, absl::Time now) {
  const auto current = current_connection_.find(instance_id);
  if (current == current_connection_.end()) return nullptr;
  Connection* const connection = FindConnection(current->second);
  if (connection == nullptr || connection->last_beat + options_.heartbeat * 3 < now) return nullptr;
  return connection;
}

bool InstanceTable::Heartbeat(const std::string& connection_id, absl::Time now) {
  Connection* const connection = FindConnection(connection_id);
  if (connection == nullptr) return false;
  if (connection->superseded) return true;
  connection->last_beat = now;
  Apply(connection->report, now);
  return true;
}

void InstanceTable::Disconnect(const std::string& connection_id) {
  const auto connection = connections_.find(connection_id);
  if (connection == connections_.end()) return;
  const auto current = current_connection_.find(connection->second.report.instance_id);
  if (current != current_connection_.end() && current->second == connection_id) {
    current_connection_.erase(current);
  }
  connections_.erase(connection);
}

void InstanceTable::DropConnections() {
  connections_.clear();
  current_connection_.clear();
}

bool InstanceTable::IsConnected(const InstanceRecord& record, absl::Time now) const {
  if (record.always_connected) return true;
  const auto current = current_connection_.find(record.id);
  if (current == current_connection_.end()) return false;
  const auto connection = connections_.find(current->second);
  return connection != connections_.end() &&
         now <= connection->second.last_beat + options_.heartbeat * 3;
}

int InstanceTable::ConnectedCount(absl::Time now) const {
  return static_cast<int>(std::count_if(records_.begin(), records_.end(), [&](const auto& entry) {
    return IsConnected(entry.second, now);
  }));
}

absl::Time InstanceTable::LastReported(const InstanceRecord& record, absl::Time now) const {
  if (!record.always_connected || levers_.freeze_last_reported) return record.last_reported;
  return now;
}

std::string InstanceTable::Date(absl::Time time) const {
  return IsoTime(time, absl::FixedTimeZone(options_.utc_offset_minutes * 60));
}

Json InstanceTable::ToJson(const InstanceRecord& record, absl::string_view last_reported,
                           absl::string_view status) const {
  Json json;
  json["instanceId"] = record.id;
  json["internalInstanceId"] = record.internal_instance_id;
  json["securityPrincipalId"] = record.security_principal_id;
  json["customTitle"] = TextOrNull(record.custom_title);
  json["displayTitle"] = record.DisplayTitle();
  json["os"] = record.os;
  json["osVersion"] = record.os_version;
  json["clientName"] = record.client_name;
  json["clientVersion"] = record.client_version;
  json["tags"] = Json::array();
  json["dateLastReported"] = std::string(last_reported);
  json["dateRegistered"] = Date(record.registered);
  json["connectionStatus"] = std::string(status);
  json["isAuthenticated"] = true;
  if (options_.profile != HubProfile::kHub2025) {
    json["isPendingConnection"] = record.pending;
    json["isDashboardEnabled"] = false;
    json["requestAuthSecretHash"] = record.request_auth_secret_hash.empty()
                                        ? Json(nullptr)
                                        : Json(record.request_auth_secret_hash);
  }
  json["license"] = License();
  json["summary"] = record.pending ? Json(nullptr) : Summary(record.id);
  json["id"] = record.id;
  json["title"] = record.title;
  json["description"] = record.description;
  json["itemType"] = "managedinstance";
  if (levers_.extra_fields) {
    json["futureField"] = {{"nested", {1, 2, 3}}, {"kind", "unknown"}};
    json["anotherFutureField"] = nullptr;
  }
  for (const std::string& field : levers_.omit_fields) json.erase(field);
  return json;
}

Json InstanceTable::StoredJson(const InstanceRecord& record) const {
  return ToJson(record, Date(record.last_reported), "disconnected");
}

std::vector<InstanceRecord*> InstanceTable::Sorted(
    absl::Time now, const std::function<bool(const InstanceRecord&)>& visible) {
  std::vector<std::pair<std::string, InstanceRecord*>> keyed;
  keyed.reserve(records_.size());
  for (auto& [id, record] : records_) {
    if (record.listed_from > now || !visible(record)) continue;
    if (options_.profile == HubProfile::kHub2025 && !IsConnected(record, now)) continue;
    keyed.emplace_back(absl::AsciiStrToLower(record.DisplayTitle()), &record);
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<InstanceRecord*> sorted;
  sorted.reserve(keyed.size());
  for (const auto& [title, record] : keyed) sorted.push_back(record);
  return sorted;
}

std::string InstanceTable::ListText(absl::Time now,
                                    const std::function<bool(const InstanceRecord&)>& visible) {
  std::string text = "[";
  for (InstanceRecord* record : Sorted(now, visible)) {
    if (record->cached_json.empty()) {
      record->cached_json = absl::StrReplaceAll(
          DumpJson(ToJson(*record, kLastReportedMark, kStatusMark), true), {{"\n", "\n  "}});
    }
    bool connected = IsConnected(*record, now);
    if (levers_.flapping.count(record->id) > 0)
      connected = flapped_[record->id] = !flapped_[record->id];
    absl::StrAppend(&text, text.size() == 1 ? "\n  " : ",\n  ",
                    absl::StrReplaceAll(record->cached_json,
                                        {{kLastReportedMark, Date(LastReported(*record, now))},
                                         {kStatusMark, connected ? "connected" : "disconnected"}}));
  }
  text += text.size() == 1 ? "]" : "\n]";
  return text;
}

Json InstanceTable::Summaries(absl::Time now,
                              const std::function<bool(const InstanceRecord&)>& visible,
                              const std::function<Json(const InstanceRecord&)>& tags) {
  Json list = Json::array();
  for (const InstanceRecord* record : Sorted(now, visible)) {
    Json item;
    item["id"] = record->id;
    item["displayTitle"] = record->DisplayTitle();
    item["description"] = record->description;
    item["os"] = record->os;
    item["osVersion"] = record->os_version;
    item["clientName"] = record->client_name;
    item["clientVersion"] = record->client_version;
    item["tags"] = tags(*record);
    item["dateLastReported"] = Date(LastReported(*record, now));
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace muster::doubles
