#include "base/crypto/sealing.h"

#include "absl/strings/str_cat.h"
#include "base/crypto/openssl.h"
#include "base/status_macros.h"

namespace muster::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + kNonceBytes;

absl::Status CheckKey(const Secret& key) {
  if (key.size() == kSealingKeyBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a sealing key has ", kSealingKeyBytes, " bytes, this one ", key.size()));
}

std::span<uint8_t> Span(std::string& text) { return {MutableBytes(text), text.size()}; }

}  // namespace

Secret GenerateSealingKey(Random& random) {
  std::string bytes(kSealingKeyBytes, '\0');
  random.Bytes(Span(bytes));
  return Secret::Take(std::move(bytes));
}

std::string AssociatedData(std::initializer_list<absl::string_view> parts) {
  std::string out;
  for (const absl::string_view part : parts) absl::StrAppend(&out, part.size(), ":", part);
  return out;
}

absl::StatusOr<SealedBlob> Seal(const Secret& key, const Secret& plaintext,
                                absl::string_view associated_data, Random& random) {
  RETURN_IF_ERROR(CheckKey(key));
  std::string nonce(kNonceBytes, '\0');
  random.Bytes(Span(nonce));
  SealedBlob blob{absl::StrCat(absl::string_view(&kVersion, 1), nonce)};
  blob.bytes.resize(kHeaderBytes + plaintext.size() + kTagBytes);
  unsigned char* const out = MutableBytes(blob.bytes);
  const OwnedCipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool sealed =
      context != nullptr &&
      EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key.Reveal()), out + 1,
                          nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, out, 1) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(associated_data),
                        static_cast<int>(associated_data.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), out + kHeaderBytes, &size, Bytes(plaintext.Reveal()),
                        static_cast<int>(plaintext.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), out + kHeaderBytes + plaintext.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                          out + kHeaderBytes + plaintext.size()) == 1;
  if (!sealed) return OpensslError(absl::StatusCode::kInternal, "seal a secret");
  return blob;
}

absl::StatusOr<Secret> Open(const Secret& key, const SealedBlob& blob,
                            absl::string_view associated_data) {
  RETURN_IF_ERROR(CheckKey(key));
  if (blob.bytes.size() < kHeaderBytes + kTagBytes || blob.bytes[0] != kVersion) {
    return absl::InvalidArgumentError("not a sealed secret, or one of a newer program");
  }
  const unsigned char* const in = Bytes(blob.bytes);
  const size_t text_size = blob.bytes.size() - kHeaderBytes - kTagBytes;
  std::string tag = blob.bytes.substr(kHeaderBytes + text_size);
  std::string text(text_size, '\0');
  const OwnedCipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool opened =
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key.Reveal()), in + 1, nullptr) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, in, 1) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(associated_data),
                        static_cast<int>(associated_data.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), MutableBytes(text), &size, in + kHeaderBytes,
                        static_cast<int>(text_size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), MutableBytes(text) + text_size, &size) == 1;
  if (opened) return Secret::Take(std::move(text));
  Wipe(text);
  ForgetErrors();
  return absl::FailedPreconditionError(
      "the sealed secret does not open: it was sealed with another master key, belongs to another "
      "owner, or was altered");
}

}  // namespace muster::crypto
