// Hub addresses in one spelling, so that two tenants cannot share a hub by writing it differently.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_HUB_URL_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_HUB_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::core {

// "HTTPS://Hub.Example.net:443/certify/" → "https://hub.example.net/certify". Scheme and host in
// lower case, no default port, no trailing slash; a path prefix stays as it is. InvalidArgument
// with the reason (no code: the caller collects reasons) for another scheme, user info, a query, a
// fragment, a bad port or an empty host.
absl::StatusOr<std::string> NormalizeHubUrl(absl::string_view text);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_HUB_URL_H_
