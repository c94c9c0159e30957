// fleet.yaml (proto/muster/config/v1/fleet.proto): the wanted tenants and zones, read from a file,
// its secrets fetched from where it says, and turned into the request that brings them about.
#ifndef MUSTER_ORCHESTRATOR_CLI_FLEET_FILE_H_
#define MUSTER_ORCHESTRATOR_CLI_FLEET_FILE_H_

#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/admin/v1/inventory.pb.h"

namespace muster::cli {

// Where secrets may come from.
struct SecretSources {
  std::function<std::optional<std::string>(const std::string&)> variable;
  std::istream* in = nullptr;  // Null: taken by the fleet file itself.
};

struct FleetFile {
  admin::v1::ApplyFleetRequest request;  // Complete when `problems` is empty.
  // "fleet.yaml:7:5: tenants[0].zones[0].hub_url: reason", all at once, by line.
  std::vector<std::string> problems;
};

// Reads `text`, which stands in `file_name`, in any of the encodings of text_encoding.h; relative
// paths in it begin at `directory`. No problem text holds a secret. Reads files and, at most once,
// `sources.in`.
FleetFile ParseFleetFile(absl::string_view text, const std::string& file_name,
                         const std::string& directory, const SecretSources& sources);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_FLEET_FILE_H_
