#include "orchestrator/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/utf8.h"
#include "base/yaml/duration_text.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/expiry.h"
#include "orchestrator/cli/names.h"
#include "orchestrator/cli/nearest.h"
#include "orchestrator/cli/printable.h"

namespace muster::cli {
namespace {

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--operator-dir", flags.connection.operator_dir,
                 "Directory with operator.crt, operator.key, ca.crt and address "
                 "(default: $MUSTER_OPERATOR_DIR, ~/.config/muster, /var/lib/muster/operator)");
  app.add_option("--context", flags.connection.context,
                 "One of the orchestrators of 'muster context list' (default: $MUSTER_CONTEXT, "
                 "then the one in use)");
  app.add_option("--address", flags.connection.address,
                 "HOST:PORT of the orchestrator, instead of the operator directory's");
  app.add_option("--socket", flags.connection.socket,
                 "Unix socket of an orchestrator on this machine, for root (default: "
                 "$MUSTER_SOCKET)");
  app.add_option("-o,--output", flags.output, "table, json, csv or yaml")
      ->default_str("table")
      ->check(CLI::IsMember({"table", "json", "csv", "yaml"}));
  app.add_option("--timeout", flags.timeout, "How long one call may take, such as 30s or 5m")
      ->default_str("30s");
  app.add_flag("--no-color", flags.no_color, "No colors (also: the variable NO_COLOR)");
}

void AddCommands(CommandTree& tree) {
  AddApplyCommand(tree);
  AddTenantCommands(tree);
  AddZoneCommands(tree);
  AddServerCommands(tree);
  AddExplainCodeCommands(tree);
  AddServerDoorCommands(tree);
  AddServerLifeCommands(tree);
  AddServerImportCommand(tree);
  AddTokenCommands(tree);
  AddTokenSnippetCommand(tree);
  AddOperatorCommands(tree);
  AddRolloutCommands(tree);
  AddHubCommands(tree);
  AddVerificationCommands(tree);
  AddFindingCommands(tree);
  AddSweepCommands(tree);
  AddEvidenceCommands(tree);
  AddNotifyCommands(tree);
  AddChannelCommands(tree);
  AddSystemCommands(tree);
  AddDoctorCommand(tree);
  AddContextCommands(tree);
  AddCompletionCommand(tree);
  AddManCommand(tree);
}

// Whether no call was made, for want of a connection. A connection that broke in a call leaves open
// what became of it; gRPC says both with one code.
bool CannotConnect(const absl::Status& status) {
  const absl::string_view text = status.message();
  return !absl::StrContains(text, "Socket closed") && !absl::StrContains(text, "reset by peer") &&
         !absl::StrContains(text, "Broken pipe") && !absl::StrContains(text, "is stopping");
}

// What to do next, for errors whose message does not say it already.
std::string NextStep(const absl::Status& status) {
  if (FailureCodeOf(status).has_value()) return "";  // The message ends with the code's remedy.
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (!CannotConnect(status)) {
        return "Look whether the change has happened before you repeat it; 'muster doctor' says "
               "whether the orchestrator is back.";
      }
      return "Check that muster-orchestrator runs and that --address, --operator-dir or --socket "
             "lead to it; 'muster doctor' looks closer.";
    case absl::StatusCode::kDeadlineExceeded:
      return "Look whether the change has happened before you repeat it; give more time with "
             "--timeout.";
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return "Use the operator directory of an operator whose role and tenants cover this.";
    case absl::StatusCode::kUnimplemented:
      return "Check that the address is that of the operators' listener (port 8445, if nothing "
             "else "
             "was said) and not of the workers'; if it is, the orchestrator is older than this "
             "program: upgrade it.";
    case absl::StatusCode::kResourceExhausted:
      return "Split the file into several, or select less.";
    case absl::StatusCode::kInvalidArgument:
      return "";
    default:
      return "'muster doctor' checks the whole installation.";
  }
}

// What gRPC says of a call that the orchestrator did not answer, in the operator's words.
std::string MessageOf(const absl::Status& status, const std::string& address) {
  const std::string message(status.message());
  if (FailureCodeOf(status).has_value() || address.empty()) return message;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return absl::StrCat(CannotConnect(status) ? "cannot reach the orchestrator at "
                                                : "lost the connection to the orchestrator at ",
                          address, ": ", message);
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat("the orchestrator at ", address, " did not answer in time: ", message);
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat("what listens at ", address, " does not know this call");
    case absl::StatusCode::kResourceExhausted:
      return absl::StrCat("too much for one call: ", message);
    default:
      return message.empty() ? absl::StatusCodeToString(status.code()) : message;
  }
}

