// One tar file (POSIX pax), written and read through libarchive. `tar tvf` shows what is in it.
#ifndef MUSTER_BASE_ARCHIVE_TAR_FILE_H_
#define MUSTER_BASE_ARCHIVE_TAR_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct archive;

namespace muster::archive {

// Not thread-safe. All calls block on the disk; an error is ResourceExhausted when it is full and
// Unavailable otherwise, and names the file. After an error the file is of no use.
class TarWriter {
 public:
  // Creates `path` for its owner alone. AlreadyExists when something has that name.
  static absl::StatusOr<std::unique_ptr<TarWriter>> Create(const std::string& path);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  absl::Status AddBytes(const std::string& name, absl::string_view content, absl::Time modified);
  // Streams the file at `source`, which must not change meanwhile.
  absl::Status AddFile(const std::string& name, const std::string& source, absl::Time modified);
  // Everything is on the disk when this returns OK. Once, as the last call.
  absl::Status Close();

 private:
  explicit TarWriter(std::string path) : path_(std::move(path)) {}
  absl::Status Begin(const std::string& name, int64_t size, absl::Time modified);
  absl::Status Put(absl::string_view bytes);
  absl::Status Failed(absl::string_view what) const;

  const std::string path_;
  ::archive* archive_ = nullptr;
};

// One file inside, while it is read.
class TarEntry {
 public:
  TarEntry(::archive* archive, std::string name, int64_t size)
      : archive_(archive), name_(std::move(name)), size_(size) {}
  const std::string& name() const { return name_; }
  int64_t size() const { return size_; }
  // Calls `take` with the content, piece by piece, once through. DataLoss when the tar file ends
  // too early.
  absl::Status Read(const std::function<absl::Status(absl::string_view)>& take);
  // As Read, all of it; InvalidArgument when it is longer than `max_bytes`.
  absl::StatusOr<std::string> ReadAll(size_t max_bytes);

 private:
  ::archive* archive_;
  std::string name_;
  int64_t size_;
};

// Calls `visit` for each plain file, in order; its error ends the walk and is returned. NotFound
// when there is no such file; Unavailable when it cannot be read; DataLoss when it is no tar file,
// is damaged, or holds something else than plain files.
absl::Status ReadTar(const std::string& path, const std::function<absl::Status(TarEntry&)>& visit);

}  // namespace muster::archive

#endif  // MUSTER_BASE_ARCHIVE_TAR_FILE_H_
