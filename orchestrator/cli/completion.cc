#include "orchestrator/cli/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/contexts.h"
#include "orchestrator/cli/names.h"
#include "orchestrator/cli/printable.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kCompletionPatience = absl::Seconds(1);
constexpr char kFiles[] = ":files";
constexpr char kDirectories[] = ":directories";

// Where a command line stands when its last word is to be completed.
struct Place {
  std::vector<const CLI::App*> path;  // The commands so far, root first.
  const CLI::Option* due = nullptr;   // The flag whose value comes now, or the argument.
  ConnectionFlags connection;         // What the words say about it.
};

// "zone" of --zone and of the argument zone.
std::string NameOfOption(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : option.get_lnames().front();
}

const CLI::Option* FindFlag(const std::vector<const CLI::App*>& path, const std::string& word) {
  for (auto app = path.rbegin(); app != path.rend(); ++app) {
    for (const CLI::Option* option : (*app)->get_options()) {
      if (option->check_name(word)) return option;
    }
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

const CLI::App* FindVerb(const CLI::App& app, const std::string& word) {
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_name() == word) return verb;
  }
  return nullptr;
}

void Remember(const CLI::Option& option, const std::string& value, ConnectionFlags& connection) {
  const std::string name = NameOfOption(option);
  if (name == "operator-dir") connection.operator_dir = value;
  if (name == "address") connection.address = value;
  if (name == "socket") connection.socket = value;
  if (name == "context") connection.context = value;
}

// Walks over all words but the last.
Place PlaceAfter(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{.path = {&root}};
  size_t arguments = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "=") continue;  // Some shells take --flag=value apart.
    if (place.due != nullptr) {
      Remember(*place.due, word, place.connection);
      place.due = nullptr;
    } else if (absl::StartsWith(word, "-")) {
      const std::pair<std::string, std::string> part =
          absl::StrSplit(word, absl::MaxSplits('=', 1));
      const CLI::Option* const flag = FindFlag(place.path, part.first);
      if (flag == nullptr || !TakesValue(*flag)) continue;
      if (absl::StrContains(word, '=')) {
        Remember(*flag, part.second, place.connection);
      } else {
        place.due = flag;
      }
    } else if (const CLI::App* const verb = FindVerb(*place.path.back(), word)) {
      place.path.push_back(verb);
      arguments = 0;
    } else {
      ++arguments;
    }
  }
  if (place.due == nullptr) {
    std::vector<const CLI::Option*> positional;
    for (const CLI::Option* option : place.path.back()->get_options()) {
      if (option->get_positional()) positional.push_back(option);
    }
    if (arguments < positional.size()) {
      place.due = positional[arguments];
    } else if (!positional.empty() && positional.back()->get_items_expected_max() > 1) {
      place.due = positional.back();  // One of several.
    }
  }
  return place;
}

// The words of "TEXT:{table,json,csv,yaml}", as CLI11 describes a fixed set.
std::vector<std::string> FixedSetOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

std::vector<std::string> ValuesOf(const CLI::Option& option, absl::string_view prefix,
                                  const ConnectionFlags& connection, CliEnvironment& environment) {
  std::vector<std::string> set = FixedSetOf(option);
  if (!set.empty()) return set;
  static const auto* const kinds = new std::map<std::string, NameKind>{
      {"tenant", NameKind::kTenant}, {"zone", NameKind::kZone},
      {"server", NameKind::kServer}, {"rollout", NameKind::kRollout},
      {"token", NameKind::kToken},   {"operator", NameKind::kOperator},
  };
  const std::string name = NameOfOption(option);
  if (name == "operator-dir" || name == "directory") return {kDirectories};
  for (const char* file : {"file", "secret-file", "csr", "out", "socket"}) {
    if (name == file) return {kFiles};
  }
  if (name == "context") return ContextNames(environment);
  const auto kind = kinds->find(name);
  if (kind == kinds->end()) return {};
  Context context(environment, connection, kCompletionPatience, OutputFormat::kTable, false);
  return NamesLike(context, kind->second, prefix);
}

std::vector<std::string> FlagsOf(const Place& place) {
  std::vector<std::string> flags;
  for (const CLI::App* app : {place.path.back(), place.path.front()}) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
    if (place.path.size() == 1) break;
  }
  return flags;
}

constexpr char kBashScript[] = R"sh(# bash completion for muster: source <(muster completion bash)
_muster() {
  local IFS=$'\n' current="${COMP_WORDS[COMP_CWORD]}" found
  [ "$current" = '=' ] && current=''
  found=$(muster completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case "$found" in
    :files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    :directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
    *) COMPREPLY=($found)
       case "$found" in */) compopt -o nospace 2>/dev/null ;; esac ;;
  esac
}
complete -F _muster muster
)sh";

