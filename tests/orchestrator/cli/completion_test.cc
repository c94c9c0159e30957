// What stands next in a command line, and the shells' scripts that ask for it.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CompletionTest : public CliTest {
 protected:
  CompletionTest() {
    for (const char* zone : {"acme/prod", "acme/lab", "bank/prod"}) {
      admin_.zones.add_zones()->set_zone_id(zone);
    }
    admin_.tenants.add_tenants()->set_tenant_id("acme");
    for (const char* name : {"WEB-01", "WEB-02"}) {
      auto& server = admin_.servers.emplace_back();
      server.set_zone_id("acme/prod");
      server.set_name(name);
    }
    admin_.rollouts.add_rollouts()->set_rollout_id("rol-1");
    variables_["MUSTER_SOCKET"] = Path("s");
  }

  std::vector<std::string> Next(std::vector<std::string> words) {
    words.insert(words.begin(), {"completion", "words", "--"});
    EXPECT_EQ(RunWithoutSocket(words), 0);
    EXPECT_EQ(err_, "") << "a completion is silent";
    return absl::StrSplit(out_, '\n', absl::SkipEmpty());
  }
};

TEST_F(CompletionTest, NounsVerbsAndFlags) {
  EXPECT_THAT(Next({"serv"}), ElementsAre("server"));
  EXPECT_THAT(Next({""}), AllOf(Contains("server"), Contains("doctor")));
  EXPECT_THAT(Next({"server", "ex"}), ElementsAre("explain"));
  EXPECT_THAT(Next({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(Next({"rollout", "create", "--allow"}), ElementsAre("--allow-takeover"));
  EXPECT_THAT(Next({"rollout", "create", "--oper"}), ElementsAre("--operator-dir"));
  EXPECT_THAT(Next({"--no-color", "server", "sh"}), ElementsAre("show"));
  EXPECT_THAT(Next({"-o", "server"}), IsEmpty()) << "a word behind a flag is its value";
}

TEST_F(CompletionTest, FixedSets) {
  EXPECT_THAT(Next({"server", "list", "-o", "j"}), ElementsAre("json"));
  EXPECT_THAT(Next({"server", "list", "--output=y"}), ElementsAre("--output=yaml"));
  EXPECT_THAT(Next({"server", "list", "--output", "=", "y"}), ElementsAre("yaml"));
  EXPECT_THAT(Next({"server", "list", "--enrollment", "failed,in_"}),
              ElementsAre("failed,in_doubt"));
  EXPECT_THAT(Next({"rollout", "targets", "rol-1", "--state", "str"}), ElementsAre("straggler"));
}

TEST_F(CompletionTest, NamesOfTheOrchestrator) {
  EXPECT_THAT(Next({"server", "list", "--zone", "acme/"}), ElementsAre("acme/prod", "acme/lab"));
  EXPECT_THAT(Next({"server", "list", "--zone=ba"}), ElementsAre("--zone=bank/prod"));
  EXPECT_THAT(Next({"report", "--tenant", ""}), ElementsAre("acme"));
  EXPECT_THAT(Next({"server", "show", "ac"}), ElementsAre("acme/prod/", "acme/lab/"));
  EXPECT_THAT(Next({"server", "show", "acme/prod/w"}),
              ElementsAre("acme/prod/WEB-01", "acme/prod/WEB-02"));
  EXPECT_EQ(admin_.list_request.selection().names(0), "w*");
  EXPECT_THAT(Next({"server", "show", "acme/prod/WEB-01", "acme/prod/WEB-02", "ba"}),
              ElementsAre("bank/prod/"));
  EXPECT_THAT(Next({"rollout", "watch", "rol"}), ElementsAre("rol-1"));
  EXPECT_THAT(Next({"rollout", "watch", "rol-1", "x"}), IsEmpty());
}

TEST_F(CompletionTest, FilesAreTheShells) {
  EXPECT_THAT(Next({"apply", "-f", "x"}), ElementsAre(":files"));
  EXPECT_THAT(Next({"server", "import", ""}), ElementsAre(":files"));
  EXPECT_THAT(Next({"--operator-dir", ""}), ElementsAre(":directories"));
  EXPECT_THAT(Next({"man", ""}), ElementsAre(":directories"));
}

TEST_F(CompletionTest, WithoutAnOrchestratorNothingIsSaid) {
  variables_["MUSTER_SOCKET"] = Path("none");
  EXPECT_THAT(Next({"server", "list", "--zone", ""}), IsEmpty());
  variables_.clear();
  EXPECT_THAT(Next({"--socket", Path("s"), "server", "list", "--zone", "b"}),
              ElementsAre("bank/prod"))
      << "the words say which orchestrator is meant";
}

TEST_F(CompletionTest, NamesThatAShellWouldObeyAreNotOffered) {
  admin_.zones.add_zones()->set_zone_id("acme/x y");
  admin_.zones.add_zones()->set_zone_id("acme/x\x1b[2J");
  EXPECT_THAT(Next({"server", "list", "--zone", "acme/x"}), IsEmpty());
}

// The scripts themselves, in real shells, against a program that answers as ours does. Where a shell
// is not installed its test is skipped (deploy/install-dependencies installs them).
class CompletionScriptTest : public CompletionTest {
 protected:
  // The exit code of `shell` for the completion's script and then `lines`, which end with 0 when all
  // is as it should be.
  int RunScript(const std::string& shell, const std::string& options, const std::string& lines) {
    if (std::system(("command -v " + shell + " >/dev/null").c_str()) != 0) return kNotInstalled;
    std::filesystem::create_directories(Path("bin"));
    const std::string program = WriteFile("bin/muster", R"(#!/bin/sh
printf '%s\n' "$*" >>"$ASKED"
case "$*" in
  *import*) echo :files ;;
  *operator-dir*) echo :directories ;;
  *show*) printf '%s\n' acme/prod/ acme/lab/ ;;
  *Quoted*) printf '%s\n' 'acme/prod/it'\''s' ;;
  *) printf '%s\n' server 'ser$(touch broken)' ;;
esac
)");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    EXPECT_EQ(RunWithoutSocket({"completion", shell}), 0);
    const std::string script = WriteFile("completion", out_ + lines);
    const int status =
        std::system(absl::StrCat("cd ", directory_, " && HOME=", directory_,
                                 " ASKED=", Path("asked"), " PATH=", Path("bin"), ":$PATH ", shell,
                                 " ", options, " ", script, " >", Path("said"), " 2>&1")
                        .c_str());
    EXPECT_FALSE(std::filesystem::exists(Path("broken"))) << "an answer was obeyed";
    std::stringstream said;
    said << std::ifstream(Path("said")).rdbuf();
    if (status != 0) ADD_FAILURE() << shell << ": " << said.str();
    return WEXITSTATUS(status);
  }
  static constexpr int kNotInstalled = 127;
};

