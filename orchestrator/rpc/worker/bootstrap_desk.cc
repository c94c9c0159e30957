#include "orchestrator/rpc/worker/bootstrap_desk.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/rpc/worker/address_limiter.h"
#include "orchestrator/rpc/worker/certificate_issue.h"
#include "orchestrator/rpc/worker/refusal_log.h"

namespace muster::rpc {
namespace {

using muster::worker::v1::EnrollResponse;

constexpr size_t kMaxAskedNameBytes = 255;
constexpr size_t kMaxRequestPemBytes = 16 << 10;
constexpr size_t kHashBytes = 64;

bool IsIpAddress(const std::string& text) {
  in6_addr parsed;
  // A link-local one names its interface: "fe80::1%eth0".
  const std::string address = text.substr(0, text.find('%'));
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

absl::Status CheckForm(const BootstrapAsk& ask) {
  const auto invalid = [](const char* what) {
    return FailureStatus(FailureCode::kRequestInvalid, what);
  };
  if (ask.token_hash.size() != kHashBytes ||
      !std::all_of(ask.token_hash.begin(), ask.token_hash.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
      })) {
    return invalid("the token's hash is none");
  }
  if (ask.server_name.empty() || ask.server_name.size() > kMaxAskedNameBytes) {
    return invalid("the server's name is empty or longer than 255 bytes");
  }
  if (!IsIpAddress(ask.address)) return invalid("the machine's address is none");
  if (ask.certificate_request_pem.size() > kMaxRequestPemBytes) {
    return FailureStatus(FailureCode::kBootstrapBadCsr, "it is longer than 16 KiB");
  }
  return absl::OkStatus();
}

class AnsweringDesk final : public BootstrapDesk {
 public:
  AnsweringDesk(const WorkerServiceDependencies& d, BootstrapOptions options)
      : d_(d),
        options_(std::move(options)),
        limiter_(options_.calls_per_minute, std::max(1.0, options_.calls_per_minute / 4)),
        refusals_(d.clock) {}

  void Ask(BootstrapAsk ask, Done done) override {
    absl::Status refused = CheckForm(ask);
    if (refused.ok() && !ask.checked_key.has_value() &&
        !limiter_.Allow(ask.address, d_.clock.Now())) {
      refused = FailureStatus(FailureCode::kBootstrapRateLimited,
                              absl::StrCat("too many calls from ", ask.address));
    }
    if (!refused.ok()) {
      refusals_.Say(ask.server_name, ask.address, refused);
      return done(refused);
    }
    d_.pool.Run([this, ask = std::move(ask), done = std::move(done)]() mutable {
      Check(std::move(ask), std::move(done));
    });
  }

 private:
  // On the pool.
  void Check(BootstrapAsk ask, Done done) {
    if (!ask.checked_key.has_value()) {
      auto csr = crypto::CertificateRequest::FromPem(ask.certificate_request_pem);
      if (!csr.ok()) {
        const absl::Status refused =
            FailureStatus(FailureCode::kBootstrapBadCsr, csr.status().message());
        refusals_.Say(ask.server_name, ask.address, refused);
        return done(refused);
      }
      ask.checked_key = csr->public_key();
    }
    core::BootstrapRequest asked{.secret_hash = std::move(ask.token_hash),
                                 .server_name = ask.server_name,
                                 .address = ask.address,
                                 .public_key_hash = ask.checked_key->Fingerprint(),
                                 .machine = std::move(ask.machine)};
    d_.admission.Call(
        &core::AdmissionOperations::Bootstrap,
        [this, name = std::move(ask.server_name), address = std::move(ask.address),
         key = *ask.checked_key,
         done = std::move(done)](absl::StatusOr<core::BootstrapGrant> grant) mutable {
          if (!grant.ok()) {
            refusals_.Say(name, address, grant.status());
            return done(grant.status());
          }
          if (!grant->certificate_pem.empty()) {
            return done(ResponseTo(*grant, grant->certificate_pem));
          }
          d_.pool.Run([this, grant = *std::move(grant), key = std::move(key),
                       done = std::move(done)]() mutable {
            Issue(std::move(grant), std::move(key), std::move(done));
          });
        },
        std::move(asked));
  }

  // On the pool.
  void Issue(core::BootstrapGrant grant, crypto::PublicKey key, Done done) {
    const CertificateOrder order{.server_id = grant.server_id,
                                 .zone_id = grant.zone.id,
                                 .token_id = grant.token_id,
                                 .key = std::move(key)};
    IssueAndRecord(d_.authority, d_.admission, d_.clock, order,
                   [this, grant = std::move(grant),
                    done = std::move(done)](absl::StatusOr<std::string> certificate_pem) mutable {
                     if (!certificate_pem.ok()) return done(certificate_pem.status());
                     done(ResponseTo(grant, *std::move(certificate_pem)));
                   });
  }

  EnrollResponse ResponseTo(const core::BootstrapGrant& grant, std::string certificate_pem) const {
    EnrollResponse response;
    response.set_server_id(grant.server_id.value());
    response.set_certificate_pem(std::move(certificate_pem));
    response.set_ca_bundle_pem(d_.authority.bundle_pem());
    *response.mutable_zone_pin() =
        d_.sessions.pins().Signed({grant.zone.id, grant.zone.hub_url, grant.zone.allow_cli_join,
                                   grant.zone.pin_version, grant.zone.service_account});
    response.set_session_address(options_.session_address);
    response.set_admitted(grant.admitted);
    return response;
  }

  const WorkerServiceDependencies d_;
  const BootstrapOptions options_;
  AddressLimiter limiter_;
  RefusalLog refusals_;
};

}  // namespace

std::unique_ptr<BootstrapDesk> MakeBootstrapDesk(const WorkerServiceDependencies& dependencies,
                                                 BootstrapOptions options) {
  return std::make_unique<AnsweringDesk>(dependencies, std::move(options));
}

}  // namespace muster::rpc
