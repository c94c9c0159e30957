#include "orchestrator/core/audit/head_text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

using store::AuditHead;

constexpr size_t kHeadFields = 7;
constexpr size_t kHashBytes = 32;

bool FromHex(absl::string_view hex, std::string& bytes) {
  if (hex.size() % 2 != 0 || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return false;
  }
  bytes = absl::HexStringToBytes(hex);
  return true;
}

// All but the signature. The first words keep what is signed here apart from all else that the key
// could ever sign.
std::string SignedTextOf(const AuditHead& head) {
  return absl::StrCat(store::ToString(head.kind), " ", head.sequence, " ",
                      absl::BytesToHexString(head.hash), " ", absl::ToUnixMicros(head.time), " ",
                      head.before, " ", head.key_id);
}

std::string ToSign(const AuditHead& head) {
  return absl::StrCat("muster audit head 1: ", SignedTextOf(head));
}

}  // namespace

std::string LineOf(const AuditHead& head) {
  return absl::StrCat(SignedTextOf(head), " ", absl::BytesToHexString(head.signature));
}

absl::StatusOr<AuditHead> ParseHead(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipWhitespace());
  AuditHead head;
  int64_t micros = 0;
  if (fields.size() == kHeadFields && store::FromString(fields[0], head.kind) &&
      absl::SimpleAtoi(fields[1], &head.sequence) && head.sequence > 0 &&
      FromHex(fields[2], head.hash) && head.hash.size() == kHashBytes &&
      absl::SimpleAtoi(fields[3], &micros) && absl::SimpleAtoi(fields[4], &head.before) &&
      FromHex(fields[6], head.signature)) {
    head.time = absl::FromUnixMicros(micros);
    head.key_id = std::string(fields[5].data(), fields[5].size());
    return head;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", line.substr(0, 60), "\" is no head of an audit log"));
}

absl::Status SignHead(const AuditKey& key, AuditHead& head) {
  head.key_id = key.id();
  ASSIGN_OR_RETURN(head.signature, key.Sign(ToSign(head)));
  return absl::OkStatus();
}

bool IsSigned(const AuditKey& key, const AuditHead& head) {
  return head.key_id == key.id() && key.HasSigned(ToSign(head), head.signature);
}

}  // namespace muster::core
