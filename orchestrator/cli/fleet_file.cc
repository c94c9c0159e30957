#include "orchestrator/cli/fleet_file.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/crypto/trust_anchors.h"
#include "base/http/url.h"
#include "base/ids.h"
#include "base/names.h"
#include "base/yaml/parse_yaml.h"
#include "muster/config/v1/fleet.pb.h"
#include "orchestrator/cli/expiry.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/secret_text.h"
#include "orchestrator/cli/text_encoding.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

using yaml::ChildPath;
using yaml::ItemPath;

constexpr size_t kMaxSecretBytes = 64 << 10;
constexpr size_t kMaxPemBytes = 1 << 20;

// Whether `inner` is `outer` or a field inside it.
bool Covers(absl::string_view outer, absl::string_view inner) {
  return !outer.empty() && absl::ConsumePrefix(&inner, outer) &&
         (inner.empty() || inner[0] == '.' || inner[0] == '[');
}

// Checks the values of a fleet that was read and builds the request beside it.
class FleetBuilder {
 public:
  FleetBuilder(const std::string& directory, const SecretSources& sources,
               const yaml::Positions& positions, std::vector<yaml::Problem>& problems)
      : directory_(directory), sources_(sources), positions_(positions), problems_(problems) {}

  void Build(const config::v1::Fleet& fleet, admin::v1::ApplyFleetRequest& request) {
    if (fleet.tenants().empty()) Report("tenants", "is missing: name at least one tenant");
    for (int i = 0; i < fleet.tenants_size(); ++i) {
      const std::string path = ItemPath("tenants", static_cast<size_t>(i));
      const config::v1::Tenant& tenant = fleet.tenants(i);
      CheckSlug(ChildPath(path, "id"), tenant.id(), tenants_);
      admin::v1::FleetTenant& out = *request.add_tenants();
      out.set_tenant_id(tenant.id());
      if (tenant.has_display_name()) out.set_display_name(tenant.display_name());
      std::map<std::string, std::string> zones;
      for (int j = 0; j < tenant.zones_size(); ++j) {
        const std::string zone_path = ItemPath(ChildPath(path, "zones"), static_cast<size_t>(j));
        CheckSlug(ChildPath(zone_path, "zone"), tenant.zones(j).zone(), zones);
        BuildZone(zone_path, tenant, tenant.zones(j), *out.add_zones());
      }
    }
  }

  // Ends the work: what was found joins what was known, by place.
  void MergeProblems() {
    problems_.insert(problems_.end(), std::make_move_iterator(found_.begin()),
                     std::make_move_iterator(found_.end()));
    yaml::SortProblems(problems_);
  }

 private:
  // Reports at the field, or at the nearest thing around it that the file holds.
  void Report(const std::string& path, std::string reason) {
    // What could not be read at all has been reported; what follows from that is noise.
    for (const yaml::Problem& known : problems_) {
      if (Covers(known.path, path) || Covers(path, known.path)) return;
    }
    yaml::Problem problem{{}, path, std::move(reason)};
    for (std::string at = path; !at.empty();) {
      const auto it = positions_.find(at);
      if (it != positions_.end()) {
        problem.position = it->second;
        break;
      }
      const size_t cut = at.find_last_of(".[");
      at = cut == std::string::npos ? "" : at.substr(0, cut);
    }
    found_.push_back(std::move(problem));
  }

  void CheckSlug(const std::string& path, const std::string& slug,
                 std::map<std::string, std::string>& seen) {
    if (slug.empty()) {
      Report(path, "is missing");
    } else if (!IsSlug(slug)) {
      Report(path, absl::StrCat("'", slug,
                                "' must be 1 to 63 of a-z, 0-9 and '-', with a letter or digit at "
                                "both ends"));
    } else if (const auto [first, inserted] = seen.emplace(slug, path); !inserted) {
      Report(path, absl::StrCat("'", slug, "' is used by ", first->second, " already"));
    }
  }

