#include "orchestrator/cli/snippet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/http/url.h"
#include "base/status_macros.h"
#include "orchestrator/cli/nearest.h"

namespace muster::cli {
namespace {

// Where a tool keeps the token for the script.
enum class TokenPlace {
  kVariable,      // In the script's environment, or in a variable of the script.
  kNinjaOne,      // As kVariable, or in a custom field that the agent reads.
  kTaskSequence,  // In a variable of Configuration Manager's task sequence.
  kBeside,        // In a file that comes with the script.
  kFile,          // In a file that the operator names.
  kPlaybook,      // In a variable of Ansible.
};

struct SnippetTarget {
  absl::string_view name;
  bool windows;
  bool linux_too;
  TokenPlace place;
  absl::string_view where;  // For people, one line each.
  int exit_base = 0;  // Added to exit codes of failures, where the tool keeps low ones to itself.
};

constexpr SnippetTarget kSnippetTargets[] = {
    {"ninjaone", true, true, TokenPlace::kNinjaOne,
     "The token: in the script variable __VARIABLE__, or in a custom field (type Secure) of that "
     "name that\nautomations may read."},
    {"datto", true, true, TokenPlace::kVariable,
     "The token: in the account's or site's variable __VARIABLE__, masked. Components get it in "
     "their environment."},
    {"connectwise-automate", true, true, TokenPlace::kFile,
     "The token: in the file __TOKEN_FILE_NAME__, which the Automate script writes before this one "
     "runs\n(File Write Text). A parameter would stand in the script's text and in its log."},
    {"n-able", true, true, TokenPlace::kVariable,
     "The token: in the script's input parameter __VARIABLE__, filled from a custom property.",
     1000},
    {"kaseya", true, true, TokenPlace::kFile,
     "The token: in the file __TOKEN_FILE_NAME__, which the agent procedure writes before this one "
     "runs\n(writeFile, from the VSA's files). A procedure variable would stand in the log."},
    {"syncro", true, true, TokenPlace::kVariable,
     "The token: in the script variable __VARIABLE__ of this script."},
    {"atera", true, true, TokenPlace::kFile,
     "The token: in the file __TOKEN_FILE_NAME__, which comes to the device before this script "
     "runs."},
    {"intune", true, false, TokenPlace::kBeside,
     "The token: in the file muster.token beside this script, in the same .intunewin package."},
    {"gpo", true, false, TokenPlace::kFile,
     "The token: in the file __TOKEN_FILE_NAME__, on a share that only the computers it is for can "
     "read,\nand never in SYSVOL, which everybody can read."},
    {"sccm", true, false, TokenPlace::kTaskSequence,
     "The token: in the task sequence (or collection) variable __VARIABLE__, with 'Do not display "
     "this value'."},
    {"ansible", false, true, TokenPlace::kPlaybook,
     "The token: in the variable __VARIABLE__, from a vault. Proxy of the download: muster_proxy, "
     "such as\n{https_proxy: 'http://proxy.example:3128'}. Hosts: muster_hosts."},
    {"powershell", true, false, TokenPlace::kVariable,
     "The token: in the environment variable __VARIABLE__."},
    {"shell", false, true, TokenPlace::kVariable,
     "The token: in the environment variable __VARIABLE__."},
};

absl::Status Refuse(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", why));
}

bool IsPrintableAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// '…' for PowerShell and YAML, which double a quote; for sh, which leaves the string for one.
std::string PowerShellLiteral(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}
std::string ShellLiteral(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// \\server\share\file for Windows, /file for Linux.
bool IsFilePath(absl::string_view text, bool windows) {
  if (!windows) return absl::StartsWith(text, "/");
  const bool drive = text.size() > 3 && absl::ascii_isalpha(static_cast<unsigned char>(text[0])) &&
                     text.substr(1, 2) == ":\\";
  return drive || absl::StartsWith(text, "\\\\");
}

absl::Status CheckFilePath(absl::string_view flag, absl::string_view path, bool windows) {
  if (!IsPrintableAscii(path)) return Refuse(flag, "takes printable ASCII only");
  if (!IsFilePath(path, windows)) {
    return Refuse(flag, windows ? "wants a whole path, such as C:\\Deploy\\acme.token or "
                                  "\\\\server\\share\\acme.token"
                                : "wants a whole path, such as /root/acme.token");
  }
  if (windows && path.find_first_of("\"*?<>|/", 0) != absl::string_view::npos) {
    return Refuse(flag, "has a character that no path on Windows has");
  }
  return absl::OkStatus();
}

absl::Status CheckPackageUrl(absl::string_view url, bool windows) {
  constexpr absl::string_view kFlag = "--package-url";
  if (url.empty()) return Refuse(kFlag, "is empty");
  if (url.size() > 2000) return Refuse(kFlag, "is longer than 2000 characters");
  if (IsFilePath(url, windows)) return CheckFilePath(kFlag, url, windows);
  // What no URL holds unescaped (RFC 3986), and what Url::Parse would mend in silence.
  if (!IsPrintableAscii(url) || url.find_first_of(" \"<>\\^`{|}#") != absl::string_view::npos) {
    return Refuse(kFlag, "holds a character that no URL has; write it as %XX");
  }
  const auto parsed = http::Url::Parse(url);
  if (!parsed.ok()) return Refuse(kFlag, absl::StrCat("is no URL: ", parsed.status().message()));
  return absl::OkStatus();
}

// "deb", "rpm", "msi": what the package's name ends with.
absl::StatusOr<std::string> PackageKind(absl::string_view url, bool windows) {
  const std::string path =
      absl::AsciiStrToLower(IsFilePath(url, windows) ? url : url.substr(0, url.find('?')));
  for (const char* kind : {"deb", "rpm", "msi"}) {
    if (absl::EndsWith(path, absl::StrCat(".", kind)) && (windows == (kind[0] == 'm'))) return kind;
  }
  return Refuse("--package-url", windows ? "has to lead to a .msi file for Windows"
                                         : "has to lead to a .deb or .rpm file for Linux");
}

absl::Status CheckSha256(absl::string_view text) {
  const bool hex = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (text.size() == 64 && hex) return absl::OkStatus();
  return Refuse("--package-sha256",
                "wants the package's SHA-256: 64 characters of 0-9 and a-f, as "
                "'sha256sum' and deploy/packages/build print it");
}

absl::Status CheckVariable(absl::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
  if (!name.empty() && name.size() <= 64 && plain &&
      !absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) {
    return absl::OkStatus();
  }
  return Refuse("--token-variable",
                "wants the name of a variable: letters, digits and '_', not beginning with a "
                "digit, 64 at most");
}

// Each line as a comment.
std::string Comment(absl::string_view text) {
  return absl::StrCat("# ", absl::StrReplaceAll(text, {{"\n", "\n# "}}));
}

const SnippetTarget* FindTarget(absl::string_view name) {
  for (const SnippetTarget& target : kSnippetTargets) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

absl::StatusOr<bool> ForWindows(const SnippetTarget& target, absl::string_view system) {
  if (system.empty()) return target.windows;
  const bool windows = system == "windows";
  if (!windows && system != "linux") return Refuse("--system", "wants windows or linux");
  if (windows ? target.windows : target.linux_too) return windows;
  return Refuse("--system", absl::StrCat(system, " does not go with --for ", target.name));
}

// Which of the take_… files this snippet gets.
absl::StatusOr<TokenPlace> PlaceFor(const SnippetTarget& target, const SnippetOptions& options) {
  if (options.token_file.empty()) {
    if (target.place == TokenPlace::kFile) {
      return Refuse("--token-file",
                    absl::StrCat("is missing: ", target.name,
                                 " has no secret variables that a script could read; name the "
                                 "file on the server that will hold the token"));
    }
    if (options.keep_token_file) return Refuse("--keep-token-file", "wants --token-file as well");
    return target.place;
  }
  if (target.place == TokenPlace::kPlaybook) {
    return Refuse("--token-file",
                  "does not go with --for ansible, which keeps the token in a "
                  "vault");
  }
  if (!options.token_variable.empty()) {
    return Refuse("--token-file", "does not go with --token-variable; one place holds the token");
  }
  return TokenPlace::kFile;
}

absl::string_view TakeFileName(TokenPlace place) {
  switch (place) {
    case TokenPlace::kNinjaOne:
      return "take_ninjaone";
    case TokenPlace::kTaskSequence:
      return "take_sequence";
    case TokenPlace::kBeside:
    case TokenPlace::kFile:
      return "take_file";
    case TokenPlace::kVariable:
    case TokenPlace::kPlaybook:
      return "take_variable";
  }
  return "";
}

}  // namespace

std::vector<std::string> SnippetTargets() {
  std::vector<std::string> names;
  for (const SnippetTarget& target : kSnippetTargets) names.emplace_back(target.name);
  return names;
}

absl::StatusOr<std::string> MakeSnippet(const SnippetOptions& options) {
  const SnippetTarget* const target = FindTarget(options.target);
  if (target == nullptr) {
    return Refuse("--for", absl::StrCat("wants one of ", absl::StrJoin(SnippetTargets(), ", "),
                                        DidYouMean(options.target, SnippetTargets())));
  }
  ASSIGN_OR_RETURN(const bool windows, ForWindows(*target, options.system));
  RETURN_IF_ERROR(CheckPackageUrl(options.package_url, windows));
  ASSIGN_OR_RETURN(const std::string kind, PackageKind(options.package_url, windows));
  RETURN_IF_ERROR(CheckSha256(options.package_sha256));
  const bool ansible = target->place == TokenPlace::kPlaybook;
  if (ansible && IsFilePath(options.package_url, windows)) {
    return Refuse("--package-url", "wants an http or https URL for Ansible");
  }
  const std::string variable =
      options.token_variable.empty() ? "muster_token" : options.token_variable;
  RETURN_IF_ERROR(CheckVariable(variable));
  ASSIGN_OR_RETURN(const TokenPlace place, PlaceFor(*target, options));
  if (!options.token_file.empty()) {
    RETURN_IF_ERROR(CheckFilePath("--token-file", options.token_file, windows));
  }
  if (options.time_limit < absl::Seconds(10) || options.time_limit > absl::Hours(1)) {
    return Refuse("--time-limit", "wants 10s to 1h");
  }
  // A share is many machines'; what lies there is not for one of them to delete.
  const bool keep = options.keep_token_file || absl::StartsWith(options.token_file, "\\\\");
  const auto literal = windows || ansible ? PowerShellLiteral : ShellLiteral;
  const absl::string_view ending = windows ? ".ps1" : ".sh";
  std::string where(target->where);
  if (place == TokenPlace::kFile && target->place != TokenPlace::kFile) {
    where = "The token: in the file __TOKEN_FILE_NAME__.";
  }
  const std::string no = windows ? "$false" : "no";
  const std::string yes = windows ? "$true" : "yes";
  const int base = windows ? target->exit_base : 0;
  std::string text(SnippetFile(ansible ? absl::string_view("playbook.yml")
                                       : absl::string_view(windows ? "worker.ps1" : "worker.sh")));
  // First our own pieces, then, in one pass, what the options say: no value is looked at twice.
  text = absl::StrReplaceAll(
      text, {{"__TAKE_TOKEN__\n",
              absl::StrCat(SnippetFile(absl::StrCat(TakeFileName(place), ending)), "\n")},
             {"__WHERE__", Comment(where)},
             {"__BASE_NOTE__\n#   ",
              base == 0 ? ""
                        : absl::StrCat(base,
                                       " is added to what stands here, but to 0: N-able keeps "
                                       "lower codes to itself\n#   ")},
             {"__INSTALL_MODULE__", kind == "deb" ? "ansible.builtin.apt" : "ansible.builtin.dnf"},
             {"__INSTALL_ARGUMENTS__",
              kind == "deb" ? "            deb: \"{{ muster_package_file }}\""
                            : "            name: \"{{ muster_package_file }}\"\n"
                              "            state: present\n            disable_gpg_check: true"}});
  text = absl::StrReplaceAll(
      text,
      {{"__FOR__", target->name},
       {"__PACKAGE_URL__", literal(options.package_url)},
       {"__PACKAGE_SHA256__", ansible ? absl::AsciiStrToLower(options.package_sha256)
                                      : literal(absl::AsciiStrToLower(options.package_sha256))},
       {"__PACKAGE_KIND__", kind},
       {"__TIME_LIMIT__", absl::StrCat(absl::ToInt64Seconds(options.time_limit))},
       {"__EXIT_BASE__", absl::StrCat(base)},
       {"__VARIABLE__", variable},
       {"__TOKEN_FILE_NAME__", options.token_file},
       {"__TOKEN_FILE__", place == TokenPlace::kBeside ? "(Join-Path $PSScriptRoot 'muster.token')"
                                                       : literal(options.token_file)},
       {"__KEEP_TOKEN_FILE__", keep ? yes : no}});
  if (windows) text = absl::StrReplaceAll(text, {{"\n", "\r\n"}});
  return text;
}

}  // namespace muster::cli
