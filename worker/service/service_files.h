// What the Certify service leaves in its app data folder: where its API listens, and to which hub
// it belongs (certify.md 1.1, 3.1).
#ifndef MUSTER_WORKER_SERVICE_SERVICE_FILES_H_
#define MUSTER_WORKER_SERVICE_SERVICE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/platform/service_trust.h"

namespace muster::worker {

struct ServiceFiles {
  // "http://127.0.0.2:9696": where to try, in this order; at least one.
  std::vector<std::string> endpoints;
  bool named_pipe = false;      // Transport says so; then Windows services publish no HTTP at all.
  std::string hub_instance_id;  // Identity file, else serviceconfig.json; lower case; may be empty.
  std::string hub_url;          // Normalized when it is a URL; may be empty.
};

// Reads serviceconfig.json and hubinstance.identity.json, names in any case. Missing files are the
// defaults; a missing folder is E-SERVICE-MISSING, for then nothing says whose the service is.
// E-SERVICE-UNTRUSTED when folder or files are not provably the service's, E-SERVICE-CONFIG when a
// file is not JSON or holds nonsense, E-SERVICE-ACCESS-DENIED when this process may not read it.
// Blocks on the disk only.
absl::StatusOr<ServiceFiles> ReadServiceFiles(ServiceTrust& trust,
                                              const std::string& app_data_folder);

// "https://Hub.Example:443/" and "https://hub.example" are the same hub. Texts that are no URL are
// returned trimmed.
std::string NormalizeHubUrl(const std::string& url);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_SERVICE_FILES_H_