  void BuildZone(const std::string& path, const config::v1::Tenant& tenant,
                 const config::v1::Zone& zone, admin::v1::FleetZone& out) {
    out.set_zone(zone.zone());
    if (zone.has_display_name()) out.set_display_name(zone.display_name());
    out.set_hub_url(HubUrl(path, tenant.id(), zone.hub_url()));
    if (zone.has_hub_ca_file()) {
      out.set_hub_ca_pem(zone.hub_ca_file().empty()
                             ? ""
                             : CaFile(ChildPath(path, "hub_ca_file"), zone.hub_ca_file()));
    }
    if (zone.max_concurrent_joins() < 0 || zone.max_concurrent_joins() > 1000) {
      Report(ChildPath(path, "max_concurrent_joins"),
             "must be from 1 to 1000, or 0 for the default");
    }
    if (zone.has_max_concurrent_joins()) {
      out.set_max_concurrent_joins(zone.max_concurrent_joins());
    }
    if (zone.has_allow_cli_join()) out.set_allow_cli_join(zone.allow_cli_join());
    if (zone.has_service_account()) {
      const std::string problem =
          zone.service_account().empty() ? "" : ProblemOfServiceAccount(zone.service_account());
      if (!problem.empty()) Report(ChildPath(path, "service_account"), problem);
      out.set_service_account(zone.service_account());
    }
    if (zone.has_verify_within()) {
      CheckAge(ChildPath(path, "verify_within"), zone.verify_within());
      *out.mutable_verify_within() = zone.verify_within();
    }
    if (zone.has_disconnect_patience()) {
      CheckAge(ChildPath(path, "disconnect_patience"), zone.disconnect_patience());
      *out.mutable_disconnect_patience() = zone.disconnect_patience();
    }
    const config::v1::Sweep* sweep = zone.has_sweep()     ? &zone.sweep()
                                     : tenant.has_sweep() ? &tenant.sweep()
                                                          : nullptr;
    if (sweep != nullptr) BuildSweep(ChildPath(path, "sweep"), *sweep, *out.mutable_sweep());
    if (zone.has_joining_key()) {
      BuildKey(ChildPath(path, "joining_key"), zone.joining_key(), *out.mutable_joining_key());
    }
    if (zone.has_verifier()) {
      BuildVerifier(ChildPath(path, "verifier"), zone.verifier(), *out.mutable_verifier());
    }
  }

  // The orchestrator knows the time zones.
  void BuildSweep(const std::string& path, const config::v1::Sweep& sweep,
                  admin::v1::SweepPlan& out) {
    const int said = !sweep.schedule().empty() + sweep.has_every() + sweep.off();
    if (said > 1 || (said == 0 && !sweep.has_ask_workers())) {
      Report(path, "must hold exactly one of schedule, every and off");
    }
    if (!sweep.time_zone().empty() && sweep.schedule().empty()) {
      Report(ChildPath(path, "time_zone"), "goes with a schedule");
    }
    out.set_schedule(sweep.schedule());
    out.set_time_zone(sweep.time_zone());
    if (sweep.has_every()) *out.mutable_every() = sweep.every();
    out.set_off(sweep.off());
    if (sweep.has_ask_workers()) out.set_ask_workers(sweep.ask_workers());
  }

  void CheckAge(const std::string& path, const google::protobuf::Duration& age) {
    const absl::Duration value = rpc::FromProto(age);
    if (value == absl::ZeroDuration()) return;
    if (value < absl::Minutes(1) || value > absl::Hours(24 * 365)) {
      Report(path, "must be from 1m to 365d, or 0s for the default");
    }
  }

  void BuildKey(const std::string& path, const config::v1::JoiningKey& key,
                admin::v1::JoiningKeyInput& out) {
    if (!key.expires().empty()) {
      const auto end = ParseExpiry(key.expires());
      if (!end.ok()) {
        Report(ChildPath(path, "expires"), std::string(end.status().message()));
      } else if (*end == absl::InfiniteFuture()) {
        out.set_never_expires(true);
      } else {
        *out.mutable_expire_time() = rpc::ToProto(*end);
      }
    }
    if (!key.none()) {
      out.set_client_id(Required(ChildPath(path, "client_id"), key.client_id()));
      out.set_secret(Resolve(ChildPath(path, "secret"), key.has_secret(), key.secret()));
      return;
    }
    if (!key.client_id().empty() || key.has_secret() || !key.expires().empty()) {
      Report(path, "must hold client_id and secret, or none: true alone");
    }
    out.set_none(true);
  }

  void BuildVerifier(const std::string& path, const config::v1::Verifier& verifier,
                     admin::v1::VerifierInput& out) {
    if (verifier.has_api_token() + verifier.has_login() + verifier.none() != 1) {
      Report(path, "must hold exactly one of api_token, login and none: true");
      return;
    }
    if (verifier.none()) {
      out.set_none(true);
      return;
    }
    if (verifier.has_api_token()) {
      const auto& token = verifier.api_token();
      const std::string at = ChildPath(path, "api_token");
      out.set_token_client_id(Required(ChildPath(at, "client_id"), token.client_id()));
      out.set_token_secret(Resolve(ChildPath(at, "secret"), token.has_secret(), token.secret()));
    } else {
      const auto& login = verifier.login();
      const std::string at = ChildPath(path, "login");
      out.set_username(Required(ChildPath(at, "username"), login.username()));
      out.set_password(Resolve(ChildPath(at, "password"), login.has_password(), login.password()));
    }
  }

