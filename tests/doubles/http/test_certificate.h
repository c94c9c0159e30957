// Self-signed certificates for TLS listeners of the doubles: good, expired or for another name.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_TEST_CERTIFICATE_H_
#define MUSTER_TESTS_DOUBLES_HTTP_TEST_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace muster::doubles {

struct TestCertificate {
  std::string certificate_pem;  // its own trust anchor
  std::string key_pem;
};

// P-256, valid from `not_before` to `not_after` for `name`, which is a DNS name or an IP address
// (also written as subject alternative name).
absl::StatusOr<TestCertificate> MakeTestCertificate(
    absl::string_view name, absl::Time not_before = absl::Now() - absl::Hours(1),
    absl::Time not_after = absl::Now() + absl::Hours(24 * 30));

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_TEST_CERTIFICATE_H_
