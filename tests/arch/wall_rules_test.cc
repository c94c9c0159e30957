// Nobody is without a wall by accident (docs/security.md): TenantWall::Everything() is made where this
// table says and why, no list of tenants means "all" by being empty, and who answers operators sees
// the store through their wall alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kEverything[] = "TenantWall::Everything()";

const std::map<std::string, std::string>& PlacesWithoutAWall() {
  static const auto* const places = new std::map<std::string, std::string>{
      {"store/model/tenant_wall.h", "declares it"},
      {"store/model/tenant_wall.cc", "makes it"},
      {"orchestrator/core/operators/wall.cc", "decides which operators have none"},
      {"orchestrator/core/inventory/fleet.cc", "that tenants share no hub is a rule over all"},
      {"orchestrator/core/inventory/zone_step.cc",
       "what a change of a zone's hub does to its servers, whoever asked for it"},
      {"orchestrator/core/enrollment/verifier.cc", "hubs are read by the system, for all"},
      {"orchestrator/core/hubs/hub_poller.cc", "hubs are read by the system, for all"},
      {"orchestrator/core/enrollment/verifier_walk.cc", "hubs are read by the system, for all"},
      {"orchestrator/core/notify/condition_watch.cc", "coverage is looked at by the system"},
      {"orchestrator/core/sweep/sweeper.cc", "the plans of all zones are kept by the system"},
      {"orchestrator/core/enrollment/verifier_claims.cc",
       "whose a hub's record is: among all zones of that hub"},
      {"orchestrator/core/rollout/engine_reload.cc",
       "the engine reads when its own rollout was canceled"},
      {"orchestrator/app/event_mark.cc", "the newest event of the whole log"},
      {"orchestrator/app/orchestrator_metrics.cc", "the page for Prometheus is the provider's own"},
      {"orchestrator/app/master_key_check.cc", "a key that opens none of all secrets"},
      {"store/sqlite/attempt_store.cc", "the overload without a wall is the system's"},
      {"store/sqlite/certificate_store.cc", "the overload without a wall is the system's"},
      {"store/sqlite/observation_store.cc", "the overload without a wall is the system's"},
      {"store/sqlite/operator_store.cc", "the overload without a wall is the system's"},
      {"store/sqlite/rollout_store.cc", "the overload without a wall is the system's"},
      {"store/sqlite/zone_store.cc", "the overload without a wall is the system's"},
  };
  return *places;
}

struct WallForm {
  const char* folder;  // Prefix of the file's path.
  const char* hint;    // Stands in each line that the pattern can match: most lines are done by it.
  const char* pattern;
  const char* instead;
};
const WallForm kWallForms[] = {
    // A list of tenants that is all when it is empty.
    {"", "visible_tenants", "\\bvisible_tenants\\b",
     "a store::TenantWall; an empty list admits nobody"},
    {"", "tenants", "tenants(\\(\\)|_)?\\.(empty\\(\\)|size\\(\\) == 0)\\s*(\\|\\||\\?)",
     "TenantWall::Admits; an empty list admits nobody"},
    {"store/", "AndIn(", "AndIn\\(\"([a-z]\\.)?tenant_id\"", "Where::AndWithin"},
    // The store without its wall, where operators are answered.
    {"orchestrator/api/", "()",
     "(snapshot|whole)(\\(\\))?(\\.|->)(tenants|zones|servers|tokens|certificates|observations|"
     "machines|findings|sweeps|rollouts|attempts)\\(\\)",
     "Context::snapshot, which sees what the caller may see"},
    {"orchestrator/core/report/", "Snapshot", "store::Snapshot\\b", "store::WalledSnapshot"},
};

std::vector<std::string> WallComplaints(const SourceFile& file) {
  std::vector<std::string> complaints;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "//")) continue;
    const auto complain = [&](absl::string_view what) {
      complaints.push_back(absl::StrCat(file.path, ":", i + 1, ": ", what));
    };
    if (absl::StrContains(line, kEverything) && !PlacesWithoutAWall().contains(file.path)) {
      complain(
          "has no wall: take the actor's, or say in tests/arch/wall_rules_test.cc why this is "
          "the system's own");
    }
    for (const WallForm& form : kWallForms) {
      if (!absl::StartsWith(file.path, form.folder) || !absl::StrContains(line, form.hint))
        continue;
      if (!std::regex_search(line, std::regex(form.pattern))) continue;
      complain(absl::StrCat("use ", form.instead));
    }
  }
  return complaints;
}

TEST(WallRules, NobodyIsWithoutAWallByAccident) {
  std::set<std::string> used;
  for (const SourceFile& file : ReadSources({"base", "proto", "store", "orchestrator", "worker"})) {
    EXPECT_THAT(WallComplaints(file), IsEmpty());
    for (const std::string& line : file.lines) {
      if (absl::StrContains(line, "Everything()")) used.insert(file.path);
    }
  }
  // The list can only shrink: what needs no exception has none.
  for (const auto& [path, reason] : PlacesWithoutAWall()) {
    EXPECT_TRUE(used.contains(path)) << path << " makes none any more; take it off the list";
  }
}

TEST(WallRules, AreSeen) {
  const auto said = [](const std::string& path, const std::string& line) {
    return WallComplaints({path, {line}});
  };
  EXPECT_THAT(said("orchestrator/api/x.cc", "query.wall = store::TenantWall::Everything();"),
              testing::ElementsAre(HasSubstr("has no wall")));
  EXPECT_THAT(said("orchestrator/core/operators/wall.cc", "return TenantWall::Everything();"),
              IsEmpty());
  EXPECT_THAT(said("store/x.h", "std::vector<TenantId> visible_tenants;  // Empty: all."),
              testing::SizeIs(1));
  EXPECT_THAT(said("orchestrator/core/x.cc", "return op.tenants.empty() || Contains(op, tenant);"),
              testing::SizeIs(1));
  EXPECT_THAT(said("orchestrator/core/x.cc", "return wall.tenants().empty() ? all : some;"),
              testing::SizeIs(1));
  EXPECT_THAT(said("store/sqlite/x.cc", "where.AndIn(\"s.tenant_id\", Texts(tenants));"),
              testing::SizeIs(1));
  EXPECT_THAT(said("orchestrator/api/x_calls.cc", "whole->servers().Find(id);"),
              testing::SizeIs(1));
  EXPECT_THAT(said("orchestrator/api/x_calls.cc", "context.snapshot.FindServer(id);"), IsEmpty());
  EXPECT_THAT(said("orchestrator/core/report/x.h", "Report Make(const store::Snapshot& s);"),
              testing::SizeIs(1));
  EXPECT_THAT(said("orchestrator/core/x.cc", "// TenantWall::Everything() is for others."),
              IsEmpty());
}

}  // namespace
}  // namespace muster::arch
