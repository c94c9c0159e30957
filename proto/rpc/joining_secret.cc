#include "proto/rpc/joining_secret.h"

#include "absl/strings/str_cat.h"
#include "base/crypto/sealing.h"
#include "base/crypto/sealing_to_key.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"

namespace muster::rpc {
namespace {

std::string BoundTo(const muster::worker::v1::Command& command) {
  return crypto::AssociatedData(
      {"muster joining secret", command.command_id(), command.zone_id(),
       absl::StrCat(command.expire_time().seconds(), ".", command.expire_time().nanos()),
       command.join().hub_url(), command.join().joining_client_id()});
}

}  // namespace

absl::Status SealJoiningSecret(const crypto::PublicKey& worker, const Secret& secret,
                               Random& random, muster::worker::v1::Command& command) {
  ASSIGN_OR_RETURN(*command.mutable_join()->mutable_sealed_joining_secret(),
                   crypto::SealToKey(worker, secret, BoundTo(command), random));
  return absl::OkStatus();
}

absl::StatusOr<Secret> OpenJoiningSecret(const crypto::PrivateKey& worker,
                                         const muster::worker::v1::Command& command) {
  absl::StatusOr<Secret> secret =
      crypto::OpenWithKey(worker, command.join().sealed_joining_secret(), BoundTo(command));
  if (secret.ok()) return secret;
  return FailureStatus(FailureCode::kDispatchUnsealable, secret.status().message());
}

}  // namespace muster::rpc