int Report(const absl::Status& status, const std::string& address, CliEnvironment& environment,
           const std::string& advice = "") {
  const std::string message = absl::StrCat(MessageOf(status, address), advice);
  if (!message.empty()) environment.err << "error: " << PrintableLines(message) << "\n";
  const std::string next = NextStep(status);
  if (!next.empty()) environment.err << "next: " << PrintableLines(next) << "\n";
  return static_cast<int>(ExitCodeOf(status));
}

// The command that was reached, and those above it: root first.
std::vector<const CLI::App*> PathOf(const CLI::App& root) {
  std::vector<const CLI::App*> path = {&root};
  while (!path.back()->get_subcommands().empty()) {
    path.push_back(path.back()->get_subcommands().front());
  }
  return path;
}

// "muster server list --help" for the command that was reached.
std::string HelpCommand(const CLI::App& root) {
  std::string line;
  for (const CLI::App* app : PathOf(root)) absl::StrAppend(&line, app->get_name(), " ");
  return absl::StrCat(line, "--help");
}

// The words that could have stood where `word` does, for a command or a flag.
std::vector<std::string> KnownInPlaceOf(absl::string_view word, const CLI::App& root) {
  std::vector<std::string> known;
  const std::vector<const CLI::App*> path = PathOf(root);
  if (absl::StartsWith(word, "-")) {
    for (const CLI::App* app : path) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
      }
    }
  } else {
    for (const CLI::App* verb :
         path.back()->get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(verb->get_name());
    }
  }
  return known;
}

// For "--output: tabel not in {table,json,csv,yaml}", as CLI11 refuses a word of a fixed set.
std::string AdviceForRefusedWord(absl::string_view text) {
  const size_t end = text.find(" not in {");
  const size_t begin = text.rfind(' ', end == absl::string_view::npos ? end : end - 1);
  if (end == absl::string_view::npos || begin == absl::string_view::npos) return "";
  absl::string_view set = text.substr(end + 9);
  return DidYouMean(text.substr(begin + 1, end - begin - 1),
                    absl::StrSplit(set.substr(0, set.find('}')), ','));
}

// The word where a command was expected; empty when none stands there.
std::string UnknownCommand(const CLI::App& root) {
  const std::vector<std::string> rest = root.remaining(/*recurse=*/true);
  const bool flag = rest.empty() || rest.front().empty() || rest.front()[0] == '-';
  return flag ? "" : rest.front();
}

// Parses. None when the line asked for help or was wrong: `exit_code` is set then.
bool Parse(CLI::App& app, std::vector<std::string> args, CliEnvironment& environment,
           int& exit_code) {
  std::reverse(args.begin(), args.end());  // As CLI11 wants them.
  // The only place where CLI11's exceptions end.
  try {
    app.parse(args);
    return true;
  } catch (const CLI::Success& help) {
    exit_code = app.exit(help, environment.out, environment.err);
  } catch (const CLI::ParseError& error) {
    const std::string unknown =
        error.get_name() == "RequiredError" ? UnknownCommand(app) : std::string();
    std::string text = error.what();
    if (!unknown.empty()) {
      text = absl::StrCat("there is no command '", unknown, "'",
                          DidYouMean(unknown, KnownInPlaceOf(unknown, app)));
    } else if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr &&
               !app.remaining(true).empty()) {
      std::string word = app.remaining(true).front();
      word.resize(std::min(word.size(), word.find('=')));
      absl::StrAppend(&text, DidYouMean(word, KnownInPlaceOf(word, app)));
    } else {
      absl::StrAppend(&text, AdviceForRefusedWord(text));
    }
    environment.err << "error: " << PrintableLines(text) << "\nnext: see '" << HelpCommand(app)
                    << "'.\n";
    exit_code = static_cast<int>(ExitCode::kUsage);
  }
  return false;
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      // With a code it is the orchestrator's own answer, such as E-STORE-READ-ONLY.
      return FailureCodeOf(status).has_value() ? ExitCode::kFailed : ExitCode::kUnreachable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kForbidden;
    case absl::StatusCode::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kFailed;
  }
}

absl::StatusOr<Client*> Context::Connect() {
  if (client_ == nullptr) {
    auto connection = ResolveConnection(flags_, environment_);
    if (!connection.ok()) return connection.status();
    address_ = NameOf(*connection);
    LookAtCertificate(*connection);
    client_ = std::make_unique<Client>(*connection, timeout_);
  }
  return client_.get();
}

