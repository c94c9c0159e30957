#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "orchestrator/cli/codes.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/nearest.h"

namespace muster::cli {
namespace {

absl::Status UnknownCode(const std::string& text) {
  std::vector<std::string> known;
  for (const FailureInfo& info : AllFailures()) known.emplace_back(info.text);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no code '", text, "'", DidYouMean(text, known),
                   "; 'muster explain codes' lists them. A newer orchestrator or worker may "
                   "have more: see 'muster version'"));
}

absl::StatusOr<ExitCode> ExplainCodes(Context& context, const std::vector<std::string>& codes) {
  std::vector<FailureInfo> found;
  for (const std::string& text : codes) {
    const auto code = FindFailureCode(absl::AsciiStrToUpper(text));
    if (!code.has_value()) return UnknownCode(text);
    found.push_back(InfoOf(*code));
  }
  context.output().PrintDetails(CodeTable(found));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListCodes(Context& context, bool markdown) {
  const std::span<const FailureInfo> all = AllFailures();
  if (markdown) {
    context.environment().out << CodesPage(all);
  } else {
    context.output().Print(CodeTable({all.begin(), all.end()}));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddExplainCodeCommands(CommandTree& tree) {
  CLI::App& explain = tree.Noun("explain", "Why something is as it is");
  auto codes = std::make_shared<std::vector<std::string>>();
  CLI::App& code =
      tree.Verb(explain, "code", "Say what codes mean, who can mend it, and how",
                "muster explain code E-JOIN-ELSEWHERE, or shorter: muster explain E-JOIN-ELSEWHERE",
                [codes](Context& context) { return ExplainCodes(context, *codes); });
  code.add_option("code", *codes, "Codes, as messages, findings and reports show them")->required();
  auto markdown = std::make_shared<bool>(false);
  CLI::App& list =
      tree.Verb(explain, "codes", "List all codes", "muster explain codes -o csv",
                [markdown](Context& context) { return ListCodes(context, *markdown); });
  list.add_flag("--markdown", *markdown, "As the page docs/codes.md");
}

std::vector<std::string> WithExplainedCode(std::vector<std::string> args) {
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    if (args[i] != "explain") continue;
    const bool of_server = i > 0 && args[i - 1] == "server";
    if (!of_server && absl::AsciiStrToUpper(args[i + 1].substr(0, 2)) == "E-") {
      args.insert(args.begin() + static_cast<std::ptrdiff_t>(i) + 1, "code");
    }
    break;
  }
  return args;
}

}  // namespace muster::cli
