#include "orchestrator/cli/contexts.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/yaml/parse_yaml.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/nearest.h"
#include "orchestrator/cli/structured_text.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxContextsBytes = 1 << 20;

std::vector<std::string> NamesOf(const config::v1::Contexts& contexts) {
  std::vector<std::string> names;
  for (const auto& context : contexts.contexts()) names.push_back(context.name());
  return names;
}

}  // namespace

std::string ContextsPath(const CliEnvironment& environment) {
  const std::string home = environment.variable("HOME").value_or("");
  return home.empty() ? "" : absl::StrCat(home, "/.config/muster/contexts");
}

absl::StatusOr<config::v1::Contexts> ReadContexts(const CliEnvironment& environment) {
  config::v1::Contexts contexts;
  const std::string path = ContextsPath(environment);
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return contexts;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxContextsBytes));
  RETURN_IF_ERROR(yaml::ParseYaml(text, path, &contexts));
  return contexts;
}

absl::Status WriteContexts(const config::v1::Contexts& contexts,
                           const CliEnvironment& environment) {
  const std::string path = ContextsPath(environment);
  if (path.empty()) {
    return absl::InvalidArgumentError("there is no home directory to keep contexts in; set HOME");
  }
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string fresh = path + ".new";
  std::filesystem::remove(fresh, error);
  RETURN_IF_ERROR(WritePrivateFile(fresh, JsonToYaml(ToJson(contexts))));
  std::filesystem::rename(fresh, path, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": ", error.message()));
}

absl::StatusOr<config::v1::Context> FindContext(const std::string& name,
                                                const CliEnvironment& environment) {
  ASSIGN_OR_RETURN(const config::v1::Contexts contexts, ReadContexts(environment));
  for (const auto& context : contexts.contexts()) {
    if (context.name() == name) return context;
  }
  const std::vector<std::string> names = NamesOf(contexts);
  const std::string advice = DidYouMean(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no context '", name, "'",
                   !advice.empty() ? advice
                   : names.empty() ? "; 'muster context add' makes one"
                                   : absl::StrCat("; there are ", absl::StrJoin(names, ", "))));
}

std::vector<std::string> ContextNames(const CliEnvironment& environment) {
  const auto contexts = ReadContexts(environment);
  return contexts.ok() ? NamesOf(*contexts) : std::vector<std::string>();
}

}  // namespace muster::cli
