#include "worker/identity/zone_pin.h"

#include <algorithm>

#include "base/crypto/certificate.h"
#include "proto/rpc/zone_pin.h"
#include "worker/service/service_files.h"

namespace muster::worker {
namespace {

bool SaysTheSame(const v1::ZonePin& a, const v1::ZonePin& b) {
  return a.allow_cli_join() == b.allow_cli_join() && a.service_account() == b.service_account() &&
         NormalizeHubUrl(a.hub_url()) == NormalizeHubUrl(b.hub_url());
}

bool IsSigned(const v1::ZonePin& pin, const std::string& ca_bundle_pem) {
  const auto anchors = crypto::Certificate::BundleFromPem(ca_bundle_pem);
  return anchors.ok() &&
         std::any_of(anchors->begin(), anchors->end(), [&pin](const crypto::Certificate& anchor) {
           return anchor.public_key().Verifies(rpc::SignedTextOf(pin), pin.signature());
         });
}

}  // namespace

PinDecision JudgePin(const v1::ZonePin& held, const v1::ZonePin& offered,
                     const std::string& ca_bundle_pem) {
  if (offered.zone_id() != held.zone_id()) return PinDecision::kOtherZone;
  if (offered.version() < held.version()) return PinDecision::kOlder;
  const bool same = SaysTheSame(held, offered);
  if (same && offered.version() == held.version()) return PinDecision::kSame;
  if (!IsSigned(offered, ca_bundle_pem)) {
    return same ? PinDecision::kSame : PinDecision::kUnsigned;
  }
  // One version says one thing; a pin of before versions were counted has version 0.
  return offered.version() > held.version() ? PinDecision::kNewer : PinDecision::kOlder;
}

}  // namespace muster::worker
