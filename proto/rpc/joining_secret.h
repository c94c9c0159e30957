// The joining key's secret inside a join command: sealed to the key of the worker's certificate, for
// this one command (invariant 7). What lies between the orchestrator's sender and the join, queues
// and proxies and traces and dumps, holds ciphertext.
#ifndef MUSTER_PROTO_RPC_JOINING_SECRET_H_
#define MUSTER_PROTO_RPC_JOINING_SECRET_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "base/random.h"
#include "base/secret.h"
#include "muster/worker/v1/command.pb.h"

namespace muster::rpc {

// Puts `secret` into `command`, whose other fields are final: id, zone, expiry, hub and client id
// are bound to it. InvalidArgument when the worker's key is not on P-256.
absl::Status SealJoiningSecret(const crypto::PublicKey& worker, const Secret& secret,
                               Random& random, muster::worker::v1::Command& command);

// E-DISPATCH-UNSEALABLE when the command was sealed to another key or has been altered.
absl::StatusOr<Secret> OpenJoiningSecret(const crypto::PrivateKey& worker,
                                         const muster::worker::v1::Command& command);

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_JOINING_SECRET_H_
