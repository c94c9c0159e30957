// Files that an operator names on the command line.
#ifndef MUSTER_ORCHESTRATOR_CLI_FILES_H_
#define MUSTER_ORCHESTRATOR_CLI_FILES_H_

#include <fstream>
#include <istream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

// The whole file. InvalidArgument with the path and the reason when it cannot be read or is larger
// than `max_bytes`: the operator named the wrong file.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);
// All of the stream up to `max_bytes`; InvalidArgument when there is more.
absl::StatusOr<std::string> ReadStream(std::istream& in, size_t max_bytes);

// Creates a file that only its owner may read, writes and syncs it. InvalidArgument when the path
// exists already or cannot be created: nothing is overwritten.
absl::Status WritePrivateFile(const std::string& path, absl::string_view content);

// A file that comes in pieces, for its owner alone. Until it is Kept it is called "….part", and is
// gone with this.
class NewFile {
 public:
  // InvalidArgument when `path` exists already or cannot be created.
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  const std::string& part() const { return part_; }
  absl::Status Append(absl::string_view piece);
  // All of it is on the disk; nothing more comes. It may be read at part().
  absl::Status Close();
  // Gives it its name: nothing is overwritten.
  absl::Status Keep();

 private:
  explicit NewFile(const std::string& path) : path_(path), part_(path + ".part") {}

  const std::string path_;
  const std::string part_;
  std::ofstream out_;
};

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_FILES_H_
