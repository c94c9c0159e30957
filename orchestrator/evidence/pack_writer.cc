#include "orchestrator/evidence/pack_writer.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/archive/tar_file.h"
#include "base/status_macros.h"

namespace muster::evidence {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashPiece = 256 << 10;

// SHA-256 of the first bytes of a file, in hexadecimal.
absl::StatusOr<std::string> HashOfStart(const std::string& path, int64_t bytes) {
  std::ifstream in(path, std::ios::binary);
  crypto::Sha256Stream hash;
  std::string piece;
  while (bytes > 0) {
    piece.resize(static_cast<size_t>(std::min<int64_t>(bytes, kHashPiece)));
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (in.gcount() != static_cast<std::streamsize>(piece.size())) {
      return absl::UnavailableError(absl::StrCat("cannot read ", path));
    }
    hash.Add(piece);
    bytes -= static_cast<int64_t>(piece.size());
  }
  return hash.FinishHex();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PackWriter>> PackWriter::Create(const std::string& folder) {
  std::error_code error;
  if (!fs::create_directory(folder, error)) {
    if (!error) return absl::AlreadyExistsError(absl::StrCat(folder, " exists already"));
    return absl::UnavailableError(absl::StrCat("cannot make ", folder, ": ", error.message()));
  }
  auto writer = absl::WrapUnique(new PackWriter(folder));
  fs::permissions(folder, fs::perms::owner_all, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot close ", folder, ": ", error.message()));
  }
  return writer;
}

PackWriter::~PackWriter() {
  if (out_.is_open()) out_.close();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

// The stream does not say why.
absl::Status PackWriter::Failed() const {
  const std::string text = absl::StrCat("cannot write in ", folder_);
  std::error_code error;
  const auto space = fs::space(folder_, error);
  if (!error && space.available < (1u << 20)) {
    return absl::ResourceExhaustedError(absl::StrCat(text, ": the disk is full"));
  }
  return absl::UnavailableError(text);
}

absl::Status PackWriter::Begin(const std::string& name) {
  files_.push_back({.name = name});
  hash_ = std::make_unique<crypto::Sha256Stream>();
  out_.open(absl::StrCat(folder_, "/", name), std::ios::binary | std::ios::trunc);
  return out_ ? absl::OkStatus() : Failed();
}

absl::Status PackWriter::Put(absl::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out_) return Failed();
  hash_->Add(bytes);
  files_.back().bytes += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status PackWriter::End() {
  out_.close();
  if (!out_) return Failed();
  files_.back().sha256 = hash_->FinishHex();
  return absl::OkStatus();
}

absl::Status PackWriter::Add(const std::string& name, absl::string_view content) {
  RETURN_IF_ERROR(Begin(name));
  RETURN_IF_ERROR(Put(content));
  return End();
}

absl::StatusOr<std::string> PackWriter::Seal(Manifest manifest, const PackKey& key) {
  manifest.key = key.fingerprint();
  manifest.files = files_;
  const std::string path = folder_ + "/pack.tar";
  ASSIGN_OR_RETURN(const auto tar, archive::TarWriter::Create(path));
  RETURN_IF_ERROR(tar->AddBytes(kManifestName, FormatManifest(manifest), manifest.made));
  for (const PackFile& file : files_) {
    const std::string source = absl::StrCat(folder_, "/", file.name);
    RETURN_IF_ERROR(tar->AddFile(file.name, source, manifest.made));
    std::error_code ignored;
    fs::remove(source, ignored);  // Its place is needed once only.
  }
  RETURN_IF_ERROR(tar->AddBytes(kSignatureName, std::string(kBlock, ' '), manifest.made));
  RETURN_IF_ERROR(tar->Close());
  // All that lies before the signature's content is signed, its own header with it.
  std::error_code error;
  const auto size = static_cast<int64_t>(fs::file_size(path, error));
  const int64_t at = size - static_cast<int64_t>(kEnd + kBlock);
  if (error || at <= 0 || size % static_cast<int64_t>(kBlock) != 0) return Failed();
  ASSIGN_OR_RETURN(const std::string sha256, HashOfStart(path, at));
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(SignedText(sha256)));
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(at);
  file << SignatureBlock(signature) << std::flush;
  if (!file) return Failed();
  return path;
}

}  // namespace muster::evidence
