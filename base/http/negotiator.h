// Shows a server who the caller is, in the rounds of Negotiate (RFC 4559). What the tokens are made
// of is the system's business.
//
//   401 Negotiate        ──► Begin, Next("")      ──► Authorization: Negotiate TOKEN
//   401 Negotiate TOKEN  ──► Next(TOKEN)          ──► Authorization: Negotiate TOKEN
//   anything else        the server has judged
#ifndef MUSTER_BASE_HTTP_NEGOTIATOR_H_
#define MUSTER_BASE_HTTP_NEGOTIATOR_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"

namespace muster::http {

// One conversation, on one connection. Used by one thread.
class Negotiation {
 public:
  virtual ~Negotiation() = default;
  // What to answer to the server's token, bytes and not base64; empty for the first. An error: there
  // is no such account here, or the server's token is none.
  virtual absl::StatusOr<Secret> Next(absl::string_view challenge) = 0;
};

// Thread-safe.
class Negotiator {
 public:
  virtual ~Negotiator() = default;
  // With the service at `host`, a name or address.
  virtual absl::StatusOr<std::unique_ptr<Negotiation>> Begin(const std::string& host) = 0;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_NEGOTIATOR_H_
