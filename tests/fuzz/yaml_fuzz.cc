// fleet.yaml: a message or problems, within the limits, never an exception.
#include <cstdint>
#include <cstdlib>

#include "base/yaml/parse_yaml.h"
#include "muster/config/v1/fleet.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  muster::config::v1::Fleet fleet;
  const muster::yaml::Limits limits{.max_bytes = 1 << 20, .max_nodes = 20'000};
  for (const muster::yaml::Problem& problem :
       muster::yaml::ReadYaml(text, limits, &fleet, nullptr)) {
    if (problem.reason.empty() || problem.position.line < 1) std::abort();
  }
  return 0;
}
