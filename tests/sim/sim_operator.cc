// What operators do in the simulated world.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/sim/sim_world.h"
#include "tests/sim/sim_world_parts.h"

namespace muster::sim {

core::TenantInput SimWorld::FleetOf(int tenant, const std::string& hub_url) const {
  core::TenantInput input;
  input.id = TenantId(absl::StrCat("tenant-", tenant));
  core::ZoneInput& zone = input.zones.emplace_back();
  zone.slug = "prod";
  zone.hub_url = hub_url;
  zone.joining_key =
      core::JoiningKeyInput{"client", Secret::CopyOf(absl::StrCat("secret-", tenant))};
  zone.verifier = core::VerifierInput{store::VerifierKind::kApiToken, "viewer",
                                      Secret::CopyOf("viewer-secret")};
  return input;
}

absl::Status SimWorld::Apply(int tenant, const std::string& hub_url) {
  return Apply(FleetOf(tenant, hub_url));
}

absl::Status SimWorld::ApplySecondZone(int tenant, const std::string& slug) {
  core::TenantInput input = FleetOf(tenant, hub(tenant).url());
  input.zones[0].slug = slug;
  return Apply(std::move(input));
}

absl::Status SimWorld::Apply(core::TenantInput tenant) {
  auto fleet = std::make_shared<std::vector<core::TenantInput>>();
  fleet->push_back(std::move(tenant));
  return Ask<std::vector<std::string>>([&](auto done) {
           operations().fleet.Call(&core::FleetOperations::Apply, std::move(done), Operator(),
                                   std::move(*fleet),
                                   core::ApplyChoices{.replace_keys = true, .replace_hub = true});
         })
      .status();
}

void SimWorld::MoveHub(int tenant, const std::string& url) {
  hub(tenant).MoveTo(url);
  // A crash may swallow the answer; what was applied twice is applied once.
  for (int i = 0; i < 5 && !Apply(tenant, url).ok(); ++i) {
  }
}

void SimWorld::ChangeHub(int tenant, bool another) {
  const std::string url = absl::StrCat("https://hub-", tenant, "-", ++changes_, ".example");
  const ZoneId zone = MakeZoneId(TenantId(absl::StrCat("tenant-", tenant)), "prod");
  SimHub* fresh = nullptr;
  const std::string before = hub(tenant).url();
  if (another) fresh = AddHub(url);
  (void)Apply(tenant, url);
  // Refused while joins are under way; the answer may be lost, the store knows.
  if ((*Read()->zones().Find(zone))->hub_url == before) return;
  if (!another) return hub(tenant).MoveTo(url);
  fresh->SetConnectedOnly(hub(tenant).connected_only());
  hubs_[static_cast<size_t>(tenant)] = fresh;
}

void SimWorld::ChangeKey(int tenant) {
  const std::string secret = absl::StrCat("secret-", tenant, "-", ++changes_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (static_cast<int>(i) % kTenants == tenant) workers_[i]->AlsoAccept(secret);
  }
  (void)Ask<store::Zone>([&](auto done) {
    operations().fleet.Call(&core::FleetOperations::SetJoiningKey, std::move(done), Operator(),
                            MakeZoneId(TenantId(absl::StrCat("tenant-", tenant)), "prod"),
                            core::JoiningKeyInput{"client", Secret::CopyOf(secret)});
  });
}

void SimWorld::Renew(size_t worker) {
  // A certificate is renewed with the one before it, not before a first session.
  if (ServerAt(worker).admission != store::Admission::kAdmitted) return;
  const CertificateId& held = workers_[worker]->options().certificate_id;
  const std::optional<store::WorkerCertificate> row = *Read()->certificates().Find(held);
  if (!row.has_value() || !row->confirmed) return;
  store::WorkerCertificate certificate;
  certificate.id = CertificateId(absl::StrCat("renewed", worker, "-", ++changes_));
  certificate.server_id = servers_[worker];
  certificate.zone_id = workers_[worker]->options().zone_id;
  certificate.public_key_hash = certificate.id.value();
  certificate.not_before = certificate.create_time = Now();
  certificate.not_after = Now() + absl::Hours(24 * 30);
  if (!Ask<store::WorkerCertificate>([&](auto done) {
         operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                     certificate);
       }).ok()) {
    return;
  }
  workers_[worker]->UseCertificate(certificate.id);
}

