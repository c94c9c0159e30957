#include "base/crypto/issue.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/openssl.h"
#include "base/status_macros.h"

namespace muster::crypto {
namespace {

absl::Status Failed() { return OpensslError(absl::StatusCode::kInternal, "make a certificate"); }

absl::Status SetSerial(X509* x509, Random& random) {
  std::array<uint8_t, 16> bytes;
  random.Bytes(bytes);
  bytes[0] = static_cast<uint8_t>((bytes[0] & 0x7f) | 0x40);  // Positive, and always 16 bytes.
  const OwnedBignum serial(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  if (serial == nullptr || BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) == nullptr)
    return Failed();
  return absl::OkStatus();
}

absl::Status SetTimes(X509* x509, const CertificateSpec& spec) {
  if (spec.not_after <= spec.not_before) {
    return absl::InvalidArgumentError("a certificate must end after it begins");
  }
  const OwnedTime not_before(ASN1_TIME_set(nullptr, absl::ToTimeT(spec.not_before)));
  const OwnedTime not_after(ASN1_TIME_set(nullptr, absl::ToTimeT(spec.not_after)));
  if (not_before == nullptr || not_after == nullptr ||
      X509_set1_notBefore(x509, not_before.get()) != 1 ||
      X509_set1_notAfter(x509, not_after.get()) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a certificate's times lie between the years 0 and 9999");
  }
  return absl::OkStatus();
}

// Values here are words of ours; names from outside go through AddNames, where no character has a
// meaning.
absl::Status AddExtension(X509* x509, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), x509, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension == nullptr || X509_add_ext(x509, extension.get(), -1) != 1) return Failed();
  return absl::OkStatus();
}

absl::Status AddName(GENERAL_NAMES* names, int type, ASN1_STRING* value) {
  GENERAL_NAME* const name = GENERAL_NAME_new();
  if (name == nullptr || value == nullptr || sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    ASN1_STRING_free(value);
    return Failed();
  }
  GENERAL_NAME_set0_value(name, type, value);
  return absl::OkStatus();
}

absl::Status AddTextNames(GENERAL_NAMES* names, int type, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) {
      return absl::ascii_isgraph(static_cast<unsigned char>(c));
    });
    if (value.empty() || !printable) {
      return absl::InvalidArgumentError(
          "an alternative name must be printable ASCII without spaces, and not empty");
    }
    ASN1_STRING* const text = ASN1_IA5STRING_new();
    if (text != nullptr) ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    RETURN_IF_ERROR(AddName(names, type, text));
  }
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509* x509, const CertificateSpec& spec) {
  const OwnedNames names(sk_GENERAL_NAME_new_null());
  if (names == nullptr) return Failed();
  RETURN_IF_ERROR(AddTextNames(names.get(), GEN_URI, spec.uri_sans));
  RETURN_IF_ERROR(AddTextNames(names.get(), GEN_DNS, spec.dns_sans));
  for (const std::string& address : spec.ip_sans) {
    ASN1_OCTET_STRING* const bytes = a2i_IPADDRESS(address.c_str());
    if (bytes == nullptr) {
      ForgetErrors();
      return absl::InvalidArgumentError(absl::StrCat("not an IP address: ", address));
    }
    RETURN_IF_ERROR(AddName(names.get(), GEN_IPADD, bytes));
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return absl::OkStatus();
  if (X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1)
    return Failed();
  return absl::OkStatus();
}

absl::Status AddExtensions(X509* x509, const X509* issuer, const CertificateSpec& spec) {
  std::string constraints = spec.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
  if (spec.is_ca && spec.path_length.has_value())
    absl::StrAppend(&constraints, ",pathlen:", *spec.path_length);
  RETURN_IF_ERROR(AddExtension(x509, issuer, NID_basic_constraints, constraints));
  RETURN_IF_ERROR(
      AddExtension(x509, issuer, NID_key_usage,
                   spec.is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
  if (spec.server || spec.client) {
    RETURN_IF_ERROR(AddExtension(x509, issuer, NID_ext_key_usage,
                                 spec.server && spec.client ? "serverAuth,clientAuth"
                                 : spec.server              ? "serverAuth"
                                                            : "clientAuth"));
  }
  RETURN_IF_ERROR(AddExtension(x509, issuer, NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always"));
  return AddAlternativeNames(x509, spec);
}

// `issuer` null: self-signed.
absl::StatusOr<Certificate> Make(const Certificate* issuer, const PrivateKey& signer,
                                 const PublicKey& subject, const CertificateSpec& spec,
                                 Random& random) {
  OwnedX509 x509(X509_new());
  if (x509 == nullptr) return Failed();
  const OwnedName name = NameOf(spec.subject_common_name);
  if (name == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a common name has 1 to 64 characters of UTF-8");
  }
  RETURN_IF_ERROR(SetSerial(x509.get(), random));
  RETURN_IF_ERROR(SetTimes(x509.get(), spec));
  const X509_NAME* const issuer_name =
      issuer == nullptr ? name.get() : X509_get_subject_name(issuer->get());
  if (X509_set_version(x509.get(), X509_VERSION_3) != 1 ||
      X509_set_subject_name(x509.get(), name.get()) != 1 ||
      X509_set_issuer_name(x509.get(), issuer_name) != 1 ||
      X509_set_pubkey(x509.get(), subject.get()) != 1) {
    return Failed();
  }
  RETURN_IF_ERROR(AddExtensions(x509.get(), issuer == nullptr ? x509.get() : issuer->get(), spec));
  if (X509_sign(x509.get(), signer.get(), EVP_sha256()) <= 0) return Failed();
  return Certificate::FromX509(std::move(x509));
}

}  // namespace

absl::StatusOr<Certificate> IssueCertificate(const Certificate& issuer,
                                             const PrivateKey& issuer_key, const PublicKey& subject,
                                             const CertificateSpec& spec, Random& random) {
  if (!issuer.is_ca())
    return absl::InvalidArgumentError("the issuer's certificate is not an authority's");
  if (!(issuer.public_key() == issuer_key.public_key())) {
    return absl::InvalidArgumentError(
        "the issuer's private key does not belong to its certificate");
  }
  return Make(&issuer, issuer_key, subject, spec, random);
}

absl::StatusOr<Certificate> SelfSign(const PrivateKey& key, const CertificateSpec& spec,
                                     Random& random) {
  return Make(nullptr, key, key.public_key(), spec, random);
}

}  // namespace muster::crypto
