// Hosts as people write them, in the one spelling that says what they reach. Pure: nothing is
// looked up.
//
//   "Hub.Example."   → "hub.example"       a dot at the end changes nothing
//   "127.31.258"     → "127.31.1.2"        the old ways to write an IPv4 address
//   "0x7f.1"         → "127.0.0.1"
//   "[::FFFF:1.2.3.4]" → "1.2.3.4"         an IPv4 address in IPv6 clothes
//   "[2001:DB8:0::1]"  → "[2001:db8::1]"
#ifndef MUSTER_BASE_HOST_H_
#define MUSTER_BASE_HOST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// The canonical form of a host name, an IPv4 address, or an IPv6 address in brackets (which may
// have a zone, "[fe80::1%eth0]"). InvalidArgument with the reason, which does not repeat the text:
// blanks, characters that no host name has, a name in another script (its "xn--" form is
// wanted), an address that is none.
absl::StatusOr<std::string> CanonicalHost(absl::string_view text);

// Whether `host`, in canonical form, is an IPv4 address, or an IPv6 address in brackets.
bool IsAddressLiteral(absl::string_view host);
// Whether `host`, in canonical form, means the machine that uses it: localhost with or without a
// domain, a loopback address or the address of no machine (0.0.0.0, [::]).
bool IsThisMachine(absl::string_view host);
// Why no machine can be dialed at `host`, in canonical form: the address of none (RFC 1122, 3.2.1.3
// and RFC 4291, 2.5.2), of a group or of all. Empty where one may be.
std::string WhyNobodyAnswersAt(absl::string_view host);

}  // namespace muster

#endif  // MUSTER_BASE_HOST_H_
