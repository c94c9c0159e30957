// gRPC's own messages, through our log: one format, one level, and no thread of gRPC's that blocks
// on standard error.
//
// Most of its errors are what peers do (a failed handshake is an error to gRPC), so each kind of
// message (its text without numbers and addresses) is written a few times a minute, with the number
// of those that were not. What is known about a kind is said beside it.
#ifndef MUSTER_PROTO_RPC_GRPC_LOG_H_
#define MUSTER_PROTO_RPC_GRPC_LOG_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::rpc {

// From here on, for this process. Errors become info, the rest debug.
void RouteGrpcLog();

// The kind of a message: two of one kind differ in numbers, addresses and the like alone.
std::string KindOfGrpcLine(absl::string_view text);
// What a message about a handshake means; empty: it speaks for itself.
absl::string_view MeaningOfGrpcLine(absl::string_view text);

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_GRPC_LOG_H_
