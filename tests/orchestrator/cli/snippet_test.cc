// Scripts for remote management tools: which there are, what the flags take, and that a value never
// becomes code. tests/integration/snippet_test.cc runs them.
#include "orchestrator/cli/snippet.h"

#include <gmock/gmock.h>
#include <stdio.h>

#include <fstream>
#include <random>
#include <regex>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr char kHash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

SnippetOptions OptionsFor(const std::string& target) {
  SnippetOptions options{.target = target, .package_sha256 = kHash};
  const bool unix_only = target == "shell" || target == "ansible";
  options.package_url =
      unix_only ? "https://files.example.net/w.deb" : "https://files.example.net/w.msi";
  for (const char* file_only : {"connectwise-automate", "kaseya", "atera", "gpo"}) {
    if (target == file_only) options.token_file = "C:\\Deploy\\acme.token";
  }
  return options;
}

// Runs a shell script and returns what it prints.
std::string Shell(const std::string& path) {
  FILE* const pipe = popen(absl::StrCat("sh '", path, "' 2>&1").c_str(), "r");
  std::string out;
  for (int c = 0; (c = fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
  pclose(pipe);
  return out;
}

// The value of a literal as PowerShell reads it: '…', where '' is one quote. "?" where code follows.
std::string PowerShellValue(const std::string& script, const std::string& variable) {
  const std::string begin = absl::StrCat("\n$", variable, " = '");
  size_t at = script.find(begin);
  if (at == std::string::npos) return "?";
  std::string value;
  for (at += begin.size(); at < script.size(); ++at) {
    if (script[at] != '\'') {
      value.push_back(script[at]);
    } else if (script[at + 1] == '\'') {
      value.push_back(script[++at]);
    } else {
      return script[at + 1] == '\r' ? value : "?";
    }
  }
  return "?";
}

class SnippetTest : public CliTest {
 protected:
  // What the shell makes of the two values.
  std::string ValuesInShell(const SnippetOptions& options) {
    const auto script = MakeSnippet(options);
    EXPECT_TRUE(script.ok()) << script.status();
    if (!script.ok()) return "";
    return Shell(WriteFile(
        "s.sh",
        absl::StrReplaceAll(
            *script, {{"\nmain\n", "\nprintf '%s|%s' \"$package_url\" \"$token_file\"\n"}})));
  }
};

TEST_F(SnippetTest, EveryTargetHasAWholeScript) {
  for (const std::string& target : SnippetTargets()) {
    const auto script = MakeSnippet(OptionsFor(target));
    ASSERT_TRUE(script.ok()) << target << ": " << script.status();
    EXPECT_FALSE(std::regex_search(*script, std::regex("__[A-Z]"))) << target << " has a gap";
    EXPECT_THAT(*script, AllOf(HasSubstr(kHash), HasSubstr("files.example.net"),
                               HasSubstr("--for " + target)))
        << target;
    EXPECT_TRUE(std::all_of(script->begin(), script->end(), [](char c) {
      return c > 0 && c < 127;
    })) << target;
    const bool windows = target != "shell" && target != "ansible";
    const size_t lines = std::count(script->begin(), script->end(), '\n');
    EXPECT_EQ(std::count(script->begin(), script->end(), '\r'), windows ? lines : 0) << target;
  }
}

TEST_F(SnippetTest, TheDocumentSpeaksOfEveryTarget) {
  std::ifstream in(MUSTER_SOURCE_DIR "/docs/rmm.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const std::string& target : SnippetTargets())
    EXPECT_THAT(page.str(), HasSubstr("`--for " + target));
}

TEST_F(SnippetTest, TheScriptGoesToTheStandardOutputAndNobodyIsAsked) {
  EXPECT_EQ(RunWithoutSocket({"token", "snippet", "--for", "ninjaone", "--system", "linux",
                              "--package-url", "https://files.example.net/w.rpm?sig=a%20b&x='1'",
                              "--package-sha256", kHash}),
            0);
  EXPECT_TRUE(absl::StartsWith(out_, "#!/bin/sh\n"));
  EXPECT_EQ(err_, "");
}

TEST_F(SnippetTest, NonsenseIsRefusedWithTheFlagThatHoldsIt) {
  struct Case {
    std::vector<std::string> flags;
    const char* says;
  };
  const std::string url = "https://h.example/w.msi";
  for (const Case& c : std::vector<Case>{
           {{}, "--package-url is required"},
           {{"--package-url", url}, "--package-sha256 is required"},
           {{"--package-sha256", kHash}, "--package-url is required"},
           {{"--package-url", url, "--package-sha256", "abc"}, "--package-sha256 wants"},
           {{"--package-url", url, "--package-sha256", std::string(64, 'g')},
            "--package-sha256 wants"},
           {{"--package-url", "", "--package-sha256", kHash}, "--package-url"},
           {{"--package-url", "ftp://h/w.msi", "--package-sha256", kHash},
            "--package-url is no URL"},
           {{"--package-url", "https://me:secret@h/w.msi", "--package-sha256", kHash},
            "--package-url is no URL"},
           {{"--package-url", "https://h/w w.msi", "--package-sha256", kHash},
            "--package-url holds"},
           {{"--package-url", "https://h/w.msi\ncalc", "--package-sha256", kHash},
            "--package-url holds"},
           {{"--package-url", "https://h/\"w.msi", "--package-sha256", kHash},
            "--package-url holds"},
           {{"--package-url", "https://h/\xE2\x80\x99.msi", "--package-sha256", kHash},
            "--package-url holds"},
           {{"--package-url", "https://h/{{w}}.msi", "--package-sha256", kHash},
            "--package-url holds"},
           {{"--package-url", "https://h/w.deb", "--package-sha256", kHash},
            ".msi file for Windows"},
           {{"--package-url", "https://h/w.exe?a=.msi", "--package-sha256", kHash},
            ".msi file for Windows"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-variable", "a;b"},
            "--token-variable wants"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-variable", "1a"},
            "--token-variable wants"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-file", "acme.token"},
            "--token-file wants a whole path"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-file", "C:\\a\nb"},
            "--token-file takes printable"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-file", "C:\\a|b"},
            "--token-file has a character"},
           {{"--package-url", url, "--package-sha256", kHash, "--token-file", "C:\\a",
             "--token-variable", "b"},
            "--token-file does not go with"},
           {{"--package-url", url, "--package-sha256", kHash, "--keep-token-file"},
            "--keep-token-file wants"},
           {{"--package-url", url, "--package-sha256", kHash, "--time-limit", "soon"},
            "--time-limit"},
           {{"--package-url", url, "--package-sha256", kHash, "--time-limit", "1s"},
            "--time-limit wants"},
           {{"--package-url", url, "--package-sha256", kHash, "--time-limit", "2h"},
            "--time-limit wants"},
       }) {
    std::vector<std::string> line = {"token", "snippet", "--for", "datto"};
    line.insert(line.end(), c.flags.begin(), c.flags.end());
    EXPECT_EQ(RunWithoutSocket(line), 2) << c.says;
    EXPECT_THAT(err_, HasSubstr(c.says));
    EXPECT_EQ(out_, "") << c.says;
  }
  EXPECT_EQ(RunWithoutSocket({"token", "snippet", "--for", "ninjaon", "--package-url", url,
                              "--package-sha256", kHash}),
            2);
  EXPECT_THAT(err_, HasSubstr("did you mean 'ninjaone'"));
  EXPECT_EQ(RunWithoutSocket({"token", "snippet", "--for", "kaseya", "--package-url", url,
                              "--package-sha256", kHash}),
            2);
  EXPECT_THAT(err_, HasSubstr("--token-file is missing: kaseya has no secret variables"));
  EXPECT_EQ(RunWithoutSocket({"token", "snippet", "--for", "gpo", "--system", "linux",
                              "--package-url", url, "--package-sha256", kHash}),
            2);
  EXPECT_THAT(err_, HasSubstr("--system linux does not go with --for gpo"));
}

// Of what a URL or a path may hold, what shells make something of, in any order.
TEST_F(SnippetTest, AValueIsNeverCode) {
  const std::vector<std::string> pieces = {"'",
                                           "''",
                                           "$(touch HACKED)",
                                           "$HOME",
                                           ";touch HACKED;",
                                           "&&",
                                           "!",
                                           "*",
                                           "~",
                                           "$$",
                                           "__VARIABLE__",
                                           "__TAKE_TOKEN__",
                                           "%27",
                                           "=",
                                           "-n",
                                           "(",
                                           ")",
                                           "a",
                                           "b"};
  const std::vector<std::string> of_paths = {
      " ", "\"", "`touch HACKED`", "\\", "\\'", "#", "<", ">", "|", "{", "}", "\\n"};
  std::mt19937 random(20261127);
  for (int round = 0; round < 300; ++round) {
    SnippetOptions options = OptionsFor("shell");
    std::string text;
    std::string path = "/x";
    for (int i = static_cast<int>(random() % 7); i >= 0; --i) {
      text += absl::StrReplaceAll(pieces[random() % pieces.size()], {{" ", "%20"}});
      path += random() % 2 == 0 ? pieces[random() % pieces.size()]
                                : of_paths[random() % of_paths.size()];
    }
    options.package_url = round % 3 == 0 ? absl::StrCat(path, ".deb")
                                         : absl::StrCat("https://h.example/", text, ".deb");
    options.token_file = path;
    EXPECT_EQ(ValuesInShell(options), absl::StrCat(options.package_url, "|", path))
        << "round " << round;

    options.target = "powershell";
    options.package_url = absl::StrCat("https://h.example/", text, ".msi");
    options.token_file = absl::StrReplaceAll(
        path, {{"/x", "C:\\x"}, {"\"", "$x"}, {"*", ""}, {"<", ""}, {">", ""}, {"|", ""}});
    const auto script = MakeSnippet(options);
    ASSERT_TRUE(script.ok()) << script.status();
    EXPECT_EQ(PowerShellValue(*script, "PackageUrl"), options.package_url);
    EXPECT_EQ(PowerShellValue(*script, "TokenFile"), options.token_file);
  }
  EXPECT_FALSE(std::filesystem::exists("HACKED"));
}

TEST_F(SnippetTest, WhatLiesOnAShareStays) {
  SnippetOptions options = OptionsFor("gpo");
  EXPECT_THAT(*MakeSnippet(options), HasSubstr("$KeepTokenFile = $false"));
  options.token_file = "\\\\files.acme.example\\deploy$\\acme.token";
  EXPECT_THAT(*MakeSnippet(options), HasSubstr("$KeepTokenFile = $true"));
}

TEST_F(SnippetTest, NoTokenStandsInACommandLine) {
  for (const std::string& target : SnippetTargets()) {
    const std::string script = *MakeSnippet(OptionsFor(target));
    const std::regex given(
        "(enroll --token-file|enroll, --token-file)[ ,]+\"?([^ \"\r\n'\\]]+|\\$scratch/token)");
    for (std::sregex_iterator it(script.begin(), script.end(), given), end; it != end; ++it) {
      EXPECT_THAT((*it)[2].str(), testing::AnyOf("-", "$scratch/token")) << target;
    }
  }
}

}  // namespace
}  // namespace muster::cli