// The formatter would take what follows for C++ and break it.
// clang-format off
constexpr char kZshScript[] = R"sh(#compdef muster
# zsh completion for muster: source <(muster completion zsh)
_muster() {
  local -a found open
  found=("${(@f)$(muster completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case "$found[1]" in
    :files) _files ;;
    :directories) _files -/ ;;
    *)
      open=(${(M)found:#*/})
      found=(${found:#*/})
      compadd -M 'm:{a-zA-Z}={A-Za-z}' -a found
      compadd -M 'm:{a-zA-Z}={A-Za-z}' -S '' -a open
      ;;
  esac
}
compdef _muster muster
)sh";

constexpr char kFishScript[] = R"sh(# fish completion for muster: muster completion fish | source
function __muster_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found (muster completion words -- $words[2..-1] "$current" 2>/dev/null)
  switch "$found[1]"
    case ':files'
      __fish_complete_path (commandline -ct)
    case ':directories'
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\n' $found
  end
end
complete -c muster -f -a '(__muster_complete)'
)sh";
// clang-format on

}  // namespace

std::vector<std::string> Complete(const CLI::App& root, const std::vector<std::string>& words,
                                  CliEnvironment& environment) {
  if (words.empty()) return {};
  const Place place = PlaceAfter(root, words);
  std::string current = words.back() == "=" ? "" : words.back();
  std::string kept;  // What stands before the part that is completed: "--zone=", "failed,".
  const CLI::Option* due = place.due;
  const size_t equals = current.find('=');
  if (absl::StartsWith(current, "-") && equals != std::string::npos) {
    due = FindFlag(place.path, current.substr(0, equals));
    if (due == nullptr) return {};
    kept = current.substr(0, equals + 1);
    current = current.substr(equals + 1);
  }
  std::vector<std::string> candidates;
  if (kept.empty() && absl::StartsWith(current, "-")) {
    candidates = FlagsOf(place);
  } else {
    if (due != nullptr && due->get_delimiter() != '\0') {
      const size_t last = current.rfind(due->get_delimiter());
      if (last != std::string::npos) {
        absl::StrAppend(&kept, current.substr(0, last + 1));
        current = current.substr(last + 1);
      }
    }
    if (due != nullptr) candidates = ValuesOf(*due, current, place.connection, environment);
    if (candidates == std::vector<std::string>{kFiles} ||
        candidates == std::vector<std::string>{kDirectories}) {
      return candidates;
    }
    if (due == nullptr || due->get_positional()) {
      for (const CLI::App* verb : place.path.back()->get_subcommands(
               [](const CLI::App* app) { return !app->get_group().empty(); })) {
        candidates.push_back(verb->get_name());
      }
    }
  }
  std::vector<std::string> out;
  for (const std::string& candidate : candidates) {
    // A name that a shell would take apart, or that is not for the eye, is not offered.
    if (!absl::StartsWithIgnoreCase(candidate, current) || Printable(candidate) != candidate ||
        absl::StrContains(candidate, ' ')) {
      continue;
    }
    out.push_back(kept + candidate);
  }
  return out;
}

void AddCompletionCommand(CommandTree& tree) {
  CLI::App& completion = tree.Noun("completion", "Completion of command lines for shells");
  struct Shell {
    const char* name;
    const char* example;
    const char* script;
  };
  for (const Shell& shell : {Shell{"bash", "source <(muster completion bash)", kBashScript},
                             Shell{"zsh", "source <(muster completion zsh)", kZshScript},
                             Shell{"fish", "muster completion fish | source", kFishScript}}) {
    tree.Verb(completion, shell.name, absl::StrCat("Print a completion script for ", shell.name),
              shell.example, [script = shell.script](Context& context) -> absl::StatusOr<ExitCode> {
                context.environment().out << script;
                return ExitCode::kOk;
              });
  }
  const CLI::App* const root = &tree.root();
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App& ask =
      tree.Verb(completion, "words", "Print what may stand next, one on each line",
                "muster completion words -- server list --zone ''",
                [root, words](Context& context) -> absl::StatusOr<ExitCode> {
                  for (const std::string& word : Complete(*root, *words, context.environment())) {
                    context.environment().out << word << "\n";
                  }
                  return ExitCode::kOk;
                });
  ask.add_option("words", *words, "The command line behind 'muster', up to the cursor")
      ->allow_extra_args();
  ask.group("");  // For the scripts above.
}

}  // namespace muster::cli
