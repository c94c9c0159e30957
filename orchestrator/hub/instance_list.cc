#include "orchestrator/hub/instance_list.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/slow_record_reader.h"

namespace muster::hub {
namespace {

constexpr char kHubProgram[] = "Certify Management Hub";
// What is parsed at a time: it stays in the processor's cache.
constexpr size_t kBatchBytes = 64 << 10;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The characters that Scan stops at outside of texts.
constexpr std::array<bool, 256> kStructural = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '{', '[', '}', ']', ','}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// What stands at the beginning of a JSON text that is no list.
const char* NameOfStart(char c) {
  switch (c) {
    case '{':
      return "a JSON object";
    case '"':
      return "a single text";
    case 'n':
      return "null";
    case 't':
    case 'f':
      return "a single value";
    default:
      return c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c)) ? "a number" : nullptr;
  }
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

void ReadRecord(simdjson::dom::object record, RecordBuilder& builder) {
  builder.Begin();
  for (const simdjson::dom::key_value_pair member : record) {
    const InstanceField field = builder.Name(View(member.key));
    if (field == InstanceField::kUnknown) continue;
    if (std::string_view text; member.value.get(text) == simdjson::SUCCESS) {
      builder.Text(field, View(text));
    } else if (bool truth = false; member.value.get(truth) == simdjson::SUCCESS) {
      builder.Truth(field, truth);
    }
  }
  builder.End();
}

// Its memory, some bytes for each byte of a batch, is one for all lists that a thread reads.
simdjson::dom::parser& Parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

}  // namespace

InstanceListReader::InstanceListReader(Keep keep, InstanceListLimits limits)
    : keep_(std::move(keep)), limits_(limits) {}

bool InstanceListReader::Write(absl::string_view piece) {
  while (!piece.empty()) {
    switch (state_) {
      case State::kFailed:
        return false;
      case State::kBefore:
      case State::kNoList: {
        // As much as tells what it is.
        if (buffer_.empty()) {
          const absl::string_view rest = absl::StripLeadingAsciiWhitespace(piece);
          offset_ += piece.size() - rest.size();
          piece = rest;
          if (piece.empty()) return true;
        }
        buffer_.push_back(piece[0]);
        piece.remove_prefix(1);
        if (!Begin()) return false;
        break;
      }
      case State::kAfter: {
        const absl::string_view rest = absl::StripLeadingAsciiWhitespace(piece);
        offset_ += piece.size() - rest.size();
        if (!rest.empty()) return Fail(Broken(offset_));
        return true;
      }
      case State::kRecords: {
        const absl::string_view next = piece.substr(0, kBatchBytes);
        piece.remove_prefix(next.size());
        buffer_.append(next.data(), next.size());
        if (!Scan()) return false;
        break;
      }
    }
  }
  return state_ != State::kFailed;
}

// Looks at the first bytes that are no blanks.
bool InstanceListReader::Begin() {
  if (state_ == State::kBefore) {
    if (buffer_ == kByteOrderMark) {
      offset_ += buffer_.size();
      buffer_.clear();
      return true;
    }
    if (absl::StartsWith(kByteOrderMark, buffer_)) return true;
    if (buffer_ == "[") {
      state_ = State::kRecords;
      scanned_ = 1;
      depth_ = 1;
      return true;
    }
    state_ = State::kNoList;
  }
  if (absl::ascii_isspace(static_cast<unsigned char>(buffer_.back())) && SaysNothing()) {
    buffer_.pop_back();
    return true;
  }
  return absl::StartsWith("null", buffer_);
}

bool InstanceListReader::SaysNothing() const {
  if (state_ == State::kBefore) return buffer_.empty();
  return state_ == State::kNoList && absl::StripTrailingAsciiWhitespace(buffer_) == "null";
}

bool InstanceListReader::Scan() {
  while (scanned_ < buffer_.size()) {
    if (in_string_) {
      const void* const found =
          std::memchr(buffer_.data() + scanned_, '"', buffer_.size() - scanned_);
      if (found == nullptr) {
        scanned_ = buffer_.size();
        break;
      }
      const auto quote = static_cast<size_t>(static_cast<const char*>(found) - buffer_.data());
      size_t plain = quote;  // Behind it only backslashes.
      while (plain > string_ + 1 && buffer_[plain - 1] == '\\') --plain;
      in_string_ = (quote - plain) % 2 != 0;
      scanned_ = quote + 1;
      continue;
    }
    size_t at = scanned_;
    while (at < buffer_.size() && !kStructural[static_cast<unsigned char>(buffer_[at])]) ++at;
    scanned_ = at;
    if (at == buffer_.size()) break;
    switch (buffer_[at]) {
      case '"':
        in_string_ = true;
        string_ = at;
        break;
      case '{':
      case '[':
        ++depth_;
        break;
      case ',':
        if (depth_ == 1) comma_ = at;
        break;
      default:
        if (--depth_ > 0) break;
        const bool bracket = buffer_[at] == ']';
        if (!ReadBatch(at)) return false;
        if (!bracket) return Fail(Broken(offset_));
        // ReadBatch made the bracket the buffer's first byte.
        const std::string rest = buffer_.substr(1);
        ++offset_;
        state_ = State::kAfter;
        return Write(rest);
    }
    ++scanned_;
  }
  if (comma_ > 0 && buffer_.size() >= kBatchBytes && !ReadBatch(comma_)) return false;
  if (buffer_.size() - comma_ > limits_.record_bytes) {
    return Fail(absl::ResourceExhaustedError(
        absl::StrCat("one record of the list is larger than ", limits_.record_bytes, " bytes")));
  }
  return true;
}

