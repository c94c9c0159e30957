#include "orchestrator/secrets/master_key.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/sealing.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/private_file.h"

namespace muster::secrets {
namespace {

constexpr size_t kMaxFileBytes = 4096;

absl::Status Unusable(absl::string_view detail) {
  return FailureStatus(FailureCode::kKeyMaster, detail);
}

std::optional<std::string> LookUp(const MasterKeyPlaces& places, const std::string& name) {
  if (places.environment) return places.environment(name);
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::make_optional<std::string>(value);
}

absl::StatusOr<MasterKey> Decode(const Secret& text, std::string source) {
  if (text.size() == crypto::kSealingKeyBytes) return MasterKey{text.Clone(), std::move(source)};
  std::string bytes;
  const bool decoded = absl::Base64Unescape(absl::StripAsciiWhitespace(text.Reveal()), &bytes);
  Secret key = Secret::Take(std::move(bytes));
  if (!decoded || key.size() != crypto::kSealingKeyBytes) {
    return Unusable(absl::StrCat(source,
                                 " does not hold a master key, which is the base64 text of ",
                                 crypto::kSealingKeyBytes, " bytes"));
  }
  return MasterKey{std::move(key), std::move(source)};
}

}  // namespace

absl::StatusOr<MasterKey> LoadMasterKey(const MasterKeyPlaces& places) {
  if (const auto directory = LookUp(places, "CREDENTIALS_DIRECTORY")) {
    const std::string path = absl::StrCat(*directory, "/", kMasterKeyCredential);
    const absl::StatusOr<Secret> text = ReadPrivateFile(path, FileReach::kAny, kMaxFileBytes);
    if (text.ok()) return Decode(*text, absl::StrCat("systemd credential ", kMasterKeyCredential));
    if (!absl::IsNotFound(text.status())) return Unusable(text.status().message());
  }
  if (auto value = LookUp(places, kMasterKeyVariable)) {
    return Decode(Secret::Take(*std::move(value)),
                  absl::StrCat("environment variable ", kMasterKeyVariable));
  }
  if (places.file.empty()) {
    return Unusable(absl::StrCat("there is neither a systemd credential ", kMasterKeyCredential,
                                 " nor a variable ", kMasterKeyVariable));
  }
  const absl::StatusOr<Secret> text =
      ReadPrivateFile(places.file, FileReach::kOwnerOnly, kMaxFileBytes);
  if (!text.ok()) return Unusable(text.status().message());
  return Decode(*text, absl::StrCat("file ", places.file));
}

absl::Status CreateMasterKeyFile(const std::string& file, Random& random) {
  const Secret key = crypto::GenerateSealingKey(random);
  std::string text = absl::Base64Escape(key.Reveal());
  text += '\n';
  return CreatePrivateFile(file, Secret::Take(std::move(text)));
}

}  // namespace muster::secrets
