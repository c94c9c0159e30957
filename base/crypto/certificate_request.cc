#include "base/crypto/certificate_request.h"

#include <openssl/pem.h>

#include "base/crypto/openssl.h"

namespace muster::crypto {
namespace {

constexpr size_t kMaxRequestBytes = 16 << 10;

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
  if (key.get() == nullptr || !key.IsP256()) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "the key of a certificate request must be EC on P-256");
  }
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "the certificate request is not signed by its own key");
  }
  return CertificateRequest(CommonNameOf(X509_REQ_get_subject_name(request.get())), std::move(key));
}

}  // namespace muster::crypto
