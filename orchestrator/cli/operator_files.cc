#include "orchestrator/cli/operator_files.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxKeyBytes = 64 << 10;

std::string In(const std::string& directory, const char* name) {
  return (std::filesystem::path(directory) / name).string();
}

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The operator named what cannot be used.
absl::Status AsUsage(const absl::Status& status) {
  return status.ok() ? status : absl::InvalidArgumentError(status.message());
}

absl::StatusOr<crypto::PrivateKey> ReadKey(const std::string& path) {
  const auto pem = ReadPrivateFile(path, FileReach::kAny, kMaxKeyBytes);
  if (!pem.ok()) return AsUsage(pem.status());
  auto key = crypto::PrivateKey::FromPem(*pem);
  if (key.ok()) return key;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " holds no private key; name another directory"));
}

absl::StatusOr<crypto::PrivateKey> MakeKey(const std::string& path) {
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  RETURN_IF_ERROR(AsUsage(CreatePrivateFile(path, pem)));
  return key;
}

absl::Status Replace(const std::string& path, absl::string_view content) {
  return AsUsage(WriteFileAtomically(path, content, FileAccess::kOwnerOnly));
}

// Whether the certificate at `path` is for this key; false without one.
bool Fits(const std::string& path, const crypto::PublicKey& key) {
  const auto pem = ReadWholeFile(path);
  const auto certificate = crypto::Certificate::FromPem(pem.ok() ? *pem : "");
  return certificate.ok() && certificate->public_key() == key;
}

}  // namespace

absl::StatusOr<crypto::PrivateKey> KeepOperatorKey(const std::string& directory) {
  RETURN_IF_ERROR(AsUsage(MakePrivateDirectory(directory)));
  const std::string path = In(directory, "operator.key");
  return IsThere(path) ? ReadKey(path) : MakeKey(path);
}

absl::StatusOr<crypto::PrivateKey> KeepNewOperatorKey(const std::string& directory) {
  if (IsThere(In(directory, "operator.crt"))) {
    return absl::InvalidArgumentError(absl::StrCat(
        directory, " holds an operator's certificate already; name another directory with --out"));
  }
  return KeepOperatorKey(directory);
}

absl::StatusOr<std::string> MakeRequest(const crypto::PrivateKey& key) {
  return crypto::CertificateRequest::Create(key, "muster operator");
}

absl::Status InstallCredentials(const std::string& directory, const CredentialFiles& files) {
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(files.certificate_pem));
  RETURN_IF_ERROR(AsUsage(MakePrivateDirectory(directory)));
  const std::string key_path = In(directory, "operator.key");
  const std::string path = In(directory, "operator.crt");
  if (IsThere(key_path)) {
    ASSIGN_OR_RETURN(const auto key, ReadKey(key_path));
    if (!(key.public_key() == certificate.public_key())) {
      return absl::InvalidArgumentError(
          absl::StrCat(key_path,
                       " is not the key that this certificate was asked for with; name another "
                       "directory with --out"));
    }
  } else if (IsThere(path) && !Fits(path, certificate.public_key())) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is of another operator or key; name another directory with --out"));
  }
  RETURN_IF_ERROR(Replace(In(directory, "ca.crt"), files.ca_bundle_pem));
  if (!files.address.empty()) {
    RETURN_IF_ERROR(Replace(In(directory, "address"), absl::StrCat(files.address, "\n")));
  }
  return Replace(path, files.certificate_pem);
}

absl::StatusOr<crypto::PrivateKey> MakeNextKey(const std::string& directory) {
  const std::string path = In(directory, "operator.key.new");
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return MakeKey(path);
}

absl::Status InstallNextKey(const std::string& directory, const CredentialFiles& files) {
  RETURN_IF_ERROR(Replace(In(directory, "ca.crt"), files.ca_bundle_pem));
  RETURN_IF_ERROR(Replace(In(directory, "operator.crt.new"), files.certificate_pem));
  for (const char* name : {"operator.key", "operator.crt"}) {
    std::error_code error;
    const std::string path = In(directory, name);
    std::filesystem::rename(path + ".new", path, error);
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat("cannot replace ", path, ": ", error.message(),
                                                     "; rename ", path, ".new to it"));
    }
  }
  return absl::OkStatus();
}

bool FinishNewKey(const std::string& directory) {
  const auto key = ReadKey(In(directory, "operator.key"));
  const std::string path = In(directory, "operator.crt");
  if (!key.ok() || !Fits(path + ".new", key->public_key())) return false;
  std::error_code error;
  std::filesystem::rename(path + ".new", path, error);
  return !error;
}

}  // namespace muster::cli
