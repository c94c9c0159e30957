#include "orchestrator/cli/csv.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "orchestrator/cli/text_encoding.h"

namespace muster::cli {
namespace {

// The separator that the line has most of, outside of quotes; a comma when it has none.
char SeparatorOf(absl::string_view line) {
  constexpr absl::string_view kSeparators = ",;\t|";
  size_t counts[kSeparators.size()] = {};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    const size_t which = kSeparators.find(c);
    if (!quoted && which != absl::string_view::npos) ++counts[which];
  }
  return kSeparators[static_cast<size_t>(std::max_element(counts, counts + kSeparators.size()) -
                                         counts)];
}

bool IsBlank(const CsvRecord& record) {
  return std::all_of(record.fields.begin(), record.fields.end(), [](const std::string& field) {
    return absl::StripAsciiWhitespace(field).empty();
  });
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  CsvText Parse() {
    ReadPreamble();
    while (at_ < text_.size()) ReadRecord();
    return std::move(out_);
  }

 private:
  // What stands before the header, and the separator.
  void ReadPreamble() {
    while (at_ < text_.size()) {
      const absl::string_view line = text_.substr(at_, text_.find_first_of("\r\n", at_) - at_);
      absl::string_view told = line;
      absl::ConsumePrefix(&told, "\"");
      const bool sep = absl::StartsWithIgnoreCase(told, "sep=") && told.size() >= 5;
      if (sep) separator_ = told[4];
      if (!sep && !absl::StartsWith(line, "#TYPE ") && !absl::StripAsciiWhitespace(line).empty()) {
        if (separator_ == '\0') separator_ = SeparatorOf(line);
        return;
      }
      at_ += line.size();
      SkipLineEnd();
    }
  }

  bool AtLineEnd() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  void SkipLineEnd() {
    if (at_ >= text_.size()) return;
    const bool pair = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    at_ += pair ? 2 : 1;
    ++line_;
  }

  void ReadRecord() {
    CsvRecord record{line_, {}};
    if (AtLineEnd()) {
      SkipLineEnd();
      return;
    }
    const size_t begin = at_;
    while (true) {
      std::string field;
      const char* problem = text_[at_] == '"' ? ReadQuoted(field) : ReadPlain(field);
      if (problem != nullptr) {
        out_.problems.push_back({record.line, problem});
        // An open quote may have swallowed the rest of the file: go on behind the record's first
        // line.
        at_ = begin;
        line_ = record.line;
        while (!AtLineEnd()) ++at_;
        SkipLineEnd();
        return;
      }
      record.fields.push_back(std::move(field));
      if (AtLineEnd()) break;
      ++at_;  // The separator.
      if (AtLineEnd()) {
        record.fields.emplace_back();
        break;
      }
    }
    SkipLineEnd();
    if (!IsBlank(record)) out_.records.push_back(std::move(record));
  }

  // Both stop at a separator or a line end and return the problem, null when there is none.
  const char* ReadPlain(std::string& field) {
    while (!AtLineEnd() && text_[at_] != separator_) {
      if (text_[at_] == '"') return "a quote inside a field that does not begin with one";
      field.push_back(text_[at_++]);
    }
    return nullptr;
  }
  const char* ReadQuoted(std::string& field) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\n' || (c == '\r' && (at_ >= text_.size() || text_[at_] != '\n'))) ++line_;
      if (c != '"') {
        field.push_back(c);
      } else if (at_ < text_.size() && text_[at_] == '"') {
        field.push_back('"');
        ++at_;
      } else if (AtLineEnd() || text_[at_] == separator_) {
        return nullptr;
      } else {
        return "text behind a closing quote; a quote inside a quoted field is written twice";
      }
    }
    return "a quoted field that is never closed";
  }

  absl::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  char separator_ = '\0';
  CsvText out_;
};

}  // namespace

CsvText ParseCsv(absl::string_view content) {
  DecodedText decoded = DecodeText(content);
  if (!decoded.problem.empty()) {
    CsvText out;
    out.problems.push_back({decoded.line, std::move(decoded.problem)});
    return out;
  }
  return Parser(decoded.text).Parse();
}

absl::string_view UnguardedCell(absl::string_view cell) {
  if (cell.size() > 1 && cell[0] == '\'' && absl::StrContains("=+@\t\r-", cell[1])) {
    cell.remove_prefix(1);
  }
  return cell;
}

}  // namespace muster::cli
