#include <CLI/CLI.hpp>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/hub.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/operator.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/system.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/admin/v1/verification.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/expiry.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kCaExpiresSoon = absl::Hours(24 * 60);
constexpr absl::Duration kOthersExpireSoon = absl::Hours(24 * 14);
constexpr absl::Duration kTokenExpiresSoon = absl::Hours(2);
constexpr absl::Duration kKeyExpiresSoon = absl::Hours(24 * 14);

// What was looked at, what was seen and what to do next.
class Findings {
 public:
  void Ok(const std::string& check, const std::string& seen) { Add(check, "ok", seen, ""); }
  void Warning(const std::string& check, const std::string& seen, const std::string& next) {
    Add(check, "warning", seen, next);
  }
  void Problem(const std::string& check, const std::string& seen, const std::string& next) {
    Add(check, "problem", seen, next);
    ++problems_;
  }
  const Table& table() const { return table_; }
  int problems() const { return problems_; }

 private:
  void Add(const std::string& check, const char* result, const std::string& seen,
           const std::string& next) {
    table_.rows.push_back({check, result, seen, next});
  }
  Table table_{{{"check"},
                {"result"},
                {"seen", Show::kAlways, Unit::kProse},
                {"next", Show::kAlways, Unit::kProse}},
               {}};
  int problems_ = 0;
};

void CheckOperatorCertificate(const std::string& pem, absl::Time now, Findings& findings) {
  const auto certificate = crypto::Certificate::FromPem(pem);
  if (!certificate.ok()) return;  // The connection says what is wrong with it.
  const std::string seen = EndText(certificate->not_after(), now);
  if (certificate->not_after() <= now) {
    findings.Problem("operator certificate", seen, InfoOf(FailureCode::kAuthExpired).remedy);
  } else if (EndsSoon(certificate->not_before(), certificate->not_after(), now)) {
    findings.Problem("operator certificate", seen, "muster operator renew");
  } else {
    findings.Ok("operator certificate", seen);
  }
}

void CheckOperatorFiles(Context& context, Findings& findings) {
  const auto connection = ResolveConnection(context.flags(), context.environment());
  if (!connection.ok()) {
    findings.Problem("operator files", std::string(connection.status().message()),
                     "Mend what is named, then run 'muster doctor' again.");
    return;
  }
  if (connection->local) {
    findings.Ok("operator files", absl::StrCat("not needed for ", connection->address));
    return;
  }
  findings.Ok("operator files", connection->operator_dir);
  CheckOperatorCertificate(connection->certificate_pem, context.environment().now(), findings);
}

// What an orchestrator that does not look at itself tells.
void CheckOlderSystem(Context& context, const v1::SystemStatus& status, Findings& findings) {
  if (status.store_read_only()) {
    findings.Problem("store", absl::StrCat("read-only: ", status.store_reason()),
                     "Mend the cause (disk full, disk errors), then restart the orchestrator.");
  } else {
    findings.Ok("store", "writable");
  }
  const std::string until = absl::StrCat("valid until ", TextOf(status.ca_expire_time()));
  if (rpc::FromProto(status.ca_expire_time()) - context.environment().now() < kCaExpiresSoon) {
    findings.Problem("certificate authority", until,
                     "Rotate the certificate authority before that day.");
  } else {
    findings.Ok("certificate authority", until);
  }
}

// Warnings of the orchestrator that are failures here: it works today, and nobody may come in or
// nothing can be put back some day soon.
bool IsDue(const v1::SystemCheck& check, const v1::SystemStatus& status) {
  static const auto* const ends = new std::set<std::string>{
      "certificate authority", "listeners' certificate", "workers' certificates", "operators"};
  if (check.name() == "backup") return status.has_last_backup_time();  // An old one.
  return ends->contains(check.name());
}

