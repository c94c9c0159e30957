// The fleet as the orchestrator has it, written as a file that `muster apply -f` reads again and that
// changes nothing then.
#ifndef MUSTER_ORCHESTRATOR_CLI_FLEET_EXPORT_H_
#define MUSTER_ORCHESTRATOR_CLI_FLEET_EXPORT_H_

#include <string>

#include "muster/admin/v1/inventory.pb.h"

namespace muster::cli {

// Tenants in the order of the answer, each with its zones. Joining keys, verifier credentials and CA
// files are not in it: the orchestrator does not tell them, and what a file does not name is kept.
std::string FleetFileText(const admin::v1::ListTenantsResponse& tenants,
                          const admin::v1::ListZonesResponse& zones);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_FLEET_EXPORT_H_
