// What one connection may cost once it has shaken hands; docs/security.md has the reasons, under
// "Connections".
#ifndef MUSTER_ORCHESTRATOR_APP_TRAFFIC_LIMITS_H_
#define MUSTER_ORCHESTRATOR_APP_TRAFFIC_LIMITS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace muster::app {

struct TrafficLimits {
  int streams = 100;  // Calls at once.
  int metadata_bytes = 16 << 10;
  int request_bytes = 0;                                 // 0: as proto/rpc/channel.h.
  absl::Duration idle = absl::InfiniteDuration();        // Without a call it is ended after this.
  absl::Duration age = absl::InfiniteDuration();         // It takes no new call after this,
  absl::Duration last_calls = absl::InfiniteDuration();  // and ends so much later.
  absl::Duration handshake = absl::Seconds(10);          // TLS, and HTTP/2's first frame.
  int64_t memory_bytes = 0;  // Of all connections together, as far as gRPC counts; 0: no limit.
};

// Workers say little; a Hello with an unusual journal is some kilobytes.
inline TrafficLimits TrafficOfSessions(absl::Duration handshake) {
  return {.streams = 8,
          .metadata_bytes = 8 << 10,
          .request_bytes = 256 << 10,
          .idle = absl::Minutes(1),
          .handshake = handshake};
}
// A token, a certificate request and facts are some kilobytes.
inline TrafficLimits TrafficOfBootstraps(absl::Duration handshake) {
  return {.streams = 4,
          .metadata_bytes = 8 << 10,
          .request_bytes = 64 << 10,
          .idle = absl::Seconds(20),
          .age = absl::Minutes(2),
          .last_calls = absl::Seconds(30),
          .handshake = handshake,
          .memory_bytes = 64 << 20};
}
inline TrafficLimits TrafficOfOperators(absl::Duration handshake) {
  return {.streams = 100,
          .metadata_bytes = 16 << 10,
          .idle = absl::Minutes(5),
          .age = absl::Hours(1),
          .handshake = handshake};
}

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_TRAFFIC_LIMITS_H_
