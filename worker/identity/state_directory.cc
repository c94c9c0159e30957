#include "worker/identity/state_directory.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr char kIdentityFile[] = "identity.json";
constexpr char kCertificateFile[] = "certificate.pem";
constexpr char kCaFile[] = "ca.pem";
constexpr char kKeyFile[] = "key.pem";
constexpr char kNextKeyFile[] = "key.next.pem";
constexpr char kTokenFile[] = "token.sha256";
constexpr char kRefusedFile[] = "refused";
constexpr size_t kMostKeyBytes = 64 << 10;
constexpr char kMomentFile[] = "moment";
constexpr char kNonceFile[] = "nonce";
constexpr char kEnrollLock[] = "enroll.lock";

std::string StringAt(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}
bool BoolAt(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

int64_t IntegerAt(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return FailureStatus(FailureCode::kWorkerIdentity, absl::StrCat(path, " ", what));
}

absl::Status RemoveFile(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (!error) return absl::OkStatus();
  return FailureStatus(FailureCode::kSystemDataDir,
                       absl::StrCat(path, " cannot be removed: ", error.message()));
}

absl::StatusOr<std::string> ReadPart(const std::string& path) {
  auto content = ReadWholeFile(path);
  if (!content.ok()) return EnsureCode(content.status(), FailureCode::kWorkerIdentity);
  return content;
}

// NotFound without a code of ours.
absl::StatusOr<Secret> ReadKey(const std::string& path) {
  auto pem = ReadPrivateFile(path, FileReach::kOwnerOnly, kMostKeyBytes);
  if (pem.ok() || absl::IsNotFound(pem.status())) return pem;
  return EnsureCode(pem.status(), FailureCode::kWorkerIdentity);
}

absl::Status WritePart(const std::string& path, absl::string_view content, FileAccess access) {
  return EnsureCode(WriteFileAtomically(path, content, access), FailureCode::kSystemDataDir);
}

}  // namespace

absl::StatusOr<StateDirectory> StateDirectory::Open(const std::string& path) {
  const absl::Status made = MakePrivateDirectory(path);
  if (!made.ok()) return EnsureCode(made, FailureCode::kSystemDataDir);
  // Who can put another identity there sends this server where they like.
  RETURN_IF_ERROR(EnsureCode(CheckOursAlone(path), FailureCode::kSystemDataDir));
  RETURN_IF_ERROR(
      EnsureCode(CheckUnreachableByOthers(path + "/journal.db"), FailureCode::kSystemDataDir));
  return StateDirectory(path);
}

bool StateDirectory::HasIdentity() const {
  return !absl::IsNotFound(ReadWholeFile(File(kIdentityFile)).status());
}

absl::StatusOr<Identity> StateDirectory::LoadIdentity() const {
  const absl::StatusOr<std::string> text = ReadWholeFile(File(kIdentityFile));
  if (absl::IsNotFound(text.status())) {
    return FailureStatus(FailureCode::kWorkerNotEnrolled, absl::StrCat("no identity in ", path_));
  }
  if (!text.ok()) return EnsureCode(text.status(), FailureCode::kWorkerIdentity);
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Damaged(File(kIdentityFile), "is no JSON object");
  Identity identity;
  identity.server_id = ServerId(StringAt(json, "server_id"));
  identity.zone_pin.set_zone_id(StringAt(json, "zone_id"));
  identity.zone_pin.set_hub_url(StringAt(json, "hub_url"));
  identity.zone_pin.set_allow_cli_join(BoolAt(json, "allow_cli_join"));
  identity.zone_pin.set_service_account(StringAt(json, "service_account"));
  identity.zone_pin.set_version(IntegerAt(json, "pin_version"));  // 0: enrolled before they were.
  std::string signature;
  if (absl::Base64Unescape(StringAt(json, "pin_signature"), &signature)) {
    identity.zone_pin.set_signature(std::move(signature));
  }
  identity.session_address = StringAt(json, "session_address");
  identity.admitted = BoolAt(json, "admitted");
  if (identity.server_id.empty() || identity.zone_pin.zone_id().empty() ||
      identity.zone_pin.hub_url().empty() || identity.session_address.empty()) {
    return Damaged(File(kIdentityFile), "lacks a member");
  }
  ASSIGN_OR_RETURN(identity.certificate_pem, ReadPart(File(kCertificateFile)));
  ASSIGN_OR_RETURN(identity.ca_bundle_pem, ReadPart(File(kCaFile)));
  const auto leaf = crypto::Certificate::FromPem(identity.certificate_pem);
  // The next key is in force from the moment that its certificate is there.
  for (const char* file : {kKeyFile, kNextKeyFile}) {
    absl::StatusOr<Secret> pem = ReadKey(File(file));
    if (file == kNextKeyFile && absl::IsNotFound(pem.status())) break;
    if (!pem.ok()) return EnsureCode(pem.status(), FailureCode::kWorkerIdentity);
    identity.private_key_pem = *std::move(pem);
    const auto key = crypto::PrivateKey::FromPem(identity.private_key_pem);
    if (!key.ok()) return Damaged(File(file), "cannot be read");
    if (leaf.ok() && leaf->public_key() == key->public_key()) return identity;
  }
  return Damaged(File(kCertificateFile), "does not fit the key");
}

absl::Status StateDirectory::SaveIdentity(const Identity& identity) const {
  RETURN_IF_ERROR(SaveCertificate(identity.certificate_pem, identity.ca_bundle_pem));
  return SaveIdentityFile(identity);
}

