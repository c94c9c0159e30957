#include "proto/rpc/channel.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/rpc/credentials.h"

namespace muster::rpc {
namespace {

// An import of some 10,000 rows, or a report of as many problems, is the largest message.
constexpr int kMaxMessageBytes = 16 << 20;
// A status message that names every bad row travels in the trailers; gRPC's default is 8 KiB.
constexpr int kMaxMetadataBytes = 64 << 10;
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(20);
// A client may ping this often; must be below every client's keepalive_interval.
constexpr absl::Duration kLeastPingInterval = absl::Seconds(10);
// Sessions are long, rare and small: measuring the bandwidth of each (a ping and its answer with
// nearly every message of a quiet connection) would double their traffic.
constexpr int kProbeBandwidth = 0;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  if (!absl::StartsWith(address, "unix:")) {
    arguments.SetSslTargetNameOverride(kOrchestratorName);
  }
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_interval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, kProbeBandwidth);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // Callers know what may be repeated.
  if (options.own_connection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options.reconnect_wait > absl::ZeroDuration()) {
    const int wait = Milliseconds(options.reconnect_wait);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, wait);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, wait);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, wait);
  }
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

void ConfigureServer(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // No pings from here: workers send heartbeats, and the session registry ends those that do not.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, kProbeBandwidth);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kLeastPingInterval));
  // Two orchestrators on one port must not share it silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

std::string AddressOfPeer(const std::string& peer) {
  absl::string_view rest = peer;
  if (absl::StartsWith(rest, "unix:")) return "unix";
  if (!absl::ConsumePrefix(&rest, "ipv4:") && !absl::ConsumePrefix(&rest, "ipv6:")) {
    return std::string(rest);
  }
  rest = rest.substr(0, rest.rfind(':'));
  // "ipv6:%5B::1%5D:443": gRPC escapes the brackets.
  if (absl::ConsumePrefix(&rest, "%5B") || absl::ConsumePrefix(&rest, "[")) {
    if (!absl::ConsumeSuffix(&rest, "%5D")) absl::ConsumeSuffix(&rest, "]");
  }
  absl::ConsumePrefix(&rest, "::ffff:");  // A dual-stack socket's form of an IPv4 address.
  return std::string(rest);
}

}  // namespace muster::rpc
