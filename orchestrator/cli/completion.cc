#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "orchestrator/cli/commands.h"

namespace muster::cli {
namespace {

// The flags and subcommands that may follow `app`, as words.
std::vector<std::string> WordsOf(const CLI::App& app, const CLI::App& root) {
  std::vector<std::string> words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  const auto add_options = [&words](const CLI::App& of) {
    for (const CLI::Option* option : of.get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  };
  add_options(app);
  if (&app != &root) add_options(root);
  return words;
}

// One case for each command: "server list" and what may follow it.
void AddCases(const CLI::App& app, const CLI::App& root, const std::string& path,
              std::string& script) {
  absl::StrAppend(&script, "    '", path, "') words='", absl::StrJoin(WordsOf(app, root), " "),
                  "' ;;\n");
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    AddCases(*sub, root, absl::StrCat(path, path.empty() ? "" : " ", sub->get_name()), script);
  }
}

std::string BashScript(const CLI::App& root) {
  std::string cases;
  AddCases(root, root, "", cases);
  return absl::StrCat(R"(# bash completion for muster: source <(muster completion bash)
_muster() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local path='' word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) if _muster_knows "$path${path:+ }$word"; then path="$path${path:+ }$word"; fi ;;
    esac
  done
  case "$previous" in
    -o|--output) COMPREPLY=($(compgen -W 'table json csv yaml' -- "$current")); return ;;
    --enrollment) COMPREPLY=($(compgen -W 'not_enrolled queued joining joined_unverified enrolled failed in_doubt degraded quarantined decommissioned' -- "$current")); return ;;
    --kind) COMPREPLY=($(compgen -W 'join probe' -- "$current")); return ;;
    --mode) COMPREPLY=($(compgen -W 'auto pending' -- "$current")); return ;;
    --state) COMPREPLY=($(compgen -W 'waiting in_flight verifying succeeded failed in_doubt straggler canceled' -- "$current")); return ;;
    -f|--file|--secret-file|--out|--socket|import) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --operator-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  _muster_words "$path"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_muster_knows() { local words=''; _muster_words "$1"; [ -n "$words" ]; }
_muster_words() {
  words=''
  case "$1" in
)",
                      cases, R"(  esac
}
complete -F _muster muster
)");
}

}  // namespace

void AddCompletionCommand(CommandTree& tree) {
  CLI::App& completion = tree.Noun("completion", "Completion of command lines for shells");
  const CLI::App* root = &tree.root();
  tree.Verb(completion, "bash", "Print a completion script for bash",
            "source <(muster completion bash)",
            [root](Context& context) -> absl::StatusOr<ExitCode> {
              context.environment().out << BashScript(*root);
              return ExitCode::kOk;
            });
}

}  // namespace muster::cli
