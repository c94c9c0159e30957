// The sealed joining key in a join command: what was sealed is opened by its reader for its command,
// and by nothing else. Input: text of the command, a part of bytes to change the sealed ones with,
// the secret.
#include <algorithm>
#include <cstdint>

#include "base/crypto/secure_random.h"
#include "base/failure_code.h"
#include "proto/rpc/joining_secret.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

using muster::FailureCode;
using muster::FailureCodeOf;
using muster::Secret;
using muster::fuzz::Require;
using muster::rpc::OpenJoiningSecret;
using muster::worker::v1::Command;

void RequireClosed(const muster::crypto::PrivateKey& key, const Command& command) {
  const auto opened = OpenJoiningSecret(key, command);
  Require(!opened.ok(), "what was altered does not open");
  Require(FailureCodeOf(opened.status()) == FailureCode::kDispatchUnsealable,
          "what does not open says so by its code");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  static const auto& reader = *new crypto::PrivateKey(*crypto::PrivateKey::Generate());
  static const auto& other = *new crypto::PrivateKey(*crypto::PrivateKey::Generate());
  const auto parts = fuzz::PartsOf(fuzz::TextOf(data, size));
  Command command;
  if (!fuzz::ReadMessage(parts[0], command)) return 0;
  // Whatever came sealed in there was not sealed by us.
  RequireClosed(reader, command);
  command.mutable_join();
  const absl::string_view changes = parts.size() > 1 ? parts[1] : "";
  const absl::string_view secret = parts.size() > 2 ? parts[2] : "joining-secret";
  Require(rpc::SealJoiningSecret(reader.public_key(), Secret::CopyOf(secret),
                                 crypto::SecureRandom(), command)
              .ok(),
          "any secret can be sealed");
  Require(secret.size() < 8 || !absl::StrContains(command.SerializeAsString(), secret) ||
              absl::StrContains(parts[0], secret),
          "what is sealed cannot be read");
  const auto opened = OpenJoiningSecret(reader, command);
  Require(opened.ok() && opened->Reveal() == secret, "its reader opens it");
  RequireClosed(other, command);

  Command altered = command;
  std::string& sealed = *altered.mutable_join()->mutable_sealed_joining_secret();
  for (size_t i = 0; i + 1 < changes.size(); i += 2) {
    sealed[static_cast<unsigned char>(changes[i]) * sealed.size() / 256] ^= changes[i + 1];
  }
  if (sealed != command.join().sealed_joining_secret()) RequireClosed(reader, altered);
  for (size_t cut = 0; cut < changes.size() && cut < 4; ++cut) {
    altered = command;
    altered.mutable_join()->mutable_sealed_joining_secret()->resize(
        static_cast<unsigned char>(changes[cut]) % command.join().sealed_joining_secret().size());
    RequireClosed(reader, altered);
  }
  altered = command;
  altered.set_zone_id(command.zone_id() + "x");
  RequireClosed(reader, altered);
  altered = command;
  altered.mutable_join()->set_hub_url(command.join().hub_url() + "x");
  RequireClosed(reader, altered);
  altered = command;
  altered.set_command_id(command.command_id() + "x");
  RequireClosed(reader, altered);
  return 0;
}
