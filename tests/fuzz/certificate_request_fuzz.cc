// Certificate requests of machines that nobody knows yet: one that is taken is signed by its own
// key, on P-256, and stands the way from there to a certificate that names what we say, not what it
// wishes.
#include <cstdint>

#include "base/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/secure_random.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/identity/identity_uri.h"
#include "tests/fuzz/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using fuzz::Require;
  static const auto& authority = *new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom()));
  const absl::string_view pem = fuzz::TextOf(data, size);
  const auto request = crypto::CertificateRequest::FromPem(pem);
  if (!request.ok()) {
    Require(absl::IsInvalidArgument(request.status()), "a bad request is the caller's fault");
    fuzz::RequireLine(request.status().message(), 500, "why a request is refused");
    return 0;
  }
  Require(size <= 16 << 10, "a long request is refused");
  Require(request->public_key().IsP256(), "other keys are refused");
  Require(request->public_key().Fingerprint().size() == 64, "a key has a fingerprint");
  const ZoneId zone("acme/prod");
  const ServerId server("srv-mzxw6ytboi4dcmrtgq2t");
  const auto certificate = authority.IssueWorker(zone, server, request->public_key());
  Require(certificate.ok(), "what was taken can be certified");
  Require(certificate->public_key() == request->public_key(), "the certificate is of this key");
  Require(certificate->uri_sans() == std::vector{identity::WorkerUri(zone, server)} &&
              certificate->dns_sans().empty() && certificate->ip_sans().empty(),
          "wishes of the request are not granted");
  return 0;
}
