// Reads a hub's instance list, whatever version wrote it (certify.md 4.4 and 8). Pure.
//
//   shape      told by                                     written by
//   kFull      connectionStatus, internalInstanceId or so  /internal/v1/hub/instances, 2025 and on
//   kSummary   displayTitle and no more than a summary     /api/v1/hub/instances, 2026
//   kLegacy    neither                                     /api/v1/hub/instances, 2024: only
//                                                          instances that are connected
//
// Unknown fields are skipped, a field of an unexpected type counts as missing, and only the id must
// be there. requestAuthSecretHash, a secret, is never kept. Texts are kept as HubText, ids as HubId
// (foreign_text.h).
#ifndef MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_
#define MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/hub/instance_record.h"

namespace muster::hub {

struct InstanceListLimits {
  size_t record_bytes = 256 << 10;  // Of one record as the hub writes it.
  size_t records = 250'000;
};

// Takes a list piece by piece as it comes and keeps its records only: some hundred bytes of each,
// and at most one batch of what is not read yet. Not thread-safe.
//
//   pieces ─► text of whole records, 64 KiB or so ─► simdjson ─► records
//                                                      └ no: mended and read again, slowly, by the
//                                                        reader that says where it breaks
class InstanceListReader {
 public:
  // Asked before the memory of further records is taken for good; false when it may not be.
  using Keep = std::function<bool(size_t bytes)>;

  explicit InstanceListReader(Keep keep = nullptr, InstanceListLimits limits = {});

  // False when there is no use in more: Finish says why.
  bool Write(absl::string_view piece);
  // The list has ended. InvalidArgument when it was no JSON array; the message says what was seen
  // instead and where it broke, never a byte of it. ResourceExhausted when it was beyond a limit,
  // with the limit; when it was `keep` that refused, with an empty message. Once.
  absl::StatusOr<InstanceList> Finish();

  // Nothing came but blanks or null.
  bool SaysNothing() const;

 private:
  enum class State { kBefore, kRecords, kAfter, kNoList, kFailed };

  bool Begin();
  bool Scan();
  // Reads what stands before `end`, where a comma or the closing bracket is.
  bool ReadBatch(size_t end);
  bool Fail(absl::Status status);
  // Reads the batch that ends before `end` with the slow reader.
  bool ReadSlowly(absl::string_view array);
  absl::Status Broken(uint64_t position) const;

  const Keep keep_;
  const InstanceListLimits limits_;
  State state_ = State::kBefore;
  absl::Status failure_;
  RecordBuilder builder_;
  // kRecords: '[', then what is not read yet.
  std::string buffer_;
  uint64_t offset_ = 0;  // Of buffer_'s first byte in the list.
  size_t scanned_ = 0;   // Of buffer_.
  size_t comma_ = 0;     // The last one between two records; 0: none in buffer_.
  size_t string_ = 0;    // Where the text begins that scanned_ is in.
  bool in_string_ = false;
  uint64_t depth_ = 0;  // 1: between records.
  bool any_batch_ = false;
  size_t kept_ = 0;  // Bytes that `keep` allowed.
};

// The whole list at once.
absl::StatusOr<InstanceList> ParseInstanceList(absl::string_view json);

// Takes the hub's own instance out: the record with this id (may be empty: not known), and records
// of the program "Certify Management Hub". The id of the one that was there, or "": the hub lists
// itself to everyone who may see the whole list.
std::string RemoveOwnInstance(absl::string_view own_id, std::vector<core::HubInstance>& instances);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_