absl::Status StateDirectory::SaveIdentityFile(const Identity& identity) const {
  const nlohmann::json json = {{"server_id", identity.server_id.value()},
                               {"zone_id", identity.zone_pin.zone_id()},
                               {"hub_url", identity.zone_pin.hub_url()},
                               {"allow_cli_join", identity.zone_pin.allow_cli_join()},
                               {"service_account", identity.zone_pin.service_account()},
                               {"pin_version", identity.zone_pin.version()},
                               {"pin_signature", absl::Base64Escape(identity.zone_pin.signature())},
                               {"session_address", identity.session_address},
                               {"admitted", identity.admitted}};
  return WritePart(File(kIdentityFile),
                   json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
                   FileAccess::kEveryoneReads);
}

absl::Status StateDirectory::SaveZonePin(const v1::ZonePin& pin) const {
  ASSIGN_OR_RETURN(Identity identity, LoadIdentity());
  identity.zone_pin = pin;
  return SaveIdentityFile(identity);
}

absl::StatusOr<crypto::PrivateKey> StateDirectory::LoadOrMakeNextKey() const {
  return LoadOrMake(kNextKeyFile);
}

absl::Status StateDirectory::PromoteNextKey() const {
  const absl::StatusOr<Secret> pem = ReadKey(File(kNextKeyFile));
  if (absl::IsNotFound(pem.status())) return absl::OkStatus();
  RETURN_IF_ERROR(pem.status());
  RETURN_IF_ERROR(WritePart(File(kKeyFile), pem->Reveal(), FileAccess::kOwnerOnly));
  return RemoveFile(File(kNextKeyFile));
}

std::string StateDirectory::LoadRefusal() const {
  return ReadWholeFile(File(kRefusedFile)).value_or("");
}

absl::Status StateDirectory::SaveRefusal(absl::string_view why) const {
  return WritePart(File(kRefusedFile), why, FileAccess::kEveryoneReads);
}

std::optional<v1::Moment> StateDirectory::LoadMoment() const {
  const absl::StatusOr<std::string> text = ReadWholeFile(File(kMomentFile));
  if (!text.ok()) return std::nullopt;
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::StripAsciiWhitespace(*text), ' ');
  int64_t event = 0;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &event) || event <= 0 ||
      words[1].size() % 2 != 0 || !std::all_of(words[1].begin(), words[1].end(), [](char c) {
        return absl::ascii_isxdigit(c);
      })) {
    return std::nullopt;
  }
  v1::Moment moment;
  moment.set_event(event);
  moment.set_hash(absl::HexStringToBytes(words[1]));
  return moment;
}

absl::Status StateDirectory::SaveMoment(const v1::Moment& moment) const {
  return WritePart(File(kMomentFile),
                   absl::StrCat(moment.event(), " ", absl::BytesToHexString(moment.hash()), "\n"),
                   FileAccess::kEveryoneReads);
}

std::string StateDirectory::LoadNonce(const ServerId& server) const {
  const absl::StatusOr<std::string> text = ReadWholeFile(File(kNonceFile));
  if (!text.ok()) return "";
  const std::vector<std::string> words = absl::StrSplit(absl::StripAsciiWhitespace(*text), ' ');
  return words.size() == 2 && words[0] == server.value() ? words[1] : "";
}

absl::Status StateDirectory::SaveNonce(const ServerId& server, absl::string_view nonce) const {
  return WritePart(File(kNonceFile), absl::StrCat(server.value(), " ", nonce, "\n"),
                   FileAccess::kOwnerOnly);
}

absl::Status StateDirectory::ClearRefusal() const { return RemoveFile(File(kRefusedFile)); }

std::string StateDirectory::EnrollLockPath() const { return File(kEnrollLock); }

absl::Status StateDirectory::SaveCertificate(const std::string& certificate_pem,
                                             const std::string& ca_bundle_pem) const {
  RETURN_IF_ERROR(WritePart(File(kCaFile), ca_bundle_pem, FileAccess::kEveryoneReads));
  return WritePart(File(kCertificateFile), certificate_pem, FileAccess::kEveryoneReads);
}

absl::StatusOr<crypto::PrivateKey> StateDirectory::LoadOrMakeKey() const {
  return LoadOrMake(kKeyFile);
}

absl::StatusOr<crypto::PrivateKey> StateDirectory::LoadOrMake(const char* file) const {
  const absl::StatusOr<Secret> pem = ReadKey(File(file));
  if (pem.ok()) {
    const auto key = crypto::PrivateKey::FromPem(*pem);
    if (!key.ok()) return Damaged(File(file), "cannot be read");
    return key;
  }
  if (!absl::IsNotFound(pem.status())) return pem.status();
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const Secret text, key.ToPem());
  RETURN_IF_ERROR(WritePart(File(file), text.Reveal(), FileAccess::kOwnerOnly));
  return key;
}

std::string StateDirectory::KeyFingerprint() const { return FingerprintIn(kKeyFile); }
std::string StateDirectory::NextKeyFingerprint() const { return FingerprintIn(kNextKeyFile); }

std::string StateDirectory::FingerprintIn(const char* file) const {
  const absl::StatusOr<Secret> pem = ReadKey(File(file));
  if (!pem.ok()) return "";
  const auto key = crypto::PrivateKey::FromPem(*pem);
  return key.ok() ? key->public_key().Fingerprint() : "";
}

std::string StateDirectory::LoadTokenHash() const {
  return ReadWholeFile(File(kTokenFile)).value_or("");
}

absl::Status StateDirectory::SaveTokenHash(const std::string& hash) const {
  return WritePart(File(kTokenFile), hash, FileAccess::kOwnerOnly);
}

}  // namespace muster::worker
