// Trust anchors as operators hand them in: a file of certificates in PEM form, and nothing else
// that could be a mistake.
#ifndef MUSTER_BASE_CRYPTO_TRUST_ANCHORS_H_
#define MUSTER_BASE_CRYPTO_TRUST_ANCHORS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/certificate.h"

namespace muster::crypto {

// All certificates of the text, at least one. InvalidArgument with the reason and its line: no
// text at all, a private key (which does not belong into other hands), another kind of block, a
// block that is damaged or not closed, base64 outside of any block, binary (DER) content. Lines of
// plain text between the blocks are comments, as certificate bundles have them (RFC 7468).
absl::StatusOr<std::vector<Certificate>> TrustAnchorsFromPem(absl::string_view pem);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_TRUST_ANCHORS_H_
