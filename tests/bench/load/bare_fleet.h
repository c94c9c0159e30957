// The bare phase's clients: streams of the product's Session service, each over a TLS connection of
// its own, which answer every command at once.
#ifndef MUSTER_TESTS_BENCH_LOAD_BARE_FLEET_H_
#define MUSTER_TESTS_BENCH_LOAD_BARE_FLEET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/load/certificates.h"

namespace muster::bench {

class BareFleet {
 public:
  // A command is answered with a CommandResult at once.
  static std::unique_ptr<BareFleet> Create(const std::string& address, const std::string& ca_pem);
  // Closes all streams and waits for them.
  virtual ~BareFleet() = default;

  // Opens one stream per identity, at most `at_once` at a time under way, and waits until each one
  // got its Welcome. Returns how long that took.
  virtual absl::StatusOr<absl::Duration> Connect(const std::vector<PemPair>& identities,
                                                 int at_once) = 0;
  // Streams that have ended though nobody asked for it.
  virtual int lost() const = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_BARE_FLEET_H_
