#include "orchestrator/app/audit_files.h"

#include <filesystem>
#include <fstream>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/signature.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/file_sync.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxKeyBytes = 16 << 10;
constexpr size_t kKeyIdDigits = 16;

absl::Status MakeFolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error) {
    return FailureStatus(
        FailureCode::kSystemDataDir,
        absl::StrCat("cannot make the directory ", folder.string(), ": ", error.message()));
  }
  if (made) fs::permissions(folder, fs::perms::owner_all, error);
  return absl::OkStatus();
}

absl::StatusOr<crypto::PrivateKey> ReadOrMake(const std::string& path) {
  const absl::StatusOr<Secret> pem = ReadPrivateFile(path, FileReach::kOwnerOnly, kMaxKeyBytes);
  if (pem.ok()) return crypto::PrivateKey::FromPem(*pem);
  if (!absl::IsNotFound(pem.status())) return pem.status();
  RETURN_IF_ERROR(MakeFolderOf(path));
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const Secret fresh, key.ToPem());
  RETURN_IF_ERROR(CreatePrivateFile(path, fresh));
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileAuditKey>> FileAuditKey::LoadOrMake(const std::string& path) {
  absl::StatusOr<crypto::PrivateKey> key = ReadOrMake(path);
  if (!key.ok()) return EnsureCode(Annotate(key.status(), path), FailureCode::kSystemDataDir);
  return absl::WrapUnique(new FileAuditKey(*std::move(key)));
}

FileAuditKey::FileAuditKey(crypto::PrivateKey key)
    : key_(std::move(key)), id_(key_.public_key().Fingerprint().substr(0, kKeyIdDigits)) {}

absl::StatusOr<std::string> FileAuditKey::Sign(absl::string_view text) const {
  return crypto::Sign(key_, text);
}

bool FileAuditKey::HasSigned(absl::string_view text, absl::string_view signature) const {
  return crypto::IsSignatureOf(key_.public_key(), text, signature);
}

absl::StatusOr<std::unique_ptr<FileEvidenceKey>> FileEvidenceKey::LoadOrMake(
    const std::string& path) {
  absl::StatusOr<crypto::PrivateKey> key = ReadOrMake(path);
  if (!key.ok()) return EnsureCode(Annotate(key.status(), path), FailureCode::kSystemDataDir);
  if (!key->public_key().IsP256()) {
    return FailureStatus(FailureCode::kSystemDataDir, path + ": the key is not on P-256");
  }
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator at(fs::path(path).parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    if (absl::StartsWith(at->path().filename().string(), evidence::kMakingPrefix)) {
      left.push_back(at->path());
    }
  }
  for (const fs::path& folder : left) fs::remove_all(folder, error);
  return absl::WrapUnique(new FileEvidenceKey(*std::move(key)));
}

FileEvidenceKey::FileEvidenceKey(crypto::PrivateKey key)
    : key_(std::move(key)),
      fingerprint_(key_.public_key().Fingerprint()),
      public_pem_(key_.public_key().ToPem()) {}

absl::StatusOr<std::string> FileEvidenceKey::Sign(absl::string_view text) const {
  return crypto::Sign(key_, text);
}

void FileHeadBook::Append(std::string line) {
  {
    MutexLock lock(&mu_);
    absl::StrAppend(&pending_, line, "\n");
  }
  executor_.Run([this] { Flush(); });
}

void FileHeadBook::Flush() {
  MutexLock writing(&writing_mu_);
  std::string text;
  {
    MutexLock lock(&mu_);
    text.swap(pending_);
  }
  if (text.empty()) return;
  const absl::Status status = Write(text);
  if (status.ok()) return;
  log::Error("heads of the audit log are not in their book; they are in the database",
             {{"file", path_}, {"error", status}});
  MutexLock lock(&mu_);
  pending_.insert(0, text);
}

absl::Status FileHeadBook::Write(const std::string& text) {
  std::error_code error;
  if (!fs::exists(path_, error)) {
    RETURN_IF_ERROR(MakeFolderOf(path_));
    RETURN_IF_ERROR(CreatePrivateFile(path_, Secret::CopyOf("")));
  }
  {
    std::ofstream file(path_, std::ios::binary | std::ios::app);
    file << text << std::flush;
    if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", path_));
  }
  ASSIGN_OR_RETURN(const auto sync, FileSync::Open(path_));
  return sync->Sync();
}

absl::StatusOr<std::vector<std::string>> FileHeadBook::Read() const {
  std::vector<std::string> lines;
  std::error_code error;
  if (!fs::exists(path_, error)) {
    if (error) return absl::UnavailableError(absl::StrCat(path_, ": ", error.message()));
    return lines;
  }
  // A pipe would be waited for, and a directory's stream throws.
  const bool plain = fs::is_regular_file(path_, error);
  std::ifstream file;
  if (plain) file.open(path_, std::ios::binary);
  if (!plain || !file) {
    return FailureStatus(FailureCode::kSystemDataDir, absl::StrCat("cannot read ", path_));
  }
  // A last line without its end was cut off with the power: its head is in the database.
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

}  // namespace muster::app
