// Certificates of peers, of token files and of a hub's authority: what can be read is read the same
// again, its names are one line, and nobody's but our authority's are ours.
#include <cstdint>

#include "base/clock.h"
#include "base/crypto/certificate.h"
#include "base/crypto/secure_random.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/identity/identity_uri.h"
#include "tests/fuzz/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using fuzz::Require;
  static const auto& ours = *new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom()));
  static const auto& anchors =
      *new std::vector<crypto::Certificate>{*crypto::Certificate::FromPem(ours.bundle_pem())};
  const auto bundle = crypto::Certificate::BundleFromPem(fuzz::TextOf(data, size));
  if (!bundle.ok()) {
    Require(absl::IsInvalidArgument(bundle.status()), "a bad bundle is the caller's fault");
    fuzz::RequireLine(bundle.status().message(), 1000, "why a certificate is refused");
    return 0;
  }
  Require(!bundle->empty(), "a bundle has a certificate");
  for (const crypto::Certificate& certificate : *bundle) {
    for (const auto* names : {&certificate.uri_sans(), &certificate.dns_sans()}) {
      for (const std::string& name : *names) {
        for (const char c : name) {
          Require(!absl::ascii_iscntrl(static_cast<unsigned char>(c)), "names are one line");
        }
        if (const auto worker = identity::ParseWorkerUri(name)) {
          Require(identity::WorkerUri(worker->zone_id, worker->server_id) == name,
                  "one spelling names a worker");
        }
        if (const auto op = identity::ParseOperatorUri(name)) {
          Require(identity::OperatorUri(*op) == name, "one spelling names an operator");
        }
      }
    }
    fuzz::RequireLine(certificate.subject_common_name(), size, "a common name");
    Require(certificate.serial_hex().size() % 2 == 0, "a serial has whole bytes");
    const auto again = crypto::Certificate::FromPem(certificate.ToPem());
    Require(again.ok() && again->Fingerprint() == certificate.Fingerprint() &&
                again->serial_hex() == certificate.serial_hex() &&
                again->not_after() == certificate.not_after() &&
                again->uri_sans() == certificate.uri_sans(),
            "what is written is read the same");
    static_cast<void>(certificate.is_ca());
    const absl::Status chain = crypto::VerifyChain(certificate, *bundle, anchors,
                                                   SystemClock().Now(), crypto::Purpose::kClient);
    Require(absl::IsUnauthenticated(chain), "no stranger's certificate is ours");
    fuzz::RequireText(chain.message(), size * 4 + 500, "why a chain does not hold");
  }
  return 0;
}
