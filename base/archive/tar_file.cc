#include "base/archive/tar_file.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/platform/file_sync.h"
#include "base/platform/private_file.h"
#include "base/secret.h"
#include "base/status_macros.h"

namespace muster::archive {
namespace {

constexpr size_t kPiece = 1 << 20;

absl::Status OfErrno(int number, const std::string& text) {
  const std::string message = absl::StrCat(text, ": ", std::strerror(number));
  if (number == ENOENT) return absl::NotFoundError(message);
  if (number == EEXIST) return absl::AlreadyExistsError(message);
  if (number == ENOSPC || number == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::UnavailableError(message);
}

std::string ErrorOf(::archive* archive) {
  const char* text = archive_error_string(archive);
  return text == nullptr ? "damaged" : text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TarWriter>> TarWriter::Create(const std::string& path) {
  RETURN_IF_ERROR(CreatePrivateFile(path, Secret()));
  auto writer = absl::WrapUnique(new TarWriter(path));
  writer->archive_ = archive_write_new();
  if (writer->archive_ == nullptr ||
      archive_write_set_format_pax_restricted(writer->archive_) != ARCHIVE_OK ||
      archive_write_open_filename(writer->archive_, path.c_str()) != ARCHIVE_OK) {
    return writer->Failed("cannot begin");
  }
  return writer;
}

TarWriter::~TarWriter() {
  if (archive_ != nullptr) archive_write_free(archive_);
}

absl::Status TarWriter::Failed(absl::string_view what) const {
  const int number = archive_ == nullptr ? 0 : archive_errno(archive_);
  if (number > 0) return OfErrno(number, absl::StrCat(what, " ", path_));
  return absl::UnavailableError(
      absl::StrCat(what, " ", path_, ": ", archive_ == nullptr ? "no memory" : ErrorOf(archive_)));
}

absl::Status TarWriter::Begin(const std::string& name, int64_t size, absl::Time modified) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), size);
  archive_entry_set_mtime(entry.get(), absl::ToUnixSeconds(modified), 0);
  if (archive_write_header(archive_, entry.get()) != ARCHIVE_OK) return Failed("cannot write");
  return absl::OkStatus();
}

absl::Status TarWriter::Put(absl::string_view bytes) {
  while (!bytes.empty()) {
    const la_ssize_t put = archive_write_data(archive_, bytes.data(), bytes.size());
    if (put <= 0) return Failed("cannot write");
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status TarWriter::AddBytes(const std::string& name, absl::string_view content,
                                 absl::Time modified) {
  RETURN_IF_ERROR(Begin(name, static_cast<int64_t>(content.size()), modified));
  return Put(content);
}

absl::Status TarWriter::AddFile(const std::string& name, const std::string& source,
                                absl::Time modified) {
  std::ifstream in(source, std::ios::binary | std::ios::ate);
  const auto size = static_cast<int64_t>(in.tellg());
  if (!in || size < 0) return absl::UnavailableError(absl::StrCat("cannot read ", source));
  in.seekg(0);
  RETURN_IF_ERROR(Begin(name, size, modified));
  std::vector<char> piece(kPiece);
  for (int64_t left = size; left > 0;) {
    in.read(piece.data(), static_cast<std::streamsize>(std::min<int64_t>(left, kPiece)));
    const auto got = in.gcount();
    if (got <= 0) return absl::UnavailableError(absl::StrCat("cannot read ", source));
    RETURN_IF_ERROR(Put(absl::string_view(piece.data(), static_cast<size_t>(got))));
    left -= got;
  }
  return absl::OkStatus();
}

absl::Status TarWriter::Close() {
  if (archive_write_close(archive_) != ARCHIVE_OK) return Failed("cannot write");
  ASSIGN_OR_RETURN(const auto sync, FileSync::Open(path_));
  return sync->Sync();
}

absl::Status TarEntry::Read(const std::function<absl::Status(absl::string_view)>& take) {
  std::vector<char> piece(kPiece);
  int64_t read = 0;
  while (true) {
    const la_ssize_t got = archive_read_data(archive_, piece.data(), piece.size());
    if (got < 0) return absl::DataLossError(absl::StrCat(name_, ": ", ErrorOf(archive_)));
    if (got == 0) break;
    read += got;
    RETURN_IF_ERROR(take(absl::string_view(piece.data(), static_cast<size_t>(got))));
  }
  if (read == size_) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(name_, " has ", read, " of ", size_, " bytes"));
}

absl::StatusOr<std::string> TarEntry::ReadAll(size_t max_bytes) {
  if (size_ > static_cast<int64_t>(max_bytes)) {
    return absl::InvalidArgumentError(absl::StrCat(name_, " is larger than ", max_bytes, " bytes"));
  }
  std::string content;
  RETURN_IF_ERROR(Read([&content](absl::string_view piece) {
    content.append(piece.data(), piece.size());
    return absl::OkStatus();
  }));
  return content;
}

absl::Status ReadTar(const std::string& path, const std::function<absl::Status(TarEntry&)>& visit) {
  const std::unique_ptr<::archive, int (*)(::archive*)> reader(archive_read_new(),
                                                               archive_read_free);
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kPiece) != ARCHIVE_OK) {
    const int number = archive_errno(reader.get());
    // EILSEQ is libarchive's own word for a format that it does not recognize.
    if (number <= 0 || number == EILSEQ) {
      return absl::DataLossError(absl::StrCat(path, ": ", ErrorOf(reader.get())));
    }
    return OfErrno(number, absl::StrCat("cannot open ", path));
  }
  while (true) {
    archive_entry* found = nullptr;
    const int result = archive_read_next_header(reader.get(), &found);
    if (result == ARCHIVE_EOF) return absl::OkStatus();
    if (result != ARCHIVE_OK) {
      return absl::DataLossError(absl::StrCat(path, ": ", ErrorOf(reader.get())));
    }
    const char* name = archive_entry_pathname(found);
    if (name == nullptr || archive_entry_filetype(found) != AE_IFREG) {
      return absl::DataLossError(absl::StrCat(path, " holds something that is no plain file"));
    }
    TarEntry entry(reader.get(), name, archive_entry_size(found));
    RETURN_IF_ERROR(visit(entry));
  }
}

}  // namespace muster::archive
