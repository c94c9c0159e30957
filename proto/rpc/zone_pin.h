// What a zone pin's signature covers, written once for both sides.
#ifndef MUSTER_PROTO_RPC_ZONE_PIN_H_
#define MUSTER_PROTO_RPC_ZONE_PIN_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "muster/worker/v1/bootstrap.pb.h"

namespace muster::rpc {

// All fields but the signature, one a line; none of them holds a line's end (the URL is normalized,
// the zone's id made of slugs, the account checked). A pin without a service account reads as pins
// did before there were any, so that older workers take it.
inline std::string SignedTextOf(const muster::worker::v1::ZonePin& pin) {
  return absl::StrCat("muster zone pin 1\n", pin.zone_id(), "\n", pin.version(), "\n",
                      pin.allow_cli_join() ? "cli" : "no cli", "\n", pin.hub_url(), "\n",
                      pin.service_account().empty()
                          ? ""
                          : absl::StrCat("service account ", pin.service_account(), "\n"));
}

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_ZONE_PIN_H_
