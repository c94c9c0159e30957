// Channels and servers with the settings that both sides must agree on: keepalive, message sizes,
// metadata size. The values live in channel.cc and nowhere else.
#ifndef MUSTER_PROTO_RPC_CHANNEL_H_
#define MUSTER_PROTO_RPC_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace grpc {
class Channel;
class ChannelCredentials;
class ServerBuilder;
}  // namespace grpc

namespace muster::rpc {

struct ChannelOptions {
  // A TCP connection of its own. Otherwise channels of one process with equal address and
  // credentials share one, so load generators and in-process workers must set it.
  bool own_connection = false;
  // Pings that notice a dead peer; only while a call is open, as workers always have one.
  absl::Duration keepalive_interval = absl::Seconds(60);
  // gRPC's own waits between connection tries. Zero: gRPC's default (1 s to 2 min). Short values
  // are for clients that have a back-off of their own.
  absl::Duration reconnect_wait;
};

// `address` is "host:port" or "unix:PATH". Dials at the first call, not here.
std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options = {});

// The server's half: call it on every builder before BuildAndStart.
void ConfigureServer(grpc::ServerBuilder& builder);

// What a peer is, out of ServerContext::peer() ("ipv4:10.0.0.7:40122"): "10.0.0.7", "::1", "unix".
std::string AddressOfPeer(const std::string& peer);

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_CHANNEL_H_
