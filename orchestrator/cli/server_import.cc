#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/server_file.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxFileBytes = 64 << 20;

struct ImportFlags {
  std::string file;
  bool partial = false;
  bool dry_run = false;
};

constexpr Field<v1::RowProblem> kRowProblemFields[] = {
    {"line", Show::kAlways, [](const v1::RowProblem& p) { return absl::StrCat(p.line()); }},
    {"problem", Show::kAlways, [](const v1::RowProblem& p) { return p.reason(); }},
};

// The file's own problems and the orchestrator's, by line.
void MergeProblems(const ServerFile& file, v1::ImportServersResponse& response) {
  for (const v1::RowProblem& problem : file.problems) *response.add_problems() = problem;
  std::stable_sort(response.mutable_problems()->begin(), response.mutable_problems()->end(),
                   [](const auto& a, const auto& b) { return a.line() < b.line(); });
}

std::string Summary(const v1::ImportServersResponse& response, const ImportFlags& flags) {
  return absl::StrCat(flags.dry_run ? "Dry run, nothing was imported: " : "",
                      Counted(response.created(), "server"), " created, ", response.updated(),
                      " updated, ", response.unchanged(), " unchanged.");
}

absl::StatusOr<ExitCode> ImportServers(Context& context, const ImportFlags& flags) {
  CliEnvironment& environment = context.environment();
  std::string text;
  if (flags.file == "-") {
    ASSIGN_OR_RETURN(text, ReadStream(environment.in, kMaxFileBytes));
  } else {
    ASSIGN_OR_RETURN(text, ReadFile(flags.file, kMaxFileBytes));
  }
  ServerFile file = ParseServerFile(text);
  v1::ImportServersResponse response;
  absl::Status asked;
  if (!file.rows.empty()) {
    v1::ImportServersRequest request;
    request.mutable_rows()->Assign(file.rows.begin(), file.rows.end());
    request.set_partial(flags.partial);
    // With bad rows in the file nothing may be imported; the orchestrator still says what it would
    // refuse, so that all problems come at once.
    const bool refused = file.bad_rows > 0 && !flags.partial;
    request.set_dry_run(flags.dry_run || refused);
    const auto client = context.Connect();
    auto answer = client.ok() ? (*client)->ImportServers(request)
                              : absl::StatusOr<v1::ImportServersResponse>(client.status());
    if (!answer.ok() && file.problems.empty()) return answer.status();
    asked = answer.status();
    if (answer.ok()) response = *std::move(answer);
    if (refused) {
      response.set_created(0);
      response.set_updated(0);
      response.set_unchanged(0);
    }
  }
  MergeProblems(file, response);
  const bool all_good = response.problems().empty();
  if (!all_good || !context.output().for_people()) {
    context.output().Print(response, MakeTable(kRowProblemFields, response.problems()));
  }
  if (!asked.ok()) {
    context.output().Hint(absl::StrCat(
        "These are the file's own problems; the orchestrator could not be asked for more: ",
        std::string(asked.message())));
    if (flags.partial) return asked;  // The good rows were to be imported, and were not.
  } else if (all_good || flags.partial) {
    context.output().Say(Summary(response, flags));
  }
  for (const v1::RowProblem& hint : response.hints()) {
    context.output().Hint(absl::StrCat("line ", hint.line(), ": ", hint.reason()));
  }
  if (all_good) return ExitCode::kOk;
  if (!flags.partial || file.header_is_bad) {
    const absl::Status refusal =
        FailureStatus(FailureCode::kImportInvalid,
                      absl::StrCat(Counted(response.problems_size(), "problem"), " in ",
                                   flags.file == "-" ? "standard input" : flags.file));
    context.output().Hint(absl::StrCat("error: ", std::string(refusal.message())));
  } else {
    context.output().Hint("The rows above were left out; correct them and import them again.");
  }
  return ExitCode::kRefusedInPart;
}

}  // namespace

void AddServerImportCommand(CommandTree& tree) {
  CLI::App& server = tree.Noun("server", "Servers: the machines in the inventory");
  auto flags = std::make_shared<ImportFlags>();
  CLI::App& import = tree.Verb(
      server, "import", "Register servers from a CSV file; every bad row is named, all at once",
      "muster server import servers.csv --dry-run",
      [flags](Context& context) { return ImportServers(context, *flags); });
  import
      .add_option("file", flags->file,
                  "CSV with the columns tenant,zone,name and label:KEY or labels; - is stdin")
      ->required();
  import.add_flag("--partial", flags->partial, "Import the good rows although others are bad");
  import.add_flag("--dry-run", flags->dry_run, "Check everything and import nothing");
}

}  // namespace muster::cli