  std::string Required(const std::string& path, const std::string& text) {
    if (text.empty()) Report(path, "is missing");
    return text;
  }

  std::string HubUrl(const std::string& zone_path, const std::string& tenant,
                     const std::string& text) {
    const std::string path = ChildPath(zone_path, "hub_url");
    if (Required(path, text).empty()) return "";
    const auto url = http::CanonicalAddress(text);
    if (!url.ok()) {
      Report(path, std::string(url.status().message()));
      return "";
    }
    const auto [owner, inserted] = hub_owners_.emplace(http::PlaceOf(*url), tenant);
    if (!inserted && owner->second != tenant) {
      Report(path, absl::StrCat("tenant '", owner->second,
                                "' uses this hub already; tenants do not share a hub"));
    }
    return *url;
  }

  std::string FullPath(const std::string& file) const {
    const std::filesystem::path path(file);
    return path.is_absolute() ? file : (std::filesystem::path(directory_) / path).string();
  }

  std::string CaFile(const std::string& path, const std::string& file) {
    auto pem = ReadFile(FullPath(file), kMaxPemBytes);
    if (!pem.ok()) {
      Report(path, std::string(pem.status().message()));
      return "";
    }
    if (const auto anchors = crypto::TrustAnchorsFromPem(*pem); !anchors.ok()) {
      Report(path, absl::StrCat(FullPath(file), ": ", anchors.status().message()));
      return "";
    }
    return *std::move(pem);
  }

  std::string Resolve(const std::string& path, bool given,
                      const config::v1::SecretReference& reference) {
    if (!given) {
      Report(path, "is missing: write { file: … }, { env: … } or { stdin: true }");
      return "";
    }
    const int sources = !reference.file().empty() + !reference.env().empty() + reference.stdin();
    if (sources != 1) {
      Report(path, "must hold exactly one of file, env and stdin");
      return "";
    }
    std::string text;
    if (!reference.env().empty()) {
      const auto value = sources_.variable(reference.env());
      if (!value.has_value()) {
        Report(path, absl::StrCat("the environment variable ", reference.env(), " is not set"));
        return "";
      }
      text = *value;
    } else {
      if (reference.stdin() && !ClaimStdin(path)) return "";
      auto content = reference.stdin() ? ReadStream(*sources_.in, kMaxSecretBytes)
                                       : ReadFile(FullPath(reference.file()), kMaxSecretBytes);
      if (!content.ok()) {
        Report(path, std::string(content.status().message()));
        return "";
      }
      text = *std::move(content);
    }
    absl::StatusOr<std::string> secret = SecretOf(text);
    if (secret.ok()) return *std::move(secret);
    Report(path, absl::StrCat("the secret ", secret.status().message()));
    return "";
  }

  bool ClaimStdin(const std::string& path) {
    if (sources_.in == nullptr) {
      Report(path, "standard input holds this file; take the secret from a file or env");
      return false;
    }
    if (!stdin_owner_.empty()) {
      Report(path, absl::StrCat("standard input is used by ", stdin_owner_, " already"));
      return false;
    }
    stdin_owner_ = path;
    return true;
  }

  const std::string& directory_;
  const SecretSources& sources_;
  const yaml::Positions& positions_;
  std::vector<yaml::Problem>& problems_;
  std::vector<yaml::Problem> found_;
  std::map<std::string, std::string> tenants_;     // Id to path.
  std::map<std::string, std::string> hub_owners_;  // Hub URL to tenant.
  std::string stdin_owner_;
};

}  // namespace

FleetFile ParseFleetFile(absl::string_view text, const std::string& file_name,
                         const std::string& directory, const SecretSources& sources) {
  FleetFile out;
  const DecodedText decoded = DecodeText(text);
  if (!decoded.problem.empty()) {
    out.problems.push_back(yaml::FormatProblem(
        file_name, {.position = {decoded.line, 1}, .path = "", .reason = decoded.problem}));
    return out;
  }
  config::v1::Fleet fleet;
  yaml::Positions positions;
  std::vector<yaml::Problem> problems =
      yaml::ReadYaml(decoded.text, yaml::Limits(), &fleet, &positions);
  // A file that is no mapping of fields has nothing to check further.
  if (problems.empty() || !positions.empty()) {
    FleetBuilder builder(directory, sources, positions, problems);
    builder.Build(fleet, out.request);
    builder.MergeProblems();
  }
  for (const yaml::Problem& problem : problems) {
    out.problems.push_back(yaml::FormatProblem(file_name, problem));
  }
  return out;
}

}  // namespace muster::cli