TEST_F(CompletionScriptTest, BashAsksAndOffers) {
  EXPECT_EQ(RunScript("bash", "--norc", R"sh(
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muster; echo "${COMPREPLY[0]}"; }
[ "$(complete_words muster serv)" = server ] || exit 1
[ "$(tail -1 "$ASKED")" = "completion words -- serv" ] || exit 2
[ "$(complete_words muster server import "$ASKED")" = "$ASKED" ] || exit 3
[ "$(complete_words muster server show ac)" = acme/prod/ ] || exit 4
[ "$(complete_words muster --operator-dir "$HOME/bi")" = "$HOME/bin" ] || exit 5
)sh"),
            0);
}

TEST_F(CompletionScriptTest, ZshAsksAndOffers) {
  // What zsh's own completion offers is gathered instead of shown.
  const int result = RunScript("zsh", "-f", R"sh(
compadd() {
  local -a given; given=("$@")
  local name="$given[-1]"
  [[ "$given" == *"-S  -a"* ]] && opened=("${(@P)name}") || offered=("${(@P)name}")
}
_files() { offered=("files $*") }
compdef() { }
complete_words() { offered=(); opened=(); words=("$@"); CURRENT=$#; _muster }
complete_words muster serv
[[ "$offered[1]" == server && $#opened == 0 ]] || exit 1
[[ "$(tail -1 "$ASKED")" == "completion words -- serv" ]] || exit 2
complete_words muster server import ''
[[ "$offered" == "files " ]] || exit 3
[[ "$(tail -1 "$ASKED")" == "completion words -- server import " ]] || exit 4
complete_words muster server show ac
[[ $#offered == 0 && "$opened" == "acme/prod/ acme/lab/" ]] || exit 5
complete_words muster --operator-dir /
[[ "$offered" == "files -/" ]] || exit 6
complete_words muster Quoted
[[ "$offered" == "acme/prod/it's" ]] || exit 7
)sh");
  if (result == kNotInstalled) GTEST_SKIP() << "there is no zsh here";
  EXPECT_EQ(result, 0);
}

TEST_F(CompletionScriptTest, FishAsksAndOffers) {
  const int result = RunScript("fish", "--no-config", R"sh(
test (complete -C 'muster serv')[1] = server; or exit 1
test (tail -1 $ASKED) = 'completion words -- serv'; or exit 2
complete -C 'muster server import ask' | string match -q 'asked*'; or exit 3
test (count (complete -C 'muster server show ')) = 2; or exit 4
test (tail -1 $ASKED) = 'completion words -- server show '; or exit 5
complete -C 'muster --operator-dir bi' | string match -q 'bin/*'; or exit 6
)sh");
  if (result == kNotInstalled) GTEST_SKIP() << "there is no fish here";
  EXPECT_EQ(result, 0);
}

TEST_F(CompletionTest, EveryShellHasAScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(RunWithoutSocket({"completion", shell}), 0) << shell;
    EXPECT_THAT(out_, HasSubstr("muster completion words -- ")) << shell;
  }
  EXPECT_EQ(RunWithoutSocket({"completion", "--help"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("words")));
}

}  // namespace
}  // namespace muster::cli
