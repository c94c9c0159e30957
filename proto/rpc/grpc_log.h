// gRPC's own messages, through our log: one format, one level, and no thread of gRPC's that blocks
// on standard error.
#ifndef MUSTER_PROTO_RPC_GRPC_LOG_H_
#define MUSTER_PROTO_RPC_GRPC_LOG_H_

namespace muster::rpc {

// From here on, for this process. Errors become info (mostly peers: a failed handshake is an error
// to gRPC), the rest debug.
void RouteGrpcLog();

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_GRPC_LOG_H_
