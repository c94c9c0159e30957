// Stands in for a hub and for the local Certify service of one server, over HTTP on 127.0.0.1: as
// much of both as one join needs (certify.md 1.3 to 1.5, 4.4). Before it takes a join, or lets its
// list be read, it refuses as often as it is told to, and repeats the secret that it was sent, each
// time in another spelling: what a service or a hub may do.
#ifndef MUSTER_ORCHESTRATOR_SELFTEST_STAND_IN_H_
#define MUSTER_ORCHESTRATOR_SELFTEST_STAND_IN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace muster::selftest {

class StandIn {
 public:
  // `app_data` is the service's folder, made here.
  static absl::StatusOr<std::unique_ptr<StandIn>> Start(const std::string& app_data,
                                                        const std::string& server_name);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

  std::string hub_url() const;
  // From now on, until it is said again: the next joins, and the next readings of the list, are
  // refused with the secret in this spelling (of SpellingsOf); negative: not refused.
  void RefuseJoins(int spelling);
  void RefuseReadings(int spelling);
  // Joins and readings that it was asked for.
  int joins() const;
  int readings() const;

 private:
  struct Server;
  explicit StandIn(std::unique_ptr<Server> server);
  const std::unique_ptr<Server> server_;
};

}  // namespace muster::selftest

#endif  // MUSTER_ORCHESTRATOR_SELFTEST_STAND_IN_H_
