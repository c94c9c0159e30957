#include "worker/service/service_files.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/url.h"
#include "base/redact.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr int kDefaultPort = 9696;

// The file's object; null when there is no such file.
absl::StatusOr<nlohmann::json> ReadObject(ServiceTrust& trust, const std::string& folder,
                                          const std::string& name) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, trust.ReadFile(folder, name));
  if (!text.has_value()) return nlohmann::json();
  absl::string_view content = *text;
  absl::ConsumePrefix(&content, "\xEF\xBB\xBF");  // .NET may write a byte order mark.
  nlohmann::json object =
      nlohmann::json::parse(content.begin(), content.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return FailureStatus(FailureCode::kServiceConfigBad,
                         absl::StrCat(folder, "/", name, " is no JSON object"));
  }
  return object;
}

const nlohmann::json* FindAnyCase(const nlohmann::json& object, absl::string_view name) {
  if (!object.is_object()) return nullptr;
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (absl::EqualsIgnoreCase(it.key(), name)) return it.value().is_null() ? nullptr : &it.value();
  }
  return nullptr;
}

std::string TextOf(const nlohmann::json& object, absl::string_view name) {
  const nlohmann::json* value = FindAnyCase(object, name);
  if (value == nullptr || !value->is_string()) return "";
  return CleanLine(absl::StripAsciiWhitespace(value->get_ref<const std::string&>()));
}

absl::StatusOr<std::optional<int>> PortOf(const nlohmann::json& config) {
  const nlohmann::json* value = FindAnyCase(config, "Port");
  if (value == nullptr) return std::optional<int>();
  int64_t port = 0;
  if (value->is_number_integer()) {
    port = value->get<int64_t>();
  } else if (!value->is_string() ||
             !absl::SimpleAtoi(value->get_ref<const std::string&>(), &port)) {
    port = -1;
  }
  if (port < 1 || port > 65535) {
    return FailureStatus(FailureCode::kServiceConfigBad, "Port in serviceconfig.json is no port");
  }
  return std::optional<int>(static_cast<int>(port));
}

absl::Status ReadEndpoints(const nlohmann::json& config, ServiceFiles& files) {
  ASSIGN_OR_RETURN(const std::optional<int> port, PortOf(config));
  std::string host = TextOf(config, "Host");
  if (host == "*" || host == "+" || host == "0.0.0.0" || host == "::" || host == "[::]") {
    host = "localhost";  // Listens on every address.
  }
  if (host.empty() || !port.has_value()) {
    // What a new service uses, and what a 2026 one falls back to.
    const int known = port.value_or(kDefaultPort);
    files.endpoints = {absl::StrCat("http://127.0.0.2:", known),
                       absl::StrCat("http://localhost:", known)};
    return absl::OkStatus();
  }
  if (absl::StrContains(host, ':') && host[0] != '[') host = absl::StrCat("[", host, "]");
  const std::string text = absl::StrCat("http://", host, ":", *port);
  const absl::StatusOr<http::Url> url = http::Url::Parse(text);
  if (!url.ok() || !url->path().empty()) {
    return FailureStatus(FailureCode::kServiceConfigBad,
                         "Host in serviceconfig.json is no host name or address");
  }
  files.endpoints = {text};
  return absl::OkStatus();
}

}  // namespace

std::string NormalizeHubUrl(const std::string& url) {
  const absl::StatusOr<http::Url> parsed = http::Url::Parse(absl::StripAsciiWhitespace(url));
  if (parsed.ok()) return parsed->WithoutQuery();
  absl::string_view text = absl::StripAsciiWhitespace(url);
  while (absl::ConsumeSuffix(&text, "/")) {
  }
  return std::string(text);
}

absl::StatusOr<ServiceFiles> ReadServiceFiles(ServiceTrust& trust,
                                              const std::string& app_data_folder) {
  ServiceFiles files;
  RETURN_IF_ERROR(trust.CheckFolder(app_data_folder));
  ASSIGN_OR_RETURN(const nlohmann::json config,
                   ReadObject(trust, app_data_folder, "serviceconfig.json"));
  RETURN_IF_ERROR(ReadEndpoints(config, files));
  files.named_pipe = absl::EqualsIgnoreCase(TextOf(config, "Transport"), "namedpipe");
  files.hub_url = NormalizeHubUrl(TextOf(config, "ManagementServerHubAPI"));
  ASSIGN_OR_RETURN(const nlohmann::json identity,
                   ReadObject(trust, app_data_folder, "hubinstance.identity.json"));
  std::string id = TextOf(identity, "HubAssignedInstanceId");
  if (id.empty()) id = TextOf(config, "HubAssignedInstanceId");
  files.hub_instance_id = absl::AsciiStrToLower(id);
  return files;
}

}  // namespace muster::worker
