// Whose a server's name is: which states keep a machine out, whom a token lets in, and which key
// holds the name so that another one may not have it. Pure decisions but for the look at tokens.
//
//   key                 holds the name until
//   in use              its certificate ends, or a token that names the server (mode auto)
//   waits for a first   it comes in; its token is revoked; the certificate ends; in mode auto the
//   session             time for it (kFirstSessionWithin) is over; or a token that names the server
//                       and was made since
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_NAME_HOLDERS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_NAME_HOLDERS_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/identity.h"
#include "store/model/server.h"

namespace muster::core {

// A certificate that a token in mode auto paid for opens its first session within this time,
// whatever became of the token meanwhile (revoked excepted); until then its use is promised.
inline constexpr absl::Duration kFirstSessionWithin = absl::Hours(24 * 7);

// What a worker of such a server is told at every door: banned and retired E-BOOTSTRAP-BANNED,
// rejected E-BOOTSTRAP-REJECTED, none for the others.
std::optional<FailureCode> PutOutCode(store::Admission admission);

// Whether the token says this server's name.
bool Names(const store::BootstrapToken& token, absl::string_view name);

// Whether the first session of a certificate that this token paid for admits the server:
//
//   registered   in mode auto
//   pending      in mode auto, and the token says so: it names the server, or takes any name
//   evicted      in mode auto, and made after the eviction
bool Admits(const store::BootstrapToken& token, const store::Server& server);

// Whether the first session of a certificate that this token paid for is let in. In mode pending an
// operator lets in a key (`key_admitted`), never a name alone.
bool LetsIn(const store::BootstrapToken& token, const store::Server& server, bool key_admitted);

// Whether the certificate waits for its first session, or for an operator. `payer` is its token;
// null: it has none any more.
bool IsWaiting(const store::WorkerCertificate& certificate, const store::BootstrapToken* payer,
               store::Admission admission, absl::Time now);
absl::StatusOr<bool> IsWaiting(Turn& turn, const store::WorkerCertificate& certificate,
                               store::Admission admission);

// Why a machine with this token and key may not have the server's name: E-BOOTSTRAP-NAME-TAKEN,
// E-BOOTSTRAP-KEY-WAITS; none: it may. `certificates` are the server's.
absl::StatusOr<std::optional<FailureCode>> WhyHeld(
    Turn& turn, const store::BootstrapToken& token, const store::Server& server,
    const std::vector<store::WorkerCertificate>& certificates, absl::string_view public_key_hash);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_NAME_HOLDERS_H_
