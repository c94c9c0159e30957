#include "orchestrator/cli/csv.h"

#include <utility>

#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace muster::cli {
namespace {

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  CsvText Parse() {
    while (at_ < text_.size()) ReadRecord();
    return std::move(out_);
  }

 private:
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
      if (problem == nullptr && (field.find('\0') != std::string::npos || !IsUtf8(field))) {
        problem = "the row is not UTF-8 text; save the file as \"CSV UTF-8\"";
      }
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
      ++at_;  // The comma.
      if (AtLineEnd()) {
        record.fields.emplace_back();
        break;
      }
    }
    SkipLineEnd();
    out_.records.push_back(std::move(record));
  }

  // Both stop at a comma or a line end and return the problem, null when there is none.
  const char* ReadPlain(std::string& field) {
    while (!AtLineEnd() && text_[at_] != ',') {
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
      } else if (AtLineEnd() || text_[at_] == ',') {
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
  CsvText out_;
};

}  // namespace

CsvText ParseCsv(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  return Parser(text).Parse();
}

}  // namespace muster::cli
