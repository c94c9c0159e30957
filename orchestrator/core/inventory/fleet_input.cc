#include "orchestrator/core/inventory/fleet_input.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/host.h"
#include "base/http/url.h"
#include "base/names.h"

namespace muster::core {
namespace {

constexpr int kMostConcurrentJoins = 1000;

// A secret travels and is typed as one line: what nobody can see in it is a mistake of copying.
std::string ProblemOfText(absl::string_view what, absl::string_view text) {
  if (text.empty()) return absl::StrCat(what, " is missing");
  const std::string problem = ProblemOfVisibleText(text);
  if (!problem.empty()) return absl::StrCat(what, ": ", problem);
  if (text.front() == ' ' || text.back() == ' ') {
    return absl::StrCat(what, ": it has a space at its ",
                        text.front() == ' ' ? "beginning" : "end");
  }
  return "";
}

class FleetCheck {
 public:
  std::vector<std::string> Take(const std::vector<TenantInput>& fleet) {
    std::set<TenantId> tenants;
    for (const TenantInput& tenant : fleet) {
      where_ = absl::StrCat("tenant \"", Shown(tenant.id.value()), "\"");
      if (!IsSlug(tenant.id.value())) Report("must be 1 to 63 of a-z, 0-9 and '-'");
      if (!tenants.insert(tenant.id).second) Report("is named twice");
      CheckDisplayName(tenant.display_name);
      std::set<std::string> slugs;
      for (const ZoneInput& zone : tenant.zones) {
        where_ = absl::StrCat("zone ", Shown(tenant.id.value()), "/", Shown(zone.slug));
        if (!slugs.insert(zone.slug).second) Report("is named twice");
        CheckZone(zone);
      }
    }
    return std::move(problems_);
  }

 private:
  void Report(absl::string_view reason) { problems_.push_back(absl::StrCat(where_, ": ", reason)); }

  void CheckDisplayName(const std::optional<std::string>& name) {
    if (!name.has_value()) return;
    const std::string problem = ProblemOfVisibleText(*name);
    if (!problem.empty()) Report(absl::StrCat("display_name: ", problem));
    if (name->size() > 255) Report("display_name is longer than 255 bytes");
  }

  void CheckAge(absl::string_view name, std::optional<absl::Duration> age) {
    if (!age.has_value() || *age == absl::ZeroDuration()) return;
    if (*age < absl::Minutes(1) || *age > absl::Hours(24 * 365)) {
      Report(absl::StrCat(name, " must be 1 min to 365 days, or 0 for the default"));
    }
  }

  void CheckZone(const ZoneInput& zone) {
    if (!IsSlug(zone.slug)) Report("the name must be 1 to 63 of a-z, 0-9 and '-'");
    CheckDisplayName(zone.display_name);
    if (const auto url = http::CanonicalAddress(zone.hub_url); !url.ok()) {
      Report(absl::StrCat("hub URL \"", Shown(zone.hub_url), "\": ", url.status().message()));
    } else if (const auto at = http::Url::Parse(*url); at.ok()) {
      const std::string why = WhyNobodyAnswersAt(at->host());
      if (!why.empty()) {
        Report(absl::StrCat("hub URL \"", Shown(zone.hub_url), "\": no hub is there; ", why));
      }
    }
    const int joins = zone.max_concurrent_joins.value_or(0);
    if (joins < 0 || joins > kMostConcurrentJoins) {
      Report(absl::StrCat("max_concurrent_joins must be 1 to ", kMostConcurrentJoins,
                          ", or 0 for the default"));
    }
    if (!zone.service_account.value_or("").empty()) {
      const std::string problem = ProblemOfServiceAccount(*zone.service_account);
      if (!problem.empty()) Report(absl::StrCat("service_account ", problem));
    }
    CheckAge("verify_within", zone.verify_within);
    CheckAge("disconnect_patience", zone.disconnect_patience);
    if (zone.joining_key.has_value() && zone.no_joining_key) {
      Report("the joining key is both given and to be taken away");
    }
    if (zone.joining_key.has_value()) {
      if (const std::string problem = ProblemOfKey(*zone.joining_key); !problem.empty()) {
        Report(problem);
      }
    }
    if (zone.verifier.has_value() && zone.verifier->kind != store::VerifierKind::kNone) {
      const VerifierInput& verifier = *zone.verifier;
      for (const std::string& problem :
           {ProblemOfText("the verifier's name", verifier.principal),
            ProblemOfText("the verifier's secret", verifier.secret.Reveal())}) {
        if (!problem.empty()) Report(problem);
      }
    }
  }

  std::string where_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> ProblemsOfFleet(const std::vector<TenantInput>& fleet) {
  return FleetCheck().Take(fleet);
}

std::string ProblemOfKey(const JoiningKeyInput& key) {
  const std::string problem = ProblemOfText("the joining key's client id", key.client_id);
  return problem.empty() ? ProblemOfText("the joining key's secret", key.secret.Reveal()) : problem;
}

absl::Status CheckHubsAreNotShared(const std::map<ZoneId, std::string>& hub_urls,
                                   const store::TenantWall& wall) {
  std::map<std::string, ZoneId> owner;
  for (const auto& [zone, url] : hub_urls) {
    const auto [it, fresh] = owner.emplace(http::PlaceOf(url), zone);
    if (fresh || TenantOf(it->second) == TenantOf(zone)) continue;
    std::vector<std::string> shown;
    for (const ZoneId& named : {it->second, zone}) {
      if (wall.Admits(TenantOf(named))) shown.push_back(named.value());
    }
    // What was there before is nobody's news who sees neither.
    if (shown.empty()) continue;
    return FailureStatus(FailureCode::kInventoryConflict,
                         shown.size() == 2
                             ? absl::StrCat("zones ", absl::StrJoin(shown, " and "),
                                            " of different tenants name the same hub ", url)
                             : absl::StrCat("the hub ", url, " of zone ", shown.front(),
                                            " cannot be used: ask the provider"));
  }
  return absl::OkStatus();
}

}  // namespace muster::core
