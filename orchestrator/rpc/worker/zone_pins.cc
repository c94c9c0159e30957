#include "orchestrator/rpc/worker/zone_pins.h"

#include "base/log.h"
#include "proto/rpc/zone_pin.h"

namespace muster::rpc {

muster::worker::v1::ZonePin ZonePins::Signed(const core::ZonePin& pin) {
  muster::worker::v1::ZonePin out;
  out.set_zone_id(pin.zone_id.value());
  out.set_hub_url(pin.hub_url);
  out.set_allow_cli_join(pin.allow_cli_join);
  out.set_version(pin.version);
  out.set_service_account(pin.service_account);
  if (authority_ == nullptr) return out;
  std::string text = SignedTextOf(out);
  {
    MutexLock lock(&mu_);
    const auto it = last_.find(pin.zone_id.value());
    if (it != last_.end() && it->second.first == text) {
      out.set_signature(it->second.second);
      return out;
    }
  }
  absl::StatusOr<std::string> signature = authority_->Sign(text);
  if (!signature.ok()) {
    log::Error("zone pin not signed", {{"zone", pin.zone_id}, {"reason", signature.status()}});
    return out;  // Workers do not take it, and say so.
  }
  out.set_signature(*signature);
  MutexLock lock(&mu_);
  last_[pin.zone_id.value()] = {std::move(text), *std::move(signature)};
  return out;
}

std::optional<core::ZonePin> ZonePins::Believed(const muster::worker::v1::ZonePin& pin) const {
  if (authority_ == nullptr || !authority_->IsOurs(SignedTextOf(pin), pin.signature())) {
    return std::nullopt;
  }
  return core::ZonePin{ZoneId(pin.zone_id()), pin.hub_url(), pin.allow_cli_join(), pin.version(),
                       pin.service_account()};
}

}  // namespace muster::rpc
