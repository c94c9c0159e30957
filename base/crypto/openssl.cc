#include "base/crypto/openssl.h"

#include <openssl/err.h>

#include "absl/strings/str_cat.h"

namespace muster::crypto {

absl::Status OpensslError(absl::StatusCode code, absl::string_view context) {
  std::string message(context);
  const char* separator = ": ";
  while (const unsigned long error = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(error);
    absl::StrAppend(&message, separator,
                    reason != nullptr ? reason : absl::StrCat("OpenSSL ", error));
    separator = ", ";
  }
  return absl::Status(code, message);
}

void ForgetErrors() { ERR_clear_error(); }

OwnedBio ReadFrom(absl::string_view bytes) {
  return OwnedBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

int NoPassword(char*, int, int, void*) { return -1; }

std::string WrittenTo(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

OwnedName NameOf(const std::string& common_name) {
  OwnedName name(X509_NAME_new());
  if (name == nullptr || common_name.empty() ||
      X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8, Bytes(common_name),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return nullptr;
  }
  return name;
}

std::string CommonNameOf(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) {
    ForgetErrors();
    return "";
  }
  std::string out(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return out;
}

}  // namespace muster::crypto
