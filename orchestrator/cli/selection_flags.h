// --tenant, --zone, --label and --name: which servers a command is about.
#ifndef MUSTER_ORCHESTRATOR_CLI_SELECTION_FLAGS_H_
#define MUSTER_ORCHESTRATOR_CLI_SELECTION_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/admin/v1/inventory.pb.h"

namespace CLI {
class App;
}

namespace muster::cli {

struct SelectionFlags {
  std::string tenant;
  std::string zone;
  std::vector<std::string> labels;  // "site=berlin"
  std::vector<std::string> names;   // "WEB-*"

  bool empty() const;
  void AddTo(CLI::App& app);
  // InvalidArgument when a flag is malformed or --zone is not of --tenant.
  absl::StatusOr<admin::v1::Selection> ToProto() const;
  // "--tenant acme --label site=berlin", to show in advice.
  std::string AsFlags() const;
};

// --tenant and --zone alone.
void AddPlaceFlags(CLI::App& app, SelectionFlags& flags);

// OK when the text is "tenant/zone" in slugs.
absl::Status CheckZoneId(const std::string& text);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SELECTION_FLAGS_H_
