// absl::Status on our side of gRPC, grpc::Status on the other. Codes are the same canonical ones;
// an E-code rides in the message's text ("E-TOKEN-EXPIRED: …") and becomes a payload again on
// arrival.
#ifndef MUSTER_PROTO_RPC_STATUS_H_
#define MUSTER_PROTO_RPC_STATUS_H_

#include <optional>

#include "absl/status/status.h"
#include "base/failure.h"

namespace grpc {
class Status;
}

namespace muster::rpc {

// A message longer than 16 KiB is cut: it travels in HTTP/2 trailers.
grpc::Status ToGrpcStatus(const absl::Status& status);
// FailureCodeOf works on the result when the message names a known code.
absl::Status FromGrpcStatus(const grpc::Status& status);

// The first known "E-<AREA>-<NAME>" in a text.
std::optional<FailureCode> FailureCodeInText(absl::string_view text);

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_STATUS_H_
