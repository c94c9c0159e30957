#include "orchestrator/hub/slow_record_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace muster::hub {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Takes the parser's events. Depth 1 is the list, depth 2 a record, what is deeper is skipped.
class RecordEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit RecordEvents(RecordBuilder& builder) : builder_(builder) {}

  bool null() override { return Other(); }
  bool boolean(bool value) override {
    if (depth_ == 2 && in_record_) builder_.Truth(field_, value);
    return Other();
  }
  bool number_integer(number_integer_t) override { return Other(); }
  bool number_unsigned(number_unsigned_t) override { return Other(); }
  bool number_float(number_float_t, const string_t&) override { return Other(); }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_record_) builder_.Text(field_, value);
    return Other();
  }
  bool binary(binary_t&) override { return Other(); }
  bool start_object(size_t) override {
    if (++depth_ == 2) {
      in_record_ = true;
      builder_.Begin();
    }
    field_ = InstanceField::kUnknown;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 2) field_ = builder_.Name(name);
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && in_record_) {
      in_record_ = false;
      builder_.End();
    }
    field_ = InstanceField::kUnknown;
    return true;
  }
  bool start_array(size_t) override {
    if (depth_++ == 1) builder_.Skip();
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    error = std::max<size_t>(position, 1) - 1;  // It counts the byte itself.
    return false;
  }

  size_t error = 0;  // Byte where it is no JSON any more.

 private:
  bool Other() {
    if (depth_ == 1) builder_.Skip();
    return true;
  }

  RecordBuilder& builder_;
  int depth_ = 0;
  bool in_record_ = false;  // Else depth 2 is an array inside the list.
  InstanceField field_ = InstanceField::kUnknown;
};

// The UTF-16 unit of the \uXXXX that `json` begins with; -1 when there is none.
int UnitAt(absl::string_view json) {
  if (json.size() < 6 || json[0] != '\\' || json[1] != 'u') return -1;
  int unit = 0;
  for (const char digit : json.substr(2, 4)) {
    const auto c = static_cast<unsigned char>(digit);
    if (!absl::ascii_isxdigit(c)) return -1;
    unit = unit * 16 + (absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10);
  }
  return unit;
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

std::string MendTexts(absl::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false;
  const auto keep = [&](size_t size) {
    absl::StrAppend(&out, json.substr(0, size));
    json.remove_prefix(std::min(size, json.size()));
  };
  while (!json.empty()) {
    const char c = json[0];
    if (const size_t length = Utf8Length(json); length == 0) {
      absl::StrAppend(&out, kReplacement);
      json.remove_prefix(1);
    } else if (length > 1) {
      keep(length);
    } else if (in_string && static_cast<unsigned char>(c) < 0x20) {
      out.push_back(' ');
      json.remove_prefix(1);
    } else if (!in_string || c != '\\') {
      if (c == '"') in_string = !in_string;
      keep(1);
    } else if (const int unit = UnitAt(json); IsHigh(unit) && IsLow(UnitAt(json.substr(6)))) {
      keep(12);
    } else if (IsHigh(unit) || IsLow(unit)) {
      absl::StrAppend(&out, "\\uFFFD");
      json.remove_prefix(6);
    } else {
      // The escaped character; one that is no ASCII is looked at for itself.
      keep(json.size() > 1 && absl::ascii_isprint(static_cast<unsigned char>(json[1])) ? 2 : 1);
    }
  }
  return out;
}

std::optional<size_t> ReadRecordsSlowly(absl::string_view array, RecordBuilder& builder) {
  RecordEvents events(builder);
  if (nlohmann::json::sax_parse(array.data(), array.data() + array.size(), &events)) {
    return std::nullopt;
  }
  return std::min(events.error, array.size());
}

}  // namespace muster::hub
