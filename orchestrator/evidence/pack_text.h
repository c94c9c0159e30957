// What an evidence pack is made of, as text: the forms that its writer, its check in here and the
// script deploy/evidence/verify.sh agree on. docs/evidence.md describes them.
//
//   manifest.json   about the pack, and each file below with size and SHA-256
//   README.txt · verify.sh · key.pem
//   audit.txt       the tenant's chain: one event a line, each linked to the one before
//   receipts.csv    one server a line, its hash at the end
//   report.…, ….csv the report
//   signature       512 bytes, over every byte of the file before its own content
#ifndef MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TEXT_H_
#define MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::evidence {

inline constexpr char kManifestName[] = "manifest.json";
inline constexpr char kReadmeName[] = "README.txt";
inline constexpr char kScriptName[] = "verify.sh";
inline constexpr char kKeyName[] = "key.pem";
inline constexpr char kEventsName[] = "audit.txt";
inline constexpr char kReceiptsName[] = "receipts.csv";
inline constexpr char kSignatureName[] = "signature";

inline constexpr size_t kBlock = 512;  // Of tar files, and of the signature.
// Behind the signature's content: the end of a tar file.
inline constexpr size_t kEnd = 2 * kBlock;
inline constexpr size_t kLinkBytes = 32;
inline constexpr size_t kMostManifestBytes = 64 << 10;

// "2026-11-28T04:00:00.123456Z": never more or less digits.
std::string MomentText(absl::Time time);
bool ParseMoment(absl::string_view text, absl::Time& time);

// An event of the audit log as the store chains it (store/sqlite/audit_log.h).
struct PackEvent {
  int64_t sequence = 0;
  absl::Time time;
  std::string actor;
  std::string action;
  std::string subject;
  std::string tenant;
  std::string detail;
  std::string link;  // kLinkBytes; empty: written before there were links.
};
// The link of the event behind that link.
std::string LinkOf(absl::string_view before, const PackEvent& event);
// sequence|time|actor|action|subject|tenant|detail|link in hexadecimal, without a line's end. What
// would be mistaken for the form ('|', '\', controls) is an octal escape as printf's %b reads it.
std::string LineOf(const PackEvent& event);
// InvalidArgument for a line that LineOf would not write.
absl::StatusOr<PackEvent> ParseEvent(absl::string_view line);

// The row of receipts.csv: its fields, quoted, and the SHA-256 of what stands before the last comma.
std::string ReceiptLine(const std::vector<std::string>& fields);
bool IsReceiptLine(absl::string_view line);
std::string ReceiptHeader();

struct PackFile {
  std::string name;
  int64_t bytes = 0;
  std::string sha256;  // In hexadecimal.
};
struct Manifest {
  std::string tenant;
  absl::Time since;
  absl::Time made;
  std::string taken_by;  // "operator:opr-…"
  std::string muster_version;
  std::string orchestrator;  // Fingerprint of its certificate authority.
  std::string key;           // Fingerprint of the key that signs.
  int64_t events = 0;
  int64_t events_without_link = 0;  // The first of them: written before there were links.
  int64_t first_event = 0;          // Sequences; 0: there is no event.
  int64_t last_event = 0;
  std::string link_before;  // In hexadecimal, as `link`: of the event before the first,
  std::string link;         // and of the last.
  int64_t receipts = 0;
  std::vector<PackFile> files;  // In the order of the tar file, which begins with the manifest.
};
// JSON, one thing a line, always the same bytes for the same manifest.
std::string FormatManifest(const Manifest& manifest);
// InvalidArgument for a text that FormatManifest would not write.
absl::StatusOr<Manifest> ParseManifest(absl::string_view text);

// What the key signs: `sha256` in hexadecimal, of the file up to the signature's content.
std::string SignedText(absl::string_view sha256);
// kBlock bytes that hold the signature; empty when it is too long.
std::string SignatureBlock(absl::string_view signature);
// InvalidArgument for a block that SignatureBlock would not write.
absl::StatusOr<std::string> ParseSignatureBlock(absl::string_view block);

// The text of deploy/evidence/verify.sh, and of README.txt.
absl::string_view PackText(absl::string_view name);

}  // namespace muster::evidence

#endif  // MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TEXT_H_
