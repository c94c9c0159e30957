// Writes one evidence pack: files by and by into a private folder, then one signed tar file.
//
//   Begin(name) · Put(bytes)… · End()   one file after another, of any size
//   Seal(manifest, key)                 manifest first, the others in their order, signature last
#ifndef MUSTER_ORCHESTRATOR_EVIDENCE_PACK_WRITER_H_
#define MUSTER_ORCHESTRATOR_EVIDENCE_PACK_WRITER_H_

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/digest.h"
#include "orchestrator/evidence/pack_text.h"

namespace muster::evidence {

// Signs packs and nothing else. Made by init, kept apart from the database. Thread-safe, does not
// block.
class PackKey {
 public:
  virtual ~PackKey() = default;
  virtual const std::string& fingerprint() const = 0;  // How customers pin it.
  virtual const std::string& public_pem() const = 0;
  virtual absl::StatusOr<std::string> Sign(absl::string_view text) const = 0;
};

// How the folders begin in which packs are made: what is left of one by a process that was ended
// may be removed.
inline constexpr char kMakingPrefix[] = "making-";

// Used by one thread at a time; all calls block on the disk. ResourceExhausted when it is full,
// Unavailable otherwise.
class PackWriter {
 public:
  // `folder` is made, for its owner alone, and taken away with the writer. AlreadyExists when it is
  // there.
  static absl::StatusOr<std::unique_ptr<PackWriter>> Create(const std::string& folder);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  absl::Status Begin(const std::string& name);
  absl::Status Put(absl::string_view bytes);
  absl::Status End();
  absl::Status Add(const std::string& name, absl::string_view content);
  // Fills in the manifest's key and files. The path of the pack, in the folder. Once, at last.
  absl::StatusOr<std::string> Seal(Manifest manifest, const PackKey& key);

 private:
  explicit PackWriter(std::string folder) : folder_(std::move(folder)) {}
  absl::Status Failed() const;

  const std::string folder_;
  std::ofstream out_;
  std::unique_ptr<crypto::Sha256Stream> hash_;
  std::vector<PackFile> files_;
};

}  // namespace muster::evidence

#endif  // MUSTER_ORCHESTRATOR_EVIDENCE_PACK_WRITER_H_
