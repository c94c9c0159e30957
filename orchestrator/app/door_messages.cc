#include "orchestrator/app/door_messages.h"

#include <algorithm>

namespace muster::app {

muster::door::v1::Limits ToProto(const net::GateLimits& limits) {
  muster::door::v1::Limits proto;
  proto.set_connections(limits.connections);
  proto.set_per_address(limits.per_address);
  proto.set_per_subnet(limits.per_subnet);
  proto.set_unproven(limits.unproven);
  proto.set_unproven_per_subnet(limits.unproven_per_subnet);
  proto.set_handshakes(limits.handshakes);
  proto.set_turns_per_second(limits.turns_per_second);
  proto.set_silence_ms(absl::ToInt64Milliseconds(limits.silence));
  proto.set_handshake_ms(absl::ToInt64Milliseconds(limits.handshake));
  proto.set_bytes_at_once(limits.bytes_at_once);
  proto.set_bytes_per_second(limits.bytes_per_second);
  proto.set_open_calls(limits.open_calls);
  proto.set_calls_at_once(limits.calls_at_once);
  proto.set_calls_per_second(limits.calls_per_second);
  return proto;
}

net::GateLimits FromProto(const muster::door::v1::Limits& proto) {
  net::GateLimits limits;
  limits.connections = proto.connections();
  limits.per_address = proto.per_address();
  limits.per_subnet = proto.per_subnet();
  limits.unproven = proto.unproven();
  limits.unproven_per_subnet = proto.unproven_per_subnet();
  limits.handshakes = proto.handshakes();
  limits.turns_per_second = proto.turns_per_second();
  limits.silence = absl::Milliseconds(proto.silence_ms());
  limits.handshake = absl::Milliseconds(proto.handshake_ms());
  limits.bytes_at_once = proto.bytes_at_once();
  limits.bytes_per_second = proto.bytes_per_second();
  limits.open_calls = proto.open_calls();
  limits.calls_at_once = proto.calls_at_once();
  limits.calls_per_second = proto.calls_per_second();
  return limits;
}

muster::door::v1::Counts ToProto(const net::GateCounts& counts) {
  muster::door::v1::Counts proto;
  proto.set_connections(counts.connections);
  proto.set_unproven(counts.unproven);
  proto.set_queued(counts.queued);
  proto.set_handshakes(counts.handshakes);
  proto.set_taken(counts.taken);
  for (const int64_t refused : counts.refused) proto.add_refused(refused);
  return proto;
}

net::GateCounts FromProto(const muster::door::v1::Counts& proto) {
  net::GateCounts counts;
  counts.connections = std::max(0, proto.connections());
  counts.unproven = std::max(0, proto.unproven());
  counts.queued = std::max(0, proto.queued());
  counts.handshakes = std::max(0, proto.handshakes());
  counts.taken = std::max<int64_t>(0, proto.taken());
  const size_t reasons = std::min<size_t>(counts.refused.size(), size_t(proto.refused_size()));
  for (size_t i = 0; i < reasons; ++i) {
    counts.refused[i] =
        std::clamp<int64_t>(proto.refused(static_cast<int>(i)), 0, int64_t{1} << 50);
  }
  return counts;
}

}  // namespace muster::app
