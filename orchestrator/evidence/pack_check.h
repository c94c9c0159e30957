// The check of an evidence pack, offline: what deploy/evidence/verify.sh does, for those who have
// Muster. Written apart from what writes packs; reads nothing but the file.
//
//   one byte changed, anywhere in it    the signature does not fit
//   cut off, or longer                  likewise: the signature is found from the end
//   another file inside, or one less    not what the manifest lists
//   signed by another key               the fingerprint is not the one that was given
//   an earlier pack tells otherwise     its last event is not in this one's chain
#ifndef MUSTER_ORCHESTRATOR_EVIDENCE_PACK_CHECK_H_
#define MUSTER_ORCHESTRATOR_EVIDENCE_PACK_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "orchestrator/evidence/pack_text.h"

namespace muster::evidence {

struct PackVerdict {
  Manifest manifest;                  // Of no meaning when there is a problem.
  std::vector<std::string> problems;  // Whole sentences. Empty: the pack is genuine.
  std::vector<std::string> remarks;   // What was not proven.
  bool good() const { return problems.empty(); }
};

struct CheckPackOptions {
  std::string key;      // The fingerprint that was given out of band; empty: any key is taken.
  std::string earlier;  // A pack of before; empty: none.
};

// NotFound and others as ReadWholeFile for files that cannot be read; what is wrong with a pack is
// in the verdict. Memory is bounded whatever the file holds. Blocks on the disk.
absl::StatusOr<PackVerdict> CheckPack(const std::string& path, const CheckPackOptions& options);

}  // namespace muster::evidence

#endif  // MUSTER_ORCHESTRATOR_EVIDENCE_PACK_CHECK_H_
