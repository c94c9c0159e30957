#include "worker/identity/renewer.h"

#include <algorithm>
#include <utility>

#include "base/crypto/certificate_request.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr BackoffOptions kRenewalBackoff = {.first = absl::Minutes(2), .cap = absl::Hours(6)};

}  // namespace

std::shared_ptr<Renewer> Renewer::Create(const Parts& parts, Identity identity, Store store,
                                         Renewed renewed) {
  return std::shared_ptr<Renewer>(
      new Renewer(parts, std::move(identity), std::move(store), std::move(renewed)));
}

Renewer::Renewer(const Parts& parts, Identity identity, Store store, Renewed renewed)
    : parts_(parts),
      identity_(std::move(identity)),
      store_(std::move(store)),
      renewed_(std::move(renewed)),
      backoff_(kRenewalBackoff, parts.random) {}

void Renewer::Start() {
  parts_.strand.Post([self = shared_from_this()] {
    // Not at once after a start, when a whole fleet may be due.
    const absl::Time soonest =
        self->parts_.clock.Now() + absl::Minutes(1) * (1 + self->parts_.random.Fraction());
    self->Arm(std::max(RenewalTime(self->identity_.certificate_pem), soonest));
  });
}

void Renewer::Replace(Identity identity) {
  parts_.strand.Post([self = shared_from_this(), identity = std::move(identity)]() mutable {
    self->identity_ = std::move(identity);
    self->backoff_.Reset();
    if (self->timer_ != 0) self->parts_.timers.Cancel(std::exchange(self->timer_, 0));
    self->Arm(std::max(RenewalTime(self->identity_.certificate_pem),
                       self->parts_.clock.Now() + absl::Minutes(1)));
  });
}

void Renewer::Stop() {
  parts_.strand.Post([self = shared_from_this()] {
    self->stopped_ = true;
    if (self->timer_ != 0) self->parts_.timers.Cancel(std::exchange(self->timer_, 0));
  });
}

void Renewer::Arm(absl::Time when) {
  if (stopped_) return;
  timer_ = parts_.timers.After(
      when - parts_.clock.Now(), [weak = weak_from_this(), &strand = parts_.strand] {
        strand.Post([weak] {
          if (const auto self = weak.lock(); self != nullptr && !self->stopped_) self->Ask();
        });
      });
}

void Renewer::Ask() {
  timer_ = 0;
  v1::RenewRequest request;
  const auto key = crypto::PrivateKey::FromPem(identity_.private_key_pem);
  const auto pem = key.ok() ? crypto::CertificateRequest::Create(*key, "muster-worker")
                            : absl::StatusOr<std::string>(key.status());
  if (!pem.ok()) return OnAnswer(pem.status());
  request.set_certificate_request_pem(*pem);
  parts_.client.Renew(request, [weak = weak_from_this(), &strand = parts_.strand](
                                   absl::StatusOr<v1::RenewResponse> response) mutable {
    strand.Post([weak, response = std::move(response)]() mutable {
      const auto self = weak.lock();
      if (self != nullptr && !self->stopped_) self->OnAnswer(std::move(response));
    });
  });
}

void Renewer::OnAnswer(absl::StatusOr<v1::RenewResponse> response) {
  const absl::Status accepted = response.ok() ? Accept(*response) : response.status();
  if (!accepted.ok()) {
    const absl::Duration wait = backoff_.Next() + absl::Seconds(30);
    log::Warning("certificate not renewed", {{"reason", accepted}, {"retry_in", wait}});
    return Arm(parts_.clock.Now() + wait);
  }
  backoff_.Reset();
  log::Info("certificate renewed", {{"server", identity_.server_id}});
  Arm(std::max(RenewalTime(identity_.certificate_pem), parts_.clock.Now() + absl::Minutes(1)));
  renewed_(identity_);
}

absl::Status Renewer::Accept(const v1::RenewResponse& response) {
  ASSIGN_OR_RETURN(const crypto::PrivateKey key,
                   crypto::PrivateKey::FromPem(identity_.private_key_pem));
  RETURN_IF_ERROR(CheckCertificate(response.certificate_pem(), response.ca_bundle_pem(),
                                   key.public_key(), identity_.zone_pin.zone_id(),
                                   identity_.server_id, parts_.clock.Now()));
  Identity renewed = identity_.Clone();
  renewed.certificate_pem = response.certificate_pem();
  renewed.ca_bundle_pem = response.ca_bundle_pem();
  RETURN_IF_ERROR(store_(renewed));
  identity_ = std::move(renewed);
  return absl::OkStatus();
}

}  // namespace muster::worker