// False when nothing further can be asked.
bool CheckSystem(Context& context, Client& client, Findings& findings) {
  const auto status = client.GetStatus({});
  if (!status.ok()) {
    const bool refused = ExitCodeOf(status.status()) == ExitCode::kForbidden;
    findings.Problem(
        "connection", absl::StrCat(context.address(), ": ", std::string(status.status().message())),
        refused ? "Use the operator directory of an operator that exists."
                : "Check that muster-orchestrator runs, that the address is right, and "
                  "that ca.crt is of this orchestrator.");
    return false;
  }
  findings.Ok("connection", context.address());
  if (status->version() == MUSTER_VERSION) {
    findings.Ok("version", status->version());
  } else {
    findings.Warning("version",
                     absl::StrCat("orchestrator ", status->version(), ", muster ", MUSTER_VERSION),
                     "Use the same version of both.");
  }
  if (status->checks().empty()) CheckOlderSystem(context, *status, findings);
  for (const v1::SystemCheck& check : status->checks()) {
    if (check.result() == "ok") {
      findings.Ok(check.name(), check.seen());
    } else if (check.result() == "warning" && !IsDue(check, *status)) {
      findings.Warning(check.name(), check.seen(), check.next());
    } else {
      findings.Problem(check.name(), check.seen(), check.next());
    }
  }
  return true;
}

void CheckZones(const v1::ListZonesResponse& zones, absl::Time now, Findings& findings) {
  if (zones.zones().empty()) {
    findings.Problem("zones", "there are none",
                     "Describe tenants and zones in a file and run 'muster apply -f FILE'.");
    return;
  }
  const int before = findings.problems();
  for (const v1::Zone& zone : zones.zones()) {
    const std::string check = absl::StrCat("zone ", zone.zone_id());
    if (zone.joining_key_version() == 0) {
      findings.Problem(
          check, "has no joining key",
          absl::StrCat("muster key set ", zone.zone_id(), " --client-id ID --secret-file FILE"));
    }
    const absl::Time key_end = rpc::FromProto(zone.joining_key_expire_time());
    if (zone.has_joining_key_expire_time() && key_end - now < kKeyExpiresSoon) {
      findings.Warning(check, absl::StrCat("joining key ", EndText(key_end, now)),
                       absl::StrCat("Make another on the hub: muster key set ", zone.zone_id(),
                                    " --client-id ID --secret-file FILE"));
    }
    if (zone.verifier_kind() == v1::VERIFIER_KIND_UNSPECIFIED ||
        zone.verifier_kind() == v1::VERIFIER_KIND_NONE) {
      findings.Problem(check, "has no verifier: nothing can be proven enrolled",
                       "Give the zone a verifier in the fleet file and apply it.");
    }
    if (absl::StartsWith(zone.hub_url(), "http://")) {
      findings.Warning(
          check, absl::StrCat("joins over plain HTTP: ", zone.hub_url()),
          "Use https:// outside of a laboratory: the joining key crosses the network.");
    }
    if (zone.allow_cli_join()) {
      findings.Warning(check, "allows joins by command line: the secret stands in argv",
                       "Remove allow_cli_join when the service's API works everywhere.");
    }
    if (!zone.service_account().empty()) {
      findings.Warning(
          check,
          absl::StrCat("believes account ", zone.service_account(),
                       " to be the Certify service's on all of its servers"),
          "Who acts as that account gets the zone's joining key: take it back with "
          "service_account: \"\" where --service-account on single workers is enough.");
    }
  }
  if (findings.problems() == before) {
    findings.Ok("zones", absl::StrCat(Counted(zones.zones_size(), "zone"),
                                      " with joining key and verifier"));
  }
}

