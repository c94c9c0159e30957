// What the sources of base/crypto share: owners for OpenSSL's objects, and its errors as text.
// Included by no header but this folder's own sources.
#ifndef MUSTER_BASE_CRYPTO_OPENSSL_H_
#define MUSTER_BASE_CRYPTO_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::crypto {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedBignum = Owned<BIGNUM, BN_free>;
using OwnedCipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedName = Owned<X509_NAME, X509_NAME_free>;
using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using OwnedRequest = Owned<X509_REQ, X509_REQ_free>;
using OwnedTime = Owned<ASN1_TIME, ASN1_TIME_free>;
using OwnedX509 = Owned<X509, X509_free>;

// A status with `context` and what OpenSSL's error queue of this thread says; empties the queue.
// The queue names causes, never content.
absl::Status OpensslError(absl::StatusCode code, absl::string_view context);
// Empties the queue after a failure that is expected.
void ForgetErrors();

// A BIO that reads `bytes`, which must outlive it.
OwnedBio ReadFrom(absl::string_view bytes);
// For all PEM_read_…: without it OpenSSL asks for a password on the terminal, and waits for it, when
// the text says that it is encrypted. Any kind of PEM may say so.
int NoPassword(char*, int, int, void*);
// What was written to a memory BIO.
std::string WrittenTo(BIO* bio);

inline const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* MutableBytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// A name of one entry, the common name. Errors: empty, not UTF-8, or longer than 64 characters.
OwnedName NameOf(const std::string& common_name);
// The first common name, "" if there is none.
std::string CommonNameOf(const X509_NAME* name);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_OPENSSL_H_
