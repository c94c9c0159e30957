// Zone pins, on both sides. Parts: the pin that a worker holds, then what it is offered, then a join
// command. A signature "good" stands for the authority's over the rest of the pin.
#include <cstdint>

#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "muster/worker/v1/command.pb.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/worker/zone_pins.h"
#include "proto/rpc/zone_pin.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"
#include "worker/commands/decide_join.h"
#include "worker/identity/zone_pin.h"
#include "worker/service/service_files.h"

namespace {

using muster::fuzz::Require;
using muster::worker::JudgePin;
using muster::worker::PinDecision;
using muster::worker::v1::ZonePin;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  static const auto& authority = *new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom()));
  static const auto& stranger = *new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom()));
  static auto& pins = *new rpc::ZonePins(&authority);

  const auto parts = fuzz::PartsOf(fuzz::TextOf(data, size));
  ZonePin held, offered;
  if (parts.size() < 2 || !fuzz::ReadMessage(parts[0], held) ||
      !fuzz::ReadMessage(parts[1], offered)) {
    return 0;
  }
  const bool good = offered.signature() == "good";
  if (good) offered.set_signature(*authority.Sign(rpc::SignedTextOf(offered)));
  const PinDecision decision = JudgePin(held, offered, authority.bundle_pem());
  const bool same_zone = held.zone_id() == offered.zone_id();
  Require((decision == PinDecision::kOtherZone) == !same_zone, "a zone is for life");
  if (decision == PinDecision::kNewer) {
    Require(good, "a newer pin is signed");
    Require(offered.version() > held.version(), "a pin never goes back");
    Require(JudgePin(held, offered, stranger.bundle_pem()) != PinDecision::kNewer,
            "by our authority");
    for (ZonePin forged : {offered, offered, offered}) {
      static int turn = 0;
      switch (++turn % 3) {
        case 0:
          forged.set_hub_url(forged.hub_url() + "x");
          break;
        case 1:
          forged.set_allow_cli_join(!forged.allow_cli_join());
          break;
        default:
          forged.set_version(forged.version() - 1);
      }
      Require(JudgePin(held, forged, authority.bundle_pem()) != PinDecision::kNewer,
              "a signature covers all of a pin");
    }
  }
  if (decision == PinDecision::kSame) {
    Require(worker::NormalizeHubUrl(held.hub_url()) == worker::NormalizeHubUrl(offered.hub_url()),
            "the same pin names the same hub");
  }
  Require(pins.Believed(offered).has_value() == good, "only what we signed is believed");
  if (good) {
    const auto believed = pins.Believed(offered);
    ZonePin again = pins.Signed(*believed);
    Require(pins.Believed(again) == believed, "what we sign we believe");
  }
  // A line's end in a field must not let one pin's signature serve another.
  ZonePin other = offered;
  const size_t line = offered.hub_url().find('\n');
  if (line != std::string::npos) other.set_hub_url(offered.hub_url().substr(0, line));
  Require(line == std::string::npos || rpc::SignedTextOf(other) != rpc::SignedTextOf(offered),
          "what is signed is all of it");

  worker::v1::Command command;
  if (parts.size() < 3 || !fuzz::ReadMessage(parts[2], command) || !command.has_join()) return 0;
  if (worker::FitsZonePin(held, command)) {
    Require(command.zone_id() == held.zone_id(), "no key of another zone");
    Require(worker::NormalizeHubUrl(command.join().hub_url()) ==
                worker::NormalizeHubUrl(held.hub_url()),
            "no other hub than the pin's");
  }
  return 0;
}
