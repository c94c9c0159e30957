// docs/architecture.md shows the whole tree: each folder stands in its map, each room of the core in
// its table, and neither names what is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kMapPage[] = "docs/architecture.md";

// The folders right below one, by name; what is built or hidden is no part of the tree.
std::set<std::string> FoldersIn(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(MUSTER_SOURCE_DIR) / folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name[0] != '.' && name != "build" && name != "__pycache__") {
      names.insert(name);
    }
  }
  return names;
}

// The map: the first block of the page. What is said of each top folder: "tests" and its lines.
std::map<std::string, std::string> MapOf(const std::vector<std::string>& page) {
  std::map<std::string, std::string> map;
  std::string top;
  bool inside = false;
  for (const std::string& line : page) {
    if (absl::StartsWith(line, "```")) {
      if (inside) break;
      inside = true;
      continue;
    }
    if (!inside) continue;
    if (!line.empty() && line[0] != ' ') top = line.substr(0, line.find('/'));
    absl::StrAppend(&map[top], line, "\n");
  }
  return map;
}

// "core/", "fakes/": the folders that the text names.
std::set<std::string> FoldersNamed(const std::string& text) {
  std::set<std::string> names;
  const std::regex folder("([A-Za-z_]+)/");
  for (std::sregex_iterator it(text.begin(), text.end(), folder), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

// The names in the first column of the table under the given heading row.
std::vector<std::string> FirstColumn(const std::vector<std::string>& page,
                                     const std::string& heading) {
  std::vector<std::string> column;
  bool inside = false;
  for (const std::string& line : page) {
    if (line == heading) {
      inside = true;
    } else if (inside && !absl::StartsWith(line, "|")) {
      break;
    } else if (inside && !absl::StartsWith(line, "|--")) {
      const std::vector<std::string> cells = absl::StrSplit(line, '|');
      column.emplace_back(absl::StripAsciiWhitespace(cells[1]));
    }
  }
  return column;
}

std::vector<std::string> MapComplaints(
    const std::map<std::string, std::string>& map, const std::set<std::string>& tops,
    const std::function<std::set<std::string>(const std::string&)>& below) {
  std::vector<std::string> complaints;
  for (const std::string& top : tops) {
    const auto said = map.find(top);
    if (said == map.end()) {
      complaints.push_back(absl::StrCat("the map does not show ", top, "/"));
      continue;
    }
    const std::set<std::string> named = FoldersNamed(said->second);
    for (const std::string& folder : below(top)) {
      if (!named.contains(folder)) {
        complaints.push_back(absl::StrCat("the map does not show ", top, "/", folder, "/"));
      }
    }
  }
  for (const auto& [top, said] : map) {
    if (!tops.contains(top)) complaints.push_back(absl::StrCat("there is no ", top, "/"));
  }
  return complaints;
}

TEST(Map, ShowsEveryFolder) {
  const auto map = MapOf(ReadLines(kMapPage));
  ASSERT_GT(map.size(), 5u) << "the map was not found";
  EXPECT_THAT(MapComplaints(map, FoldersIn(""), FoldersIn), IsEmpty());
}

TEST(Map, ShowsNoFolderThatIsNotThere) {
  // Also of folders two deep: "app/commands/" under orchestrator/.
  for (const auto& [top, said] : MapOf(ReadLines(kMapPage))) {
    std::set<std::string> there = {top};
    const fs::path path = fs::path(MUSTER_SOURCE_DIR) / top;
    if (!fs::is_directory(path)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_directory()) there.insert(entry.path().filename().string());
    }
    for (const std::string& folder : FoldersNamed(said)) {
      EXPECT_TRUE(there.contains(folder)) << "the map shows " << folder << "/ below " << top << "/";
    }
  }
}

TEST(Map, EveryRoomOfTheCoreHasOneRow) {
  std::vector<std::string> rows =
      FirstColumn(ReadLines(kMapPage), "| room of core | decides | does not |");
  std::sort(rows.begin(), rows.end());
  const std::set<std::string> rooms = FoldersIn("orchestrator/core");
  EXPECT_EQ(absl::StrJoin(rows, " "), absl::StrJoin(rooms, " "));
}

// `tests/sim/scenario.cc`, `base/crypto`, `orchestrator/app/run_serve.h`: paths from the top that a
// document names. What holds a star, a dash of several or a word in capitals stands for many.
std::vector<std::string> PathsNamed(const std::string& line) {
  std::vector<std::string> paths;
  const std::regex path(
      "`((?:base|cmake|deploy|docs|orchestrator|proto|store|tests|worker)/[a-z0-9_./-]+)`");
  for (std::sregex_iterator it(line.begin(), line.end(), path), end; it != end; ++it) {
    paths.push_back((*it)[1]);
  }
  return paths;
}
// Also without its ending: `base/crypto/certificate` is a header and a source.
bool IsThere(const std::string& path) {
  const fs::path whole = fs::path(MUSTER_SOURCE_DIR) / path;
  return fs::exists(whole) || fs::exists(whole.string() + ".h");
}

TEST(Map, PathsThatDocumentsNameAreThere) {
  int seen = 0;
  for (const SourceFile& page : ReadFiles({"", "docs", "tests", "deploy"}, {".md"})) {
    for (const std::string& line : page.lines) {
      for (const std::string& path : PathsNamed(line)) {
        ++seen;
        EXPECT_TRUE(IsThere(path)) << page.path << " names " << path << ", which is not there";
      }
    }
  }
  EXPECT_GT(seen, 60) << "the paths were not found";
  EXPECT_THAT(PathsNamed("see `base/gone.h`, `tests/*_test.cc`, `build/x` and `docs/cli.md`"),
              testing::ElementsAre("base/gone.h", "docs/cli.md"));
  EXPECT_FALSE(IsThere("base/gone.h"));
}

TEST(Map, WhatIsMissingIsSaid) {
  const std::vector<std::string> page = {
      "# A", "```", "base/   ground; sql/ http/", "        yaml/", "gone/   no more", "```", "```",
      "x/",  "```"};
  const auto below = [](const std::string& top) {
    return top == "base" ? std::set<std::string>{"sql", "yaml", "crypto"} : std::set<std::string>{};
  };
  EXPECT_THAT(MapComplaints(MapOf(page), {"base", "docs"}, below),
              testing::ElementsAre(HasSubstr("base/crypto/"), HasSubstr("not show docs/"),
                                   HasSubstr("no gone/")));
  EXPECT_THAT(FirstColumn({"| a | b |", "|---|---|", "| one | x |", "| two | y |", "", "| three |"},
                          "| a | b |"),
              testing::ElementsAre("one", "two"));
}

}  // namespace
}  // namespace muster::arch
