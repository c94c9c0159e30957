#include "base/crypto/tls_look.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/key.h"

namespace muster::crypto {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Connection = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

constexpr unsigned int kNapMilliseconds = 20;
constexpr unsigned char kHttp2[] = {2, 'h', '2'};

// OpenSSL's reasons for alerts that it received are their numbers, moved by this much.
int AlertOf(unsigned long error) {  // NOLINT(google-runtime-int): OpenSSL's type.
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET) return 0;
  return reason - SSL_AD_REASON_OFFSET;
}

int TakeAlert() {
  int alert = 0;
  while (const unsigned long error = ERR_get_error()) {  // NOLINT(google-runtime-int)
    if (alert == 0) alert = AlertOf(error);
  }
  return alert;
}

bool ShowCertificate(SSL_CTX* context, const TlsLookOptions& options) {
  const auto certificate = Certificate::FromPem(options.certificate_pem);
  if (!certificate.ok()) return false;
  const auto key = PrivateKey::FromPem(options.private_key_pem);
  return key.ok() && SSL_CTX_use_certificate(context, certificate->get()) == 1 &&
         SSL_CTX_use_PrivateKey(context, key->get()) == 1;
}

enum class Outcome { kDone, kFailed, kCut, kTimeout };

// Repeats `step` (what SSL_connect or SSL_read return) until it is done, fails, the connection
// is cut by a reset, or time is over.
template <typename Step>
Outcome RunStep(SSL* ssl, BIO* bio, absl::Duration timeout, Step step) {
  const std::time_t deadline = std::time(nullptr) + absl::ToInt64Seconds(timeout);
  while (true) {
    errno = 0;
    const int result = step();
    const int error = errno;
    if (result > 0) return Outcome::kDone;
    const int why = SSL_get_error(ssl, result);
    if (why == SSL_ERROR_SYSCALL && error != 0) return Outcome::kCut;
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return Outcome::kFailed;
    if (BIO_wait(bio, deadline, kNapMilliseconds) <= 0) return Outcome::kTimeout;
  }
}

std::vector<Certificate> ChainOf(const SSL* ssl) {
  std::vector<Certificate> chain;
  const STACK_OF(X509)* const shown = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    X509* const one = sk_X509_value(shown, i);
    X509_up_ref(one);
    auto certificate = Certificate::FromX509(std::shared_ptr<X509>(one, &X509_free));
    if (!certificate.ok()) break;
    chain.push_back(*std::move(certificate));
  }
  return chain;
}

}  // namespace

absl::StatusOr<TlsLook> LookAtTlsPeer(const TlsLookOptions& options) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr) return absl::InternalError("no TLS");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  if (!options.certificate_pem.empty() && !ShowCertificate(context.get(), options)) {
    ERR_clear_error();
    return absl::InvalidArgumentError("certificate and key cannot be shown");
  }
  const Connection bio(BIO_new_ssl_connect(context.get()), &BIO_free_all);
  SSL* ssl = nullptr;
  if (bio == nullptr || BIO_get_ssl(bio.get(), &ssl) <= 0 || ssl == nullptr) {
    return absl::InternalError("no TLS");
  }
  BIO* const connect = BIO_next(bio.get());
  BIO_set_conn_hostname(connect, options.address.c_str());
  BIO_set_nbio(connect, 1);
  SSL_set_tlsext_host_name(ssl, options.server_name.c_str());
  if (BIO_do_connect_retry(connect, static_cast<int>(absl::ToInt64Seconds(options.timeout)),
                           kNapMilliseconds) != 1) {
    ERR_clear_error();
    return absl::UnavailableError(absl::StrCat("nobody answers at ", options.address));
  }
  TlsLook look;
  const Outcome shaken = RunStep(ssl, connect, options.timeout, [ssl] { return SSL_connect(ssl); });
  look.chain = ChainOf(ssl);
  // Under TLS 1.3 what the peer thinks of a client's certificate comes after the handshake.
  if (shaken == Outcome::kDone) {
    char first = 0;
    look.ended = RunStep(ssl, connect, options.timeout,
                         [ssl, &first] { return SSL_read(ssl, &first, 1); }) == Outcome::kFailed;
  }
  look.alert = TakeAlert();
  return look;
}

}  // namespace muster::crypto
