#include "orchestrator/core/admission/certificate_takeover.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/name_holders.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::Admission;
using store::CertificateState;
using store::WorkerCertificate;
using TakeoverDecision = std::variant<WorkerCertificate, Failure>;

constexpr char kTakeOver[] = "certificate.take_over";

// The machine's name where it is free in the zone, else one that its id makes unique.
absl::StatusOr<std::string> FreeName(Turn& turn, const SessionOpening& opening) {
  const std::string& machine = opening.machine.machine_name;
  if (const absl::StatusOr<std::string> name = NormalizeServerName(machine); name.ok()) {
    ASSIGN_OR_RETURN(const auto taken, turn.store().servers().FindByName(opening.zone_id, *name));
    if (!taken.has_value()) return *name;
  }
  return opening.server_id.value();
}

absl::StatusOr<TakeoverDecision> TakeOverServer(Turn& turn, const SessionOpening& opening,
                                                const WorkerCertificate& certificate) {
  ASSIGN_OR_RETURN(const auto zone, turn.store().zones().Find(opening.zone_id));
  if (!zone.has_value() || zone->tenant_id != opening.tenant_id) {
    return TakeoverDecision(Failure{
        FailureCode::kCertForeign,
        absl::StrCat("it is of zone ", opening.zone_id.value(), ", which is not known here")});
  }
  store::Server server;
  server.id = opening.server_id;
  server.tenant_id = opening.tenant_id;
  server.zone_id = opening.zone_id;
  ASSIGN_OR_RETURN(server.name, FreeName(turn, opening));
  server.admission = Admission::kPending;
  server.machine = opening.machine;
  server.create_time = turn.now();
  ServerChange change(turn, WorkerActor(server.id), kTakeOver, server.id, server.zone_id);
  change.Note("a server that is not on record shows a certificate of this authority");
  RETURN_IF_ERROR(change.Insert(server));
  RETURN_IF_ERROR(change.InsertCertificate(certificate));
  RETURN_IF_ERROR(change.Record());
  return TakeoverDecision(certificate);
}

}  // namespace

absl::StatusOr<TakeoverDecision> TakeOverCertificate(Turn& turn, const SessionOpening& opening) {
  WorkerCertificate certificate;
  certificate.id = opening.certificate_id;
  certificate.server_id = opening.server_id;
  certificate.zone_id = opening.zone_id;
  certificate.confirmed = true;  // TLS proved possession of the key.
  certificate.public_key_hash = opening.public_key_hash;
  certificate.not_before = opening.not_before;
  certificate.not_after = opening.not_after;
  certificate.create_time = turn.now();

  const std::string seen = absl::StrCat("certificate ", certificate.id.value(), " from ",
                                        opening.address, " was not on record");
  ASSIGN_OR_RETURN(const std::optional<store::Server> server,
                   turn.store().servers().Find(opening.server_id));
  if (!server.has_value()) {
    ASSIGN_OR_RETURN(TakeoverDecision decision, TakeOverServer(turn, opening, certificate));
    if (std::holds_alternative<WorkerCertificate>(decision)) {
      RETURN_IF_ERROR(Observe(turn, opening.server_id, FailureCode::kCertAdopted,
                              absl::StrCat(seen, ", nor was the server")));
    }
    return decision;
  }
  if (server->zone_id != opening.zone_id || server->tenant_id != opening.tenant_id) {
    return TakeoverDecision(Failure{
        FailureCode::kCertForeign,
        absl::StrCat("it names ", opening.server_id.value(), " of ", opening.zone_id.value())});
  }
  if (const auto out = PutOutCode(server->admission)) {
    return TakeoverDecision(
        Failure{*out, absl::StrCat("the server is ", store::ToString(server->admission))});
  }
  ASSIGN_OR_RETURN(const bool key_out,
                   turn.store().certificates().IsRevokedKey(certificate.public_key_hash));
  if (key_out) {
    return TakeoverDecision(
        Failure{FailureCode::kCertRevoked, absl::StrCat(seen, ", and its key was put out")});
  }
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> known,
                   turn.store().certificates().ListOf(server->id));
  for (const WorkerCertificate& other : known) {
    if (other.not_before >= certificate.not_before) {
      return TakeoverDecision(Failure{FailureCode::kCertRevoked,
                                      absl::StrCat(seen, ", and a newer one of the server is")});
    }
  }
  ServerChange change(turn, WorkerActor(server->id), kTakeOver, server->id, server->zone_id);
  change.Note(seen);
  RETURN_IF_ERROR(change.InsertCertificate(certificate));
  for (const WorkerCertificate& old : known) {
    if (old.state != CertificateState::kActive) continue;
    RETURN_IF_ERROR(
        change.Certificate(old.id, CertificateState::kActive, CertificateState::kSuperseded));
  }
  if (server->admission == Admission::kRegistered || server->admission == Admission::kEvicted) {
    RETURN_IF_ERROR(change.Admission(server->admission, Admission::kPending));
  }
  RETURN_IF_ERROR(change.Record());
  RETURN_IF_ERROR(Observe(turn, server->id, FailureCode::kCertAdopted, seen));
  return TakeoverDecision(std::move(certificate));
}

}  // namespace muster::core
