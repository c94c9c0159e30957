#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/yaml/duration_text.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/snippet.h"

namespace muster::cli {
namespace {

struct SnippetFlags {
  SnippetOptions options;
  std::string time_limit = "5m";
};

absl::StatusOr<ExitCode> PrintSnippet(Context& context, const SnippetFlags& flags) {
  SnippetOptions options = flags.options;
  const auto limit = yaml::ParseDurationText(flags.time_limit);
  if (!limit.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--time-limit '", flags.time_limit, "' is not a duration such as 90s or 5m"));
  }
  options.time_limit = *limit;
  ASSIGN_OR_RETURN(const std::string script, MakeSnippet(options));
  context.environment().out << script;
  return ExitCode::kOk;
}

}  // namespace

void AddTokenSnippetCommand(CommandTree& tree) {
  CLI::App& token = tree.Noun("token", "Bootstrap tokens: they admit workers to the orchestrator");
  auto flags = std::make_shared<SnippetFlags>();
  CLI::App& snippet = tree.Verb(
      token, "snippet", "Print a script for a remote management tool (RMM) that enrolls servers",
      "muster token snippet --for ninjaone --package-url "
      "https://files.example.net/muster-worker-0.1.0.msi --package-sha256 \"$SHA256\" > enroll.ps1",
      [flags](Context& context) { return PrintSnippet(context, *flags); });
  SnippetOptions& options = flags->options;
  snippet.add_option("--for", options.target, "The tool that runs the script")
      ->required()
      ->check(CLI::IsMember(SnippetTargets()));
  snippet
      .add_option("--system", options.system,
                  "What the servers run, where the tool knows both (default: windows)")
      ->check(CLI::IsMember({"windows", "linux"}));
  CLI::Option* const url =
      snippet.add_option("--package-url", options.package_url,
                         "Where you put the worker's package (.msi, .deb, .rpm): a URL, or a path "
                         "on the servers or on a share");
  CLI::Option* const hash = snippet.add_option("--package-sha256", options.package_sha256,
                                               "The package's SHA-256; no other is installed");
  url->required();
  hash->required();
  snippet.add_option("--token-variable", options.token_variable,
                     "The tool's secret variable that holds the token (default: muster_token)");
  snippet.add_option("--token-file", options.token_file,
                     "A file on the servers, or on a share, that holds the token instead");
  snippet.add_flag("--keep-token-file", options.keep_token_file,
                   "Leave that file where it is; without it the script deletes it in the end, "
                   "unless it lies on a share");
  snippet.add_option("--time-limit", flags->time_limit,
                     "How long the script may take, 10s to 1h (default: 5m)");
}

}  // namespace muster::cli