// By what is known of them: nobody is asked for this.
void CheckHubs(const v1::ListHubsResponse& hubs, Findings& findings) {
  const int before = findings.problems();
  int read = 0;
  for (const v1::Hub& hub : hubs.hubs()) {
    const std::string check = absl::StrCat("hub of ", hub.zone_id());
    const std::string look = absl::StrCat("muster hub check ", hub.zone_id());
    read += hub.standing() == v1::HUB_STANDING_READ;
    if (hub.has_failure()) {
      findings.Problem(
          check,
          absl::StrCat("cannot be read since ", TextOf(hub.failing_time()),
                       hub.has_left_alone_until()
                           ? absl::StrCat(", left alone until ", TextOf(hub.left_alone_until()))
                           : "",
                       ": ", TextOf(hub.failure())),
          absl::StrCat(look, ". ", hub.failure().remedy()));
    } else if (hub.standing() == v1::HUB_STANDING_LEFT_ALONE) {
      findings.Warning(
          check, absl::StrCat("wants to be left alone until ", TextOf(hub.left_alone_until())),
          "It is asked again by itself.");
    } else if (hub.standing() == v1::HUB_STANDING_NEVER_READ) {
      findings.Warning(check, "was never read by its present URL, CA file and verifier", look);
    }
    if (hub.short_readings() > 0) {
      findings.Warning(check,
                       absl::StrCat("lists ", Counted(hub.short_instances(), "record"),
                                    ", far fewer than before: nothing is concluded from that"),
                       absl::StrCat("muster hub accept-shrink ", hub.zone_id(),
                                    ", if the hub has really lost the others"));
    }
    if (hub.list_kind() == v1::HUB_LIST_KIND_CONNECTED_ONLY ||
        hub.list_kind() == v1::HUB_LIST_KIND_SUMMARY ||
        hub.list_kind() == v1::HUB_LIST_KIND_LEGACY) {
      findings.Warning(
          check, absl::StrCat("its list is ", WordOf(hub.list_kind()), ": it proves no absence"),
          "Bring the hub up to date, or let the proxy in front of it pass "
          "/internal/v1/hub/instances.");
    }
  }
  if (findings.problems() == before && read > 0) {
    findings.Ok("hubs", absl::StrCat(Counted(read, "hub"), " read at the last try"));
  }
}

void CheckTokens(const v1::ListTokensResponse& tokens, absl::Time now,
                 const std::set<std::string>& zones_that_need_one, Findings& findings) {
  std::set<std::string> served;
  for (const v1::Token& token : tokens.tokens()) {
    const std::string check = absl::StrCat("token ", token.token_id());
    if (token.state() == v1::TOKEN_STATE_ACTIVE) {
      served.insert(token.zone_id());
      if (rpc::FromProto(token.expire_time()) - now < kTokenExpiresSoon) {
        findings.Warning(check, absl::StrCat("expires ", TextOf(token.expire_time())),
                         absl::StrCat("muster token create --zone ", token.zone_id()));
      }
    } else if (token.state() == v1::TOKEN_STATE_LOCKED) {
      findings.Warning(check, "is locked: it lets nobody in",
                       absl::StrCat("muster token unlock ", token.token_id(), ", or revoke it"));
    }
    if (!token.refusals().empty()) {
      findings.Warning(check, absl::StrCat("was refused, last: ", token.refusals(0)),
                       "Check that the token went to the right servers.");
    }
  }
  for (const std::string& zone : zones_that_need_one) {
    if (served.contains(zone)) continue;
    findings.Warning(absl::StrCat("zone ", zone),
                     "has servers without a worker and no active bootstrap token",
                     absl::StrCat("muster token create --zone ", zone, " --max-uses N --out FILE"));
  }
}

void CheckServers(const v1::ListServersResponse& servers, Findings& findings,
                  std::set<std::string>& zones_that_need_tokens) {
  std::map<std::string, int> counts;
  struct Seen {
    int servers = 0;
    const v1::Server* server = nullptr;  // The first.
    const v1::Observation* observation = nullptr;
  };
  std::map<std::string, Seen> observed;  // By code.
  for (const v1::Server& server : servers.servers()) {
    for (const v1::Observation& observation : server.observations()) {
      Seen& seen = observed[observation.failure().code()];
      if (seen.servers++ == 0) seen = {1, &server, &observation};
    }
    const std::string admission = WordOf(server.admission());
    ++counts[admission];
    ++counts[WordOf(server.enrollment())];
    if (admission == "admitted") ++counts[WordOf(server.connectivity())];
    if (admission == "registered") zones_that_need_tokens.insert(server.zone_id());
  }
  findings.Ok("servers",
              absl::StrCat(servers.servers_size(), " in the inventory, ", counts["enrolled"],
                           " enrolled, ", counts["online"], " online"));
  for (const auto& [code, seen] : observed) {
    findings.Warning(
        "servers",
        absl::StrCat(Counted(seen.servers, "server"), ": ", code, ", as ", seen.server->zone_id(),
                     "/", seen.server->name(), ": ", seen.observation->failure().detail()),
        seen.observation->failure().remedy());
  }
  const auto warn = [&](const char* state, const char* next) {
    if (counts[state] > 0) {
      findings.Warning("servers", absl::StrCat(Counted(counts[state], "server"), " ", state), next);
    }
  };
  warn("pending",
       "'muster server list --pending' shows their keys; 'muster server admit SERVER' lets one in, "
       "'muster server reject SERVER' does not.");
  warn("failed", "'muster report' names them with their reasons.");
  warn("in_doubt", "'muster verify' asks the hubs.");
  warn("offline", "Look whether muster-worker runs on them and reaches the orchestrator.");
  warn("stale", "Not seen for more than 7 days: start their workers, or retire them.");
}