bool InstanceListReader::ReadBatch(size_t end) {
  const bool last = buffer_[end] == ']' || buffer_[end] == '}';
  buffer_[end] = ']';
  buffer_.reserve(end + 1 + simdjson::SIMDJSON_PADDING);
  simdjson::dom::array array;
  size_t elements = 0;
  if (Parser().parse(buffer_.data(), end + 1, false).get(array) == simdjson::SUCCESS) {
    for (const simdjson::dom::element element : array) {
      ++elements;
      if (simdjson::dom::object record; element.get(record) == simdjson::SUCCESS) {
        ReadRecord(record, builder_);
      } else {
        builder_.Skip();
      }
    }
  } else {
    if (!ReadSlowly(absl::string_view(buffer_).substr(0, end + 1))) return false;
    elements = 1;  // The strict parser takes the empty list, too.
  }
  // A comma without a record at one of its sides.
  if (elements == 0 && (any_batch_ || !last)) return Fail(Broken(offset_ + end));
  any_batch_ = true;
  if (builder_.records() > limits_.records) {
    return Fail(absl::ResourceExhaustedError(
        absl::StrCat("the list has more than ", limits_.records, " records")));
  }
  if (const size_t bytes = builder_.bytes(); bytes > kept_) {
    if (keep_ && !keep_(bytes - kept_)) return Fail(absl::ResourceExhaustedError(""));
    kept_ = bytes;
  }
  buffer_.erase(0, end);
  buffer_[0] = '[';
  offset_ += end;
  scanned_ = scanned_ > end ? scanned_ - end : 1;
  string_ -= std::min(string_, end);
  comma_ = 0;
  return true;
}

bool InstanceListReader::ReadSlowly(absl::string_view array) {
  const std::optional<size_t> error = ReadRecordsSlowly(MendTexts(array), builder_);
  if (!error.has_value()) return true;
  // Where it breaks is told by the bytes as they came.
  RecordBuilder unused;
  return Fail(Broken(offset_ + ReadRecordsSlowly(array, unused).value_or(*error)));
}

absl::Status InstanceListReader::Broken(uint64_t position) const {
  return absl::InvalidArgumentError(absl::StrCat("it is no JSON from byte ", position, " on"));
}

bool InstanceListReader::Fail(absl::Status status) {
  failure_ = std::move(status);
  state_ = State::kFailed;
  std::string().swap(buffer_);
  return false;
}

absl::StatusOr<InstanceList> InstanceListReader::Finish() {
  switch (state_) {
    case State::kFailed:
      return failure_;
    case State::kAfter:
      return builder_.Finish();
    case State::kBefore:
      if (buffer_.empty()) return absl::InvalidArgumentError("it is empty");
      return Broken(offset_);
    case State::kNoList:
      if (buffer_[0] == '<') return absl::InvalidArgumentError("it is HTML or XML, not JSON");
      if (const char* const seen = NameOfStart(buffer_[0])) {
        return absl::InvalidArgumentError(absl::StrCat("it is ", seen, ", not a list"));
      }
      return Broken(offset_);
    case State::kRecords:
      break;
  }
  RecordBuilder unused;
  const size_t error = ReadRecordsSlowly(buffer_, unused).value_or(buffer_.size());
  if (error < buffer_.size()) return Broken(offset_ + error);
  return absl::InvalidArgumentError(
      absl::StrCat("the JSON breaks off after ", offset_ + buffer_.size(), " bytes"));
}

absl::StatusOr<InstanceList> ParseInstanceList(absl::string_view json) {
  InstanceListReader reader;
  reader.Write(json);
  return reader.Finish();
}

std::string RemoveOwnInstance(absl::string_view own_id, std::vector<core::HubInstance>& instances) {
  const std::string id = absl::AsciiStrToLower(own_id);
  std::string removed;
  std::erase_if(instances, [&](const core::HubInstance& instance) {
    const bool named = !id.empty() && instance.id.value() == id;
    if (!named && !absl::EqualsIgnoreCase(instance.client_name.str(), kHubProgram)) return false;
    if (removed.empty() || named) removed = instance.id.value();
    return true;
  });
  return removed;
}

}  // namespace muster::hub
