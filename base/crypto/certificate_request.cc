#include "base/crypto/certificate_request.h"

#include <openssl/pem.h>

#include "absl/strings/match.h"
#include "base/crypto/openssl.h"

namespace muster::crypto {
namespace {

constexpr size_t kMaxRequestBytes = 16 << 10;

// Whether the key is written in the one way that ours are: the curve by its name, the point in full.
// Another way would be another fingerprint of the same key, and a curve that is written out may be a
// false one.
bool IsPlainP256(const X509_REQ* request) {
  constexpr absl::string_view kBeforePoint(
      "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"       // EC public key
      "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",  // P-256; not compressed
      27);
  constexpr size_t kPointBytes = 64;
  unsigned char* der = nullptr;
  // The cast: OpenSSL's getter takes no const, and changes nothing.
  const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(const_cast<X509_REQ*>(request)), &der);
  if (size <= 0) {
    ForgetErrors();
    return false;
  }
  const absl::string_view written(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  const bool plain = written.size() == kBeforePoint.size() + kPointBytes &&
                     absl::StartsWith(written, kBeforePoint);
  OPENSSL_free(der);
  return plain;
}

}  // namespace

absl::StatusOr<std::string> CertificateRequest::Create(const PrivateKey& key,
                                                       const std::string& common_name) {
  const OwnedName name = NameOf(common_name);
  if (name == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a common name has 1 to 64 characters of UTF-8");
  }
  const OwnedRequest request(X509_REQ_new());
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (request == nullptr || bio == nullptr ||
      X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_subject_name(request.get(), name.get()) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "make a certificate request");
  }
  return WrittenTo(bio.get());
}

absl::StatusOr<CertificateRequest> CertificateRequest::FromPem(absl::string_view pem) {
  if (pem.size() > kMaxRequestBytes)
    return absl::InvalidArgumentError("certificate request larger than 16 KiB");
  const OwnedBio bio = ReadFrom(pem);
  const OwnedRequest request(PEM_read_bio_X509_REQ(bio.get(), nullptr, NoPassword, nullptr));
  if (request == nullptr)
    return OpensslError(absl::StatusCode::kInvalidArgument, "no certificate request in PEM form");
  PublicKey key{std::shared_ptr<EVP_PKEY>(X509_REQ_get_pubkey(request.get()), EVP_PKEY_free)};
  if (key.get() == nullptr || !key.IsP256() || !IsPlainP256(request.get())) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "the key of a certificate request must be EC on P-256, named so");
  }
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "the certificate request is not signed by its own key");
  }
  return CertificateRequest(CommonNameOf(X509_REQ_get_subject_name(request.get())), std::move(key));
}

}  // namespace muster::crypto