void CheckRollouts(const v1::ListRolloutsResponse& rollouts, Findings& findings) {
  for (const v1::Rollout& rollout : rollouts.rollouts()) {
    if (rollout.state() != v1::ROLLOUT_STATE_PAUSED) continue;
    findings.Warning(absl::StrCat("rollout ", rollout.rollout_id()),
                     absl::StrCat("is paused: ", rollout.reason()),
                     absl::StrCat("muster rollout resume ", rollout.rollout_id()));
  }
}

// Of those whom the caller may renew. A caller who may not is not told so: it would be on record as a
// refusal.
void CheckOperators(Client& client, absl::Time now, Findings& findings) {
  const auto me = client.WhoAmI({});
  if (!me.ok() || me->operator_().role() < v1::OPERATOR_ROLE_TENANT_ADMIN) return;
  const auto operators = client.ListOperators({});
  if (!operators.ok()) return;
  for (const v1::Operator& op : operators->operators()) {
    if (op.operator_id() == me->operator_().operator_id()) continue;
    const absl::Time end = rpc::FromProto(op.expire_time());
    if (end - now >= kOthersExpireSoon) continue;
    findings.Problem(
        absl::StrCat("operator ", op.name()), absl::StrCat("certificate ", EndText(end, now)),
        absl::StrCat("'muster operator renew' as ", op.name(), ", 'muster operator renew ",
                     op.name(), " --csr FILE' for it, or 'muster operator revoke ", op.name(),
                     "'."));
  }
}

absl::Status CheckFleet(Context& context, Client& client, Findings& findings) {
  ASSIGN_OR_RETURN(const auto zones, client.ListZones({}));
  CheckZones(zones, context.environment().now(), findings);
  ASSIGN_OR_RETURN(const auto hubs, client.ListHubs({}));
  CheckHubs(hubs, findings);
  ASSIGN_OR_RETURN(const auto servers, client.ListServers({}, 0));
  std::set<std::string> zones_that_need_tokens;
  CheckServers(servers, findings, zones_that_need_tokens);
  ASSIGN_OR_RETURN(const auto tokens, client.ListTokens({}));
  CheckTokens(tokens, context.environment().now(), zones_that_need_tokens, findings);
  ASSIGN_OR_RETURN(const auto rollouts, client.ListRollouts({}, 100));
  CheckRollouts(rollouts, findings);
  CheckOperators(client, context.environment().now(), findings);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Doctor(Context& context) {
  context.KeepQuietAboutExpiry();
  Findings findings;
  CheckOperatorFiles(context, findings);
  ExitCode code = ExitCode::kNotAllWell;
  if (const auto client = context.Connect(); client.ok()) {
    if (CheckSystem(context, **client, findings)) {
      const absl::Status asked = CheckFleet(context, **client, findings);
      if (!asked.ok()) {
        findings.Problem("fleet", std::string(asked.message()), "Mend this and run it again.");
      }
    } else {
      code = ExitCode::kUnreachable;
    }
  }
  context.output().Print(findings.table());
  return findings.problems() == 0 ? ExitCode::kOk : code;
}

}  // namespace

void AddDoctorCommand(CommandTree& tree) {
  tree.Verb(tree.root(), "doctor", "Check connection, orchestrator, zones, tokens and servers",
            "muster doctor", Doctor);
}

}  // namespace muster::cli
