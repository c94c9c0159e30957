// servers.csv: every problem has a line and a reason, and good rows are whole.
#include <cstdint>
#include <cstdlib>

#include "orchestrator/cli/server_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const muster::cli::ServerFile file = muster::cli::ParseServerFile(text);
  for (const auto& problem : file.problems) {
    if (problem.reason().empty()) std::abort();
  }
  if (file.header_is_bad && (!file.rows.empty() || file.problems.empty())) std::abort();
  return 0;
}
