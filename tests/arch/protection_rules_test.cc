// Protections that a build for tests can do without (docs/decisions/protections-off.md): such a
// build is asked for by name, is never shipped, and has one place for each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/match.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

using testing::Contains;
using testing::ElementsAre;

TEST(ProtectionRules, LeversAreOffUnlessAPresetForTestsAsksForThem) {
  EXPECT_THAT(ReadLines("CMakeLists.txt"),
              Contains(testing::AllOf(testing::StartsWith("option(MUSTER_TEST_LEVERS "),
                                      testing::EndsWith(" OFF)"))));
  std::vector<std::string> with_levers;
  std::string preset;
  for (const std::string& line : ReadLines("CMakePresets.json")) {
    if (const size_t at = line.find("{\"name\": \""); at != std::string::npos) {
      preset = line.substr(at + 10, line.find('"', at + 10) - at - 10);
    }
    if (absl::StrContains(line, "MUSTER_TEST_LEVERS")) with_levers.push_back(preset);
  }
  EXPECT_THAT(with_levers, ElementsAre("dev", "clang", "asan", "tsan"));
  for (const SourceFile& file : ReadFiles({"deploy"}, {""})) {
    for (const std::string& line : file.lines) {
      EXPECT_FALSE(absl::StrContains(line, "TEST_LEVERS")) << file.path << ": never to be shipped";
    }
  }
}

TEST(ProtectionRules, OnePlaceDoesWithoutEach) {
  std::map<std::string, std::string> places;
  for (const SourceFile& file : ReadSources({"base", "proto", "store", "orchestrator", "worker"})) {
    if (absl::StartsWith(file.path, "base/protection")) continue;
    for (const std::string& line : file.lines) {
      const size_t at = line.find("IsTurnedOff(Protection::");
      if (at == std::string::npos) continue;
      const std::string name = line.substr(at + 24, line.find(')', at) - at - 24);
      EXPECT_TRUE(places.emplace(name, file.path).second) << file.path << " and " << places[name];
    }
  }
  const std::map<std::string, std::string> expected = {
      {"kRedaction", "base/excerpt.cc"},
      {"kServiceTrust", "worker/service/loopback.cc"},
      {"kTenantsWall", "orchestrator/core/operators/wall.cc"}};
  EXPECT_EQ(places, expected);
}

}  // namespace
}  // namespace muster::arch
