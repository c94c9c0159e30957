#include "orchestrator/cli/names.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/operator.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "orchestrator/cli/nearest.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);
constexpr int kMostNames = 500;

// "acme/prod" of "acme/prod/WEB-01"; empty when there is no second slash.
absl::string_view ZonePartOf(absl::string_view name) {
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos || name.find('/') == slash) return "";
  return name.substr(0, slash);
}

std::vector<std::string> TenantNames(Client& client) {
  std::vector<std::string> names;
  const auto tenants = client.ListTenants({});
  if (!tenants.ok()) return names;
  for (const auto& tenant : tenants->tenants()) names.push_back(tenant.tenant_id());
  return names;
}

std::vector<std::string> ZoneNames(Client& client) {
  std::vector<std::string> names;
  const auto zones = client.ListZones({});
  if (!zones.ok()) return names;
  for (const auto& zone : zones->zones()) names.push_back(zone.zone_id());
  return names;
}

std::vector<std::string> OperatorNames(Client& client) {
  std::vector<std::string> names;
  const auto operators = client.ListOperators({});
  if (!operators.ok()) return names;
  for (const auto& op : operators->operators()) names.push_back(op.name());
  return names;
}

// Servers of the zone whose names begin so.
std::vector<std::string> ServerNames(Client& client, absl::string_view zone,
                                     absl::string_view beginning) {
  v1::ListServersRequest request;
  request.mutable_selection()->set_zone_id(zone.data(), zone.size());
  if (!beginning.empty()) request.mutable_selection()->add_names(absl::StrCat(beginning, "*"));
  std::vector<std::string> names;
  const auto servers = client.ListServers(std::move(request), kMostNames);
  if (!servers.ok()) return names;
  for (const auto& server : servers->servers()) {
    names.push_back(absl::StrCat(server.zone_id(), "/", server.name()));
  }
  return names;
}

// What stands between the first pair of quotes of a message: the name that was refused.
absl::string_view QuotedIn(absl::string_view message) {
  const size_t begin = message.find('\'');
  if (begin == absl::string_view::npos) return "";
  const size_t end = message.find('\'', begin + 1);
  return end == absl::string_view::npos ? "" : message.substr(begin + 1, end - begin - 1);
}

// " Did you mean 'acme/prod'?", or nothing.
std::string AsSentence(absl::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> nearest = Nearest(word, known);
  return nearest.has_value() ? absl::StrCat(" Did you mean '", *nearest, "'?") : "";
}

std::string SuggestServer(Client& client, absl::string_view server) {
  const absl::string_view zone = ZonePartOf(server);
  if (zone.empty()) return "";
  const std::vector<std::string> zones = ZoneNames(client);
  if (std::find(zones.begin(), zones.end(), zone) == zones.end()) {
    const auto nearest = Nearest(zone, zones);
    if (!nearest.has_value()) return "";
    return absl::StrCat(" Did you mean the zone '", *nearest, "'?");
  }
  // One wrong letter is seldom among the first ones of a name; else all of a small zone are asked.
  const absl::string_view name = server.substr(zone.size() + 1);
  std::string advice =
      AsSentence(server, ServerNames(client, zone, name.substr(0, name.size() / 2)));
  if (advice.empty()) advice = AsSentence(server, ServerNames(client, zone, ""));
  return advice;
}

}  // namespace

std::vector<std::string> NamesLike(Context& context, NameKind kind, absl::string_view prefix) {
  std::vector<std::string> names;
  const auto client = context.Connect(kPatience);
  if (!client.ok()) return names;
  switch (kind) {
    case NameKind::kTenant:
      names = TenantNames(**client);
      break;
    case NameKind::kZone:
      names = ZoneNames(**client);
      break;
    case NameKind::kServer: {
      const absl::string_view zone = ZonePartOf(prefix);
      if (!zone.empty()) {
        names = ServerNames(**client, zone, prefix.substr(zone.size() + 1));
      } else {
        for (const std::string& known : ZoneNames(**client)) {
          names.push_back(absl::StrCat(known, "/"));
        }
      }
      break;
    }
    case NameKind::kRollout:
      if (const auto list = (*client)->ListRollouts({}, kMostNames); list.ok()) {
        for (const auto& rollout : list->rollouts()) names.push_back(rollout.rollout_id());
      }
      break;
    case NameKind::kToken:
      if (const auto list = (*client)->ListTokens({}); list.ok()) {
        for (const auto& token : list->tokens()) {
          if (token.state() == v1::TOKEN_STATE_ACTIVE || token.state() == v1::TOKEN_STATE_LOCKED) {
            names.push_back(token.token_id());
          }
        }
      }
      break;
    case NameKind::kOperator:
      names = OperatorNames(**client);
      break;
  }
  names.erase(std::remove_if(names.begin(), names.end(),
                             [prefix](const std::string& name) {
                               return !absl::StartsWithIgnoreCase(name, prefix);
                             }),
              names.end());
  return names;
}

std::string SuggestName(Context& context, const absl::Status& status) {
  const std::optional<FailureCode> code = FailureCodeOf(status);
  const absl::string_view name = QuotedIn(status.message());
  if (!code.has_value() || name.empty()) return "";
  const bool tenant = *code == FailureCode::kTenantUnknown;
  const bool zone = *code == FailureCode::kZoneUnknown;
  const bool server = *code == FailureCode::kServerUnknown;
  const bool op = *code == FailureCode::kOperatorUnknown;
  // An id is long: nobody means another one by half of it.
  if (*code == FailureCode::kRolloutUnknown) {
    return AsSentence(name,
                      NamesLike(context, NameKind::kRollout, name.substr(0, name.size() / 2)));
  }
  if (*code == FailureCode::kTokenUnknown) {
    return AsSentence(name, NamesLike(context, NameKind::kToken, name.substr(0, name.size() / 2)));
  }
  if (!tenant && !zone && !server && !op) return "";
  const auto client = context.Connect(kPatience);
  if (!client.ok()) return "";
  if (tenant) return AsSentence(name, TenantNames(**client));
  if (zone) return AsSentence(name, ZoneNames(**client));
  if (op) return AsSentence(name, OperatorNames(**client));
  return SuggestServer(**client, name);
}

}  // namespace muster::cli
