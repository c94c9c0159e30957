// AppData is what a service keeps on disk: serviceconfig.json and hubinstance.identity.json, as
// certify.md 1.1 and 3.1 have them, because workers look there.
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_APP_DATA_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_APP_DATA_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace muster::doubles {

struct AppData {
  // serviceconfig.json
  std::string host;
  uint16_t port = 0;
  bool named_pipe = false;
  std::string hub_api;
  std::string hub_endpoint;
  std::string hub_assigned_id;
  // hubinstance.identity.json, written once
  std::string identity;
  absl::Time identity_created;

  // Writes into `folder`, which is made when absent. An empty folder writes nothing.
  absl::Status WriteConfig(const std::string& folder, bool lower_case) const;
  absl::Status WriteIdentity(const std::string& folder) const;
  // Takes the hub's part of both files over; what is absent stays empty. The identity file wins.
  void ReadHubPart(const std::string& folder);
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_APP_DATA_H_