void SimWorld::Act(size_t worker, core::ServerAction::Kind kind) {
  using Kind = core::ServerAction::Kind;
  const bool out = kind == Kind::kBan || kind == Kind::kRetire;
  if (out) evicted_.insert(worker);
  (void)Ask<store::Server>([&](auto done) {
    operations().servers.Call(&core::ServerOperations::Change, std::move(done), Operator(),
                              servers_[worker], core::ServerAction{kind, "by the simulation", ""});
  });
  const store::Admission now = ServerAt(worker).admission;
  if (out && now == store::Admission::kAdmitted) evicted_.erase(worker);  // It was refused.
}

void SimWorld::BringBack(size_t worker) {
  using Kind = core::ServerAction::Kind;
  for (int i = 0; i < 10 && evicted_.contains(worker); ++i) {
    const store::Admission now = ServerAt(worker).admission;
    if (now == store::Admission::kBanned) Act(worker, Kind::kUnban);
    if (now == store::Admission::kRetired) Act(worker, Kind::kRestore);
    Reenroll(worker);
  }
}

absl::StatusOr<store::Server> SimWorld::Settle(size_t worker, bool joined) {
  return Ask<store::Server>([&](auto done) {
    operations().servers.Call(&core::ServerOperations::Settle, std::move(done), Operator(),
                              servers_[worker], core::Settlement{joined, "by the simulation"});
  });
}

void SimWorld::Evict(size_t worker) {
  evicted_.insert(worker);
  (void)Ask<store::Server>([&](auto done) {
    operations().servers.Call(&core::ServerOperations::Evict, std::move(done), Operator(),
                              servers_[worker], "by the simulation");
  });
  if (ServerAt(worker).admission == store::Admission::kAdmitted) evicted_.erase(worker);
}

void SimWorld::Reenroll(size_t worker) {
  const std::string suffix = absl::StrCat(worker, "-", ++changes_);
  core::TokenInput token;
  token.zone_id = workers_[worker]->options().zone_id;
  token.secret_hash = absl::StrCat("hash-", suffix);
  const auto made = Ask<core::CreatedToken>([&](auto done) {
    operations().tokens.Call(&core::TokenOperations::Create, std::move(done), Operator(), token);
  });
  core::BootstrapRequest request;
  request.secret_hash = token.secret_hash;
  request.server_name = workers_[worker]->options().name;
  request.public_key_hash = absl::StrCat("key-", suffix);
  const auto show = [&] {
    return Ask<core::BootstrapGrant>([&](auto done) {
      operations().admission.Call(&core::AdmissionOperations::Bootstrap, std::move(done), request);
    });
  };
  auto grant = show();
  if (FailureCodeOf(grant.status()) == FailureCode::kBootstrapKeyWaits) {
    // A try before ended in a crash. The way out: a token that names the server.
    token.server_names = {request.server_name};
    token.secret_hash = request.secret_hash = absl::StrCat("named-", suffix);
    (void)Ask<core::CreatedToken>([&](auto done) {
      operations().tokens.Call(&core::TokenOperations::Create, std::move(done), Operator(), token);
    });
    grant = show();
  }
  if (!made.ok() || !grant.ok()) return;  // A crash; it stays out until the next try.
  store::WorkerCertificate certificate;
  certificate.id = CertificateId(absl::StrCat("cert", suffix));
  certificate.server_id = grant->server_id;
  certificate.zone_id = token.zone_id;
  certificate.token_id = grant->token_id;
  certificate.public_key_hash = request.public_key_hash;
  certificate.not_before = certificate.create_time = Now();
  certificate.not_after = Now() + absl::Hours(24 * 30);
  if (!Ask<store::WorkerCertificate>([&](auto done) {
         operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                     certificate);
       }).ok()) {
    return;
  }
  BreakSession(worker);
  workers_[worker]->Reenrolled(certificate.id);
  evicted_.erase(worker);
}

}  // namespace muster::sim
