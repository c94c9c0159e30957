#include "base/crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/crypto/digest.h"
#include "base/crypto/openssl.h"
#include "base/status_macros.h"

namespace muster::crypto {
namespace {

// The certificates in it belong to others.
void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

std::optional<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return absl::FromCivil(absl::CivilSecond(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                           parts.tm_hour, parts.tm_min, parts.tm_sec),
                         absl::UTCTimeZone());
}

absl::string_view View(const ASN1_STRING* text) {
  return absl::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<size_t>(ASN1_STRING_length(text)));
}

// A name with a NUL or a line break inside would be cut or split by whoever prints or compares it.
bool IsClean(absl::string_view name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

std::string IpText(absl::string_view bytes) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() == 4) return absl::StrCat(byte(0), ".", byte(1), ".", byte(2), ".", byte(3));
  std::vector<std::string> groups;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2)
    groups.push_back(absl::StrCat(absl::Hex(byte(i) << 8 | byte(i + 1))));
  return absl::StrJoin(groups, ":");
}

}  // namespace

struct Certificate::Content {
  std::shared_ptr<X509> x509;
  std::string subject;
  std::string issuer;
  std::vector<std::string> uris;
  std::vector<std::string> dns;
  std::vector<std::string> ips;
  std::string serial;
  absl::Time not_before;
  absl::Time not_after;
  std::shared_ptr<EVP_PKEY> key;
};

absl::StatusOr<Certificate> Certificate::FromX509(std::shared_ptr<X509> certificate) {
  auto content = std::make_shared<Content>();
  X509* const x509 = certificate.get();
  content->subject = CommonNameOf(X509_get_subject_name(x509));
  content->issuer = CommonNameOf(X509_get_issuer_name(x509));
  bool clean = IsClean(content->subject) && IsClean(content->issuer);

  int critical = 0;
  const OwnedNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr && critical != -1) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "certificate with a malformed subject alternative name");
  }
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* const value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type == GEN_URI) {
      content->uris.emplace_back(View(value));
      clean = clean && IsClean(View(value));
    } else if (type == GEN_DNS) {
      content->dns.emplace_back(View(value));
      clean = clean && IsClean(View(value));
    } else if (type == GEN_IPADD) {
      content->ips.push_back(IpText(View(value)));
    }
  }
  if (!clean) return absl::InvalidArgumentError("certificate with control characters in its names");

  const OwnedBignum serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  const std::optional<absl::Time> not_before = TimeOf(X509_get0_notBefore(x509));
  const std::optional<absl::Time> not_after = TimeOf(X509_get0_notAfter(x509));
  content->key = std::shared_ptr<EVP_PKEY>(X509_get_pubkey(x509), EVP_PKEY_free);
  if (serial == nullptr || !not_before || !not_after || content->key == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "certificate with a malformed serial, time or key");
  }
  std::string bytes(static_cast<size_t>(BN_num_bytes(serial.get())), '\0');
  BN_bn2bin(serial.get(), MutableBytes(bytes));
  content->serial = absl::BytesToHexString(bytes);
  content->not_before = *not_before;
  content->not_after = *not_after;
  content->x509 = std::move(certificate);
  return Certificate(std::move(content));
}

absl::StatusOr<Certificate> Certificate::FromPem(absl::string_view pem) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> all, BundleFromPem(pem));
  return all.front();
}

absl::StatusOr<std::vector<Certificate>> Certificate::BundleFromPem(absl::string_view pem) {
  const OwnedBio bio = ReadFrom(pem);
  std::vector<Certificate> out;
  while (OwnedX509 x509{PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)}) {
    ASSIGN_OR_RETURN(Certificate certificate, FromX509(std::move(x509)));
    out.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end || out.empty()) {
    return OpensslError(
        absl::StatusCode::kInvalidArgument,
        out.empty() ? "no certificate in PEM form" : "malformed certificate in the bundle");
  }
  ForgetErrors();
  return out;
}

std::string Certificate::ToPem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), get()) != 1) {
    ForgetErrors();
    return "";
  }
  return WrittenTo(bio.get());
}

std::string Certificate::subject_common_name() const { return content_->subject; }
std::string Certificate::issuer_common_name() const { return content_->issuer; }
const std::vector<std::string>& Certificate::uri_sans() const { return content_->uris; }
const std::vector<std::string>& Certificate::dns_sans() const { return content_->dns; }
const std::vector<std::string>& Certificate::ip_sans() const { return content_->ips; }
std::string Certificate::serial_hex() const { return content_->serial; }
absl::Time Certificate::not_before() const { return content_->not_before; }
absl::Time Certificate::not_after() const { return content_->not_after; }
bool Certificate::is_ca() const { return X509_check_ca(get()) == 1; }
PublicKey Certificate::public_key() const { return PublicKey(content_->key); }
X509* Certificate::get() const { return content_->x509.get(); }

std::string Certificate::Fingerprint() const {
  std::string digest(32, '\0');
  if (X509_digest(get(), EVP_sha256(), MutableBytes(digest), nullptr) != 1) {
    ForgetErrors();
    return "";
  }
  return absl::BytesToHexString(digest);
}

absl::Status VerifyChain(const Certificate& leaf, std::span<const Certificate> intermediates,
                         std::span<const Certificate> anchors, absl::Time now, Purpose purpose) {
  const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const Owned<STACK_OF(X509), FreeStack> chain(sk_X509_new_null());
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  bool ready = store != nullptr && chain != nullptr && context != nullptr;
  for (const Certificate& anchor : anchors)
    ready = ready && X509_STORE_add_cert(store.get(), anchor.get()) == 1;
  for (const Certificate& between : intermediates)
    ready = ready && sk_X509_push(chain.get(), between.get()) > 0;
  if (!ready || X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), chain.get()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "verify a certificate");
  }
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(now));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  if (purpose != Purpose::kAny) {
    X509_VERIFY_PARAM_set_purpose(parameters, purpose == Purpose::kServer
                                                  ? X509_PURPOSE_SSL_SERVER
                                                  : X509_PURPOSE_SSL_CLIENT);
  }
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  ForgetErrors();
  return absl::UnauthenticatedError(absl::StrCat("certificate of \"",
                                                 absl::CHexEscape(leaf.subject_common_name()),
                                                 "\": ", X509_verify_cert_error_string(error)));
}

}  // namespace muster::crypto
