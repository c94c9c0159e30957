#include "tests/doubles/service/app_data.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {
namespace {

constexpr char kConfig[] = "serviceconfig.json";
constexpr char kIdentity[] = "hubinstance.identity.json";

// Whole or not at all: a reader never sees half a file.
absl::Status Write(const std::string& folder, const std::string& name, const std::string& text) {
  if (folder.empty()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = absl::StrCat(folder, "/", name);
  {
    std::ofstream file(path + ".new", std::ios::trunc);
    file << text;
    if (!file.flush()) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  std::filesystem::rename(path + ".new", path, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

Json Read(const std::string& folder, const std::string& name) {
  std::ifstream file(absl::StrCat(folder, "/", name));
  std::stringstream text;
  text << file.rdbuf();
  const std::optional<Json> json = ParseJson(text.str());
  return json ? *json : Json(nullptr);
}

Json LowerCased(const Json& json) {
  Json lower = Json::object();
  for (auto it = json.begin(); it != json.end(); ++it) {
    std::string name = it.key();
    name[0] = absl::ascii_tolower(name[0]);
    lower[name] = it.value();
  }
  return lower;
}

}  // namespace

absl::Status AppData::WriteConfig(const std::string& folder, bool lower_case) const {
  Json json;
  json["Host"] = host;
  json["Port"] = port;
  json["UseHTTPS"] = false;
  json["Transport"] = named_pipe ? "namedpipe" : "http";
  if (!hub_api.empty()) {
    json["ManagementServerHubAPI"] = hub_api;
    json["ManagementServerHubEndpoint"] = hub_endpoint;
  }
  if (!hub_assigned_id.empty()) json["HubAssignedInstanceId"] = hub_assigned_id;
  return Write(folder, kConfig, DumpJson(lower_case ? LowerCased(json) : json, true));
}

absl::Status AppData::WriteIdentity(const std::string& folder) const {
  Json json;
  json["HubAssignedInstanceId"] = identity;
  json["DateCreated"] = IsoTime(identity_created);
  return Write(folder, kIdentity, DumpJson(json, true));
}

void AppData::ReadHubPart(const std::string& folder) {
  const Json config = Read(folder, kConfig);
  hub_api = JsonText(config, "ManagementServerHubAPI");
  hub_endpoint = JsonText(config, "ManagementServerHubEndpoint");
  hub_assigned_id = JsonText(config, "HubAssignedInstanceId");
  identity = JsonText(Read(folder, kIdentity), "HubAssignedInstanceId");
}

}  // namespace muster::doubles
