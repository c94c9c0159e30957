// One mail to one relay, over SMTP.
#ifndef MUSTER_BASE_HTTP_MAIL_H_
#define MUSTER_BASE_HTTP_MAIL_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/http/client.h"
#include "base/secret.h"

namespace muster::http {

// Moves, does not copy: it may hold a secret.
struct Mail {
  std::string relay;  // "smtp://relay.example:25", "smtps://relay.example:465"
  // Over smtp://, STARTTLS or nothing; false: without TLS. A user's password needs TLS.
  bool require_tls = true;
  std::string sender;                   // "muster@msp.example"
  std::vector<std::string> recipients;  // All or none: one that is refused refuses the mail.
  std::string user;                     // Empty: nobody logs in.
  Secret password;
  std::string content;  // Headers and body, lines ended by CR LF.
  TlsOptions tls;
  bool public_addresses_only = false;
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration total_timeout = absl::Seconds(30);
};

// Thread-safe.
class MailClient {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  virtual ~MailClient() = default;
  // Calls `done` once, as AsyncClient::Start. A Response of any status is a value: 250 took the mail,
  // another is the reply that refused it; its body says in our words at what. Errors as in
  // transport_error.h; InvalidArgument for a mail that cannot be sent.
  virtual void StartMail(Mail mail, Done done) = 0;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_MAIL_H_
