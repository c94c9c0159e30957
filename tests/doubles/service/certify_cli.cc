#include "tests/doubles/service/certify_cli.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/doubles/http/blocking_client.h"

namespace muster::doubles {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(20);

std::string ServiceUrl(const std::string& app_data) {
  std::ifstream file(absl::StrCat(app_data, "/serviceconfig.json"));
  std::stringstream text;
  text << file.rdbuf();
  const std::optional<Json> config = ParseJson(text.str());
  const std::string host = config ? JsonText(*config, "Host", "localhost") : "localhost";
  const int port = config ? static_cast<int>(JsonNumber(*config, "Port", 9696)) : 9696;
  return absl::StrCat("http://", host, ":", port, "/api");
}

}  // namespace

int RunCertify(const std::vector<std::string>& args, const std::string& app_data,
               std::ostream& out) {
  out << "Certify Certificate Manager - CLI Certify.Core v7.0.2.0\n"
      << "For more information see https://docs.certifytheweb.com/docs/commandline\n\n\n";
  if (args.size() < 2 || args[0] != "hub" || args[1] != "join") {
    out << "Usage: certify hub join <url of hub API> <client id> <client secret>\n";
    return 0;
  }
  if (args.size() < 5) {
    out << "Not enough arguments\n";
    return 0;
  }
  BlockingClient client;
  const std::string url = ServiceUrl(app_data);
  ClientRequest version;
  version.url = url + "/system/appversion";
  if (const ClientResult result = client.Call(version);
      result.kind != ClientResult::Kind::kAnswer) {
    out << "System.Net.Http.HttpRequestException: " << result.error << "\n"
        << "Certify Certificate Manager service not started.\n";
    return -1;
  }
  ClientRequest join;
  join.method = "POST";
  join.url = url + "/system/hub/join";
  join.body = DumpJson(Json{{"url", args[2]}, {"clientId", args[3]}, {"secret", args[4]}});
  join.timeout = kTimeout;
  const ClientResult result = client.Call(std::move(join));
  const std::optional<Json> body = ParseJson(result.response.body);
  if (result.kind != ClientResult::Kind::kAnswer || result.response.status != 200 || !body) {
    out << "Unhandled exception. System.Net.Http.HttpRequestException: " << result.error << "\n";
    return 1;
  }
  out << (JsonBool(*body, "isSuccess") ? "Joined Hub OK" : JsonText(*body, "message")) << "\n";
  return 0;
}

}  // namespace muster::doubles