void Context::LookAtCertificate(const Connection& connection) {
  const auto certificate = crypto::Certificate::FromPem(connection.certificate_pem);
  if (connection.local || !certificate.ok()) return;
  const absl::Time now = environment_.now();
  certificate_end_ = certificate->not_after();
  if (quiet_about_expiry_ || now >= certificate_end_ ||
      !EndsSoon(certificate->not_before(), certificate_end_, now)) {
    return;
  }
  environment_.err << "warning: your operator certificate " << EndText(certificate_end_, now)
                   << "; renew it with 'muster operator renew'\n";
}

// TLS says only that the connection failed.
absl::Status Context::Explain(const absl::Status& status) const {
  const absl::Time now = environment_.now();
  if (status.code() != absl::StatusCode::kUnavailable || FailureCodeOf(status).has_value() ||
      now < certificate_end_) {
    return status;
  }
  return FailureStatus(FailureCode::kAuthExpired,
                       absl::StrCat("cannot connect to ", address_, ": the certificate ",
                                    EndText(certificate_end_, now), " by this machine's clock"));
}

absl::StatusOr<Client*> Context::Connect(absl::Duration patience) {
  if (impatient_client_ == nullptr) {
    const auto connection = ResolveConnection(flags_, environment_);
    if (!connection.ok()) return connection.status();
    impatient_client_ = std::make_unique<Client>(*connection, std::min(patience, timeout_));
  }
  return impatient_client_.get();
}

CLI::App& CommandTree::Noun(const std::string& name, const std::string& description) {
  for (CLI::App* known : nouns_) {
    if (known->get_name() == name) return *known;
  }
  nouns_.push_back(root_.add_subcommand(name, description));
  nouns_.back()->require_subcommand(1);
  return *nouns_.back();
}

CLI::App& CommandTree::Verb(CLI::App& parent, const std::string& name,
                            const std::string& description, const std::string& example,
                            Command command) {
  CLI::App& verb = *parent.add_subcommand(name, description);
  verb.footer(absl::StrCat("Example:\n  ", example));
  entries_.push_back({&verb, std::move(command)});
  return verb;
}

const Command* CommandTree::Called() const {
  for (const Entry& entry : entries_) {
    if (entry.app->parsed()) return &entry.command;
  }
  return nullptr;
}

int RunCli(const std::vector<std::string>& args, CliEnvironment& environment) {
  CLI::App app("Enrolls fleets of Certify instances into their hubs, and proves it.", "muster");
  app.fallthrough();  // Flags that every command has may stand anywhere in the line.
  app.require_subcommand(1);
  app.set_version_flag("--version", absl::StrCat("muster ", MUSTER_VERSION));
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 orchestrator not reached,\n"
      "4 not permitted, 5 done with bad news (failed targets or checks), 6 refused in part.");
  GlobalFlags flags;
  AddGlobalFlags(app, flags);
  CommandTree tree(app);
  AddCommands(tree);
  for (const std::string& arg : args) {
    if (IsUtf8(arg)) continue;
    return Report(absl::InvalidArgumentError(absl::StrCat("'", absl::CHexEscape(arg),
                                                          "' in the command line is not UTF-8")),
                  "", environment);
  }
  int exit_code = 0;
  if (!Parse(app, WithExplainedCode(args), environment, exit_code)) return exit_code;

  const auto timeout = yaml::ParseDurationText(flags.timeout);
  if (!timeout.has_value() || *timeout <= absl::ZeroDuration()) {
    return Report(absl::InvalidArgumentError(absl::StrCat("--timeout '", flags.timeout,
                                                          "' is not a duration such as 30s or 5m")),
                  "", environment);
  }
  Context context(environment, flags.connection, *timeout,
                  ParseOutputFormat(flags.output).value_or(OutputFormat::kTable), !flags.no_color);
  const absl::StatusOr<ExitCode> result = (*tree.Called())(context);
  environment.out.flush();
  if (!result.ok()) {
    const absl::Status why = context.Explain(result.status());
    return Report(why, context.address(), environment, SuggestName(context, why));
  }
  if (!environment.out) {
    environment.err << "error: the output could not be written completely\n";
    return static_cast<int>(ExitCode::kFailed);
  }
  return static_cast<int>(*result);
}

}  // namespace muster::cli
