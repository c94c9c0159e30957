// fleet.yaml: a message or problems, within the limits, never an exception; and no problem repeats a
// secret that the file refers to.
#include <cstdint>
#include <sstream>

#include "base/yaml/parse_yaml.h"
#include "muster/config/v1/fleet.pb.h"
#include "orchestrator/cli/fleet_file.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

constexpr char kSecret[] = "canary-7f3a-Secret";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::fuzz::Require;
  const absl::string_view text = muster::fuzz::TextOf(data, size);
  muster::config::v1::Fleet fleet;
  const muster::yaml::Limits limits{.max_bytes = 1 << 20, .max_nodes = 20'000};
  const auto problems = muster::yaml::ReadYaml(text, limits, &fleet, nullptr);
  Require(problems.size() <= limits.max_problems, "problems are bounded in number");
  for (const muster::yaml::Problem& problem : problems) {
    Require(!problem.reason.empty() && problem.position.line >= 1,
            "a problem has a place and a reason");
    muster::fuzz::RequireText(problem.reason, 2000, "a problem's reason");
  }
  Require(!problems.empty() || muster::fuzz::CanBeSent(fleet), "what is read can be sent");

  std::istringstream in(kSecret);
  const auto file = muster::cli::ParseFleetFile(
      text, "fleet.yaml", "/nonexistent",
      {.variable = [](const std::string&) { return std::optional<std::string>(kSecret); },
       .in = &in});
  Require(!file.problems.empty() || muster::fuzz::CanBeSent(file.request),
          "what is applied can be sent");
  const bool has_it = absl::StrContains(text, kSecret);
  for (const std::string& problem : file.problems) {
    Require(has_it || !absl::StrContains(problem, kSecret), "no problem holds a secret");
    Require(muster::IsUtf8(problem), "a problem can be told");
  }
  return 0;
}
