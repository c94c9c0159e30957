// The decision about a machine that shows a token (docs/security.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_BOOTSTRAPS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_BOOTSTRAPS_H_

#include "absl/status/statusor.h"
#include "base/random.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

class LookAlikes;

// On the strand only.
class Bootstraps final : public AdmissionOperations {
 public:
  // `look_alikes` knows the names that are taken for others.
  Bootstraps(OrderedIds& ids, Refusals& refusals, LookAlikes& look_alikes)
      : ids_(ids), refusals_(refusals), look_alikes_(look_alikes) {}

  // Is this token good for this machine? A request that was answered is answered again with the same
  // certificate, though the token expired or was used up since. Else, in this order: known, state,
  // expiry, expected name, uses that are left (counted uses, and certificates whose possession is
  // not proven yet), the server's admission, whether machine or key were put out, who holds the name
  // (name_holders.h), other zones that know the machine.
  //
  //   the name            is                    decision
  //   here                expected              granted; admitted as LetsIn says
  //                       banned, retired,      E-BOOTSTRAP-BANNED, E-BOOTSTRAP-REJECTED,
  //                         rejected, evicted     E-BOOTSTRAP-EVICTED (with a token from before);
  //                                             also under another name: by a machine id or key of
  //                                             a banned one, or, with a token from before, of a
  //                                             rejected or evicted one. A key whose certificate
  //                                             was revoked admits nobody, with no token
  //                       taken by another key  E-BOOTSTRAP-NAME-TAKEN; the machine was made anew
  //                                             and takes the record over when the token names it
  //                                             or the other's certificate has ended
  //                       waited for by         E-BOOTSTRAP-KEY-WAITS, but for a token that names
  //                         another key           it and was made since
  //   in no zone          unknown               created, pending; with any_name as a known one
  //   in another zone,    of somebody else      E-BOOTSTRAP-OTHER-ZONE, unless any_name; whose it
  //     or the machine                          is, the provider and that server are told, not the
  //                                             worker or the token's tenant
  absl::StatusOr<Decision<BootstrapGrant>> Bootstrap(Turn& turn,
                                                     const BootstrapRequest& request) override;
  absl::StatusOr<RenewalGrant> Renew(Turn& turn, const RenewalRequest& request) override;
  absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      Turn& turn, const store::WorkerCertificate& certificate) override;

 private:
  OrderedIds& ids_;
  Refusals& refusals_;
  LookAlikes& look_alikes_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_BOOTSTRAPS_H_
