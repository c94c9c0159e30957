#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/host_port.h"
#include "base/ids.h"
#include "base/status_macros.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/contexts.h"

namespace muster::cli {
namespace {

using config::v1::Contexts;

std::string Absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

absl::StatusOr<ExitCode> ListContexts(Context& context) {
  ASSIGN_OR_RETURN(const Contexts contexts, ReadContexts(context.environment()));
  Table table{{{"name"}, {"current"}, {"operator_dir"}, {"address"}, {"socket"}}, {}};
  for (const auto& c : contexts.contexts()) {
    table.rows.push_back({c.name(), c.name() == contexts.current() ? "yes" : "no", c.operator_dir(),
                          c.address(), c.socket()});
  }
  context.output().Print(contexts, table);
  if (table.rows.empty()) {
    context.output().Say(
        "No contexts: 'muster context add NAME --operator-dir DIR' makes one. Without them the "
        "operator directory is looked for in the usual places.");
  }
  return ExitCode::kOk;
}

// The connection flags, which are everywhere, say where the new context leads.
absl::StatusOr<ExitCode> AddContext(Context& context, const std::string& name) {
  const ConnectionFlags& flags = context.flags();
  if (!IsSlug(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is no name of a context; write 1 to 63 of a-z, 0-9 and -"));
  }
  if (flags.socket.empty() == flags.operator_dir.empty() ||
      (!flags.socket.empty() && !flags.address.empty())) {
    return absl::InvalidArgumentError(
        "where does the context lead? Give --operator-dir, with --address or without, or --socket");
  }
  if (!flags.address.empty() && !IsHostPort(flags.address, 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the address '", flags.address, "' is not HOST:PORT, such as muster.example:8445"));
  }
  ASSIGN_OR_RETURN(Contexts contexts, ReadContexts(context.environment()));
  for (const auto& known : contexts.contexts()) {
    if (known.name() != name) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "there is a context '", name, "' already; 'muster context remove ", name, "' removes it"));
  }
  auto& added = *contexts.add_contexts();
  added.set_name(name);
  added.set_operator_dir(Absolute(flags.operator_dir));
  added.set_address(flags.address);
  added.set_socket(Absolute(flags.socket));
  if (contexts.current().empty()) contexts.set_current(name);
  RETURN_IF_ERROR(WriteContexts(contexts, context.environment()));
  context.output().Say(contexts.current() == name
                           ? absl::StrCat(name, " is used from now on.")
                           : absl::StrCat("Use it with: muster context use ", name));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> UseContext(Context& context, const std::string& name) {
  RETURN_IF_ERROR(FindContext(name, context.environment()).status());
  ASSIGN_OR_RETURN(Contexts contexts, ReadContexts(context.environment()));
  contexts.set_current(name);
  RETURN_IF_ERROR(WriteContexts(contexts, context.environment()));
  context.output().Say(absl::StrCat(name, " is used from now on."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RemoveContext(Context& context, const std::string& name) {
  RETURN_IF_ERROR(FindContext(name, context.environment()).status());
  ASSIGN_OR_RETURN(const Contexts contexts, ReadContexts(context.environment()));
  Contexts left;
  if (contexts.current() != name) left.set_current(contexts.current());
  for (const auto& known : contexts.contexts()) {
    if (known.name() != name) *left.add_contexts() = known;
  }
  RETURN_IF_ERROR(WriteContexts(left, context.environment()));
  context.output().Say(
      absl::StrCat(name, " is forgotten; what it led to is as it was.",
                   contexts.current() == name && !left.contexts().empty()
                       ? " No context is in use now: choose one with 'muster context use NAME'."
                       : ""));
  return ExitCode::kOk;
}

void AddContextVerb(CommandTree& tree, CLI::App& noun, const char* name, const char* description,
                    const char* example, const char* argument,
                    absl::StatusOr<ExitCode> (*run)(Context&, const std::string&)) {
  auto value = std::make_shared<std::string>();
  CLI::App& verb = tree.Verb(noun, name, description, example,
                             [value, run](Context& context) { return run(context, *value); });
  verb.add_option(argument, *value, "Name of the context")->required();
}

}  // namespace

void AddContextCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("context", "Several orchestrators by name");
  tree.Verb(noun, "list", "List the contexts and which of them is used", "muster context list",
            ListContexts);
  AddContextVerb(tree, noun, "add", "Remember an orchestrator; the first one is used at once",
                 "muster context add prod --operator-dir ~/muster-prod", "name", AddContext);
  AddContextVerb(tree, noun, "use", "Use this orchestrator when nothing else is said",
                 "muster context use prod", "context", UseContext);
  AddContextVerb(tree, noun, "remove", "Forget an orchestrator; nothing of it is changed",
                 "muster context remove lab", "context", RemoveContext);
}

}  // namespace muster::cli
