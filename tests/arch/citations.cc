#include "tests/arch/citations.h"

#include <filesystem>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::arch {
namespace {

namespace fs = std::filesystem;

// The file's words in one line, without the marks that begin comments.
std::string Flow(const SourceFile& file) {
  std::string text;
  for (const std::string& line : file.lines) {
    absl::string_view rest = absl::StripAsciiWhitespace(line);
    for (const char* mark : {"//", "--", "#"}) {
      if (!absl::EndsWith(file.path, ".md") && absl::ConsumePrefix(&rest, mark)) break;
    }
    absl::StrAppend(&text, absl::StripLeadingAsciiWhitespace(rest), " ");
  }
  return text;
}

// The numbers of "4.2 and 4.5, 8" at the beginning of `text`.
std::vector<std::string> NumbersIn(std::string text, const std::string& number) {
  std::vector<std::string> numbers;
  const std::regex next("^(?:,? and |, | to | )?(" + number + ")(?![0-9])");
  for (std::smatch match; std::regex_search(text, match, next);) {
    numbers.push_back(match[1]);
    text = match.suffix();
  }
  return numbers;
}

// Calls `found` with each place where the pattern matches, which begins with the text `hint`.
// Regular expressions are slow: they see only what follows a hint.
void ForEach(const std::string& text, const std::string& hint, const std::string& pattern,
             const std::function<void(const std::smatch&)>& found) {
  const std::regex regex(pattern);
  for (size_t at = text.find(hint); at != std::string::npos; at = text.find(hint, at + 1)) {
    const std::string here = text.substr(at, 200);
    std::smatch match;
    if (std::regex_search(here, match, regex, std::regex_constants::match_continuous)) found(match);
  }
}

std::string After(const std::smatch& match) {
  const std::string rest = match.suffix();
  return rest.substr(0, 80);
}

// The path from the top of what the page `from` links to.
std::string Resolve(const std::string& from, const std::string& link) {
  return (fs::path(from).parent_path() / link).lexically_normal().generic_string();
}

SourceFile Page(const std::string& path) {
  for (SourceFile& file : ReadFiles({"", "docs", "tests", "deploy"}, {".md"})) {
    if (file.path == path) return std::move(file);
  }
  return {path, {}};
}

}  // namespace

std::string AnchorOf(const std::string& heading) {
  std::string anchor;
  absl::string_view text = heading;
  while (absl::ConsumePrefix(&text, "#")) {
  }
  for (const char c : absl::StripAsciiWhitespace(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || byte >= 0x80) {
      anchor.push_back(absl::ascii_tolower(byte));
    } else if (c == ' ') {
      anchor.push_back('-');
    }
  }
  return anchor;
}

Citable CitableOfTheTree() {
  Citable citable;
  std::smatch match;
  for (const std::string& line : Page("docs/certify.md").lines) {
    if (std::regex_search(line, match, std::regex("^##+ ([0-9](?:\\.[0-9])?)\\b"))) {
      citable.sections.insert(match[1]);
    }
    if (std::regex_search(line, match, std::regex("^\\| ([HL]-[0-9]+) \\|"))) {
      citable.rows.insert(match[1]);
    }
  }
  for (const std::string& line : Page("docs/architecture.md").lines) {
    if (std::regex_search(line, match, std::regex("^([0-9]+)\\. \\*\\*"))) {
      citable.invariants.insert(match[1]);
    }
  }
  citable.exists = [](const std::string& path) {
    return fs::exists(fs::path(MUSTER_SOURCE_DIR) / path);
  };
  citable.anchors = [](const std::string& path) {
    std::set<std::string> anchors;
    for (const std::string& line : Page(path).lines) {
      if (absl::StartsWith(line, "#")) anchors.insert(AnchorOf(line));
    }
    return anchors;
  };
  return citable;
}

std::vector<std::string> DeadCitations(const SourceFile& file, const Citable& citable) {
  std::vector<std::string> dead;
  const auto say = [&](const std::string& what) {
    dead.push_back(absl::StrCat(file.path, " cites ", what));
  };
  const std::string text = Flow(file);
  ForEach(text, "certify.md ", "certify\\.md(?= [0-9])", [&](const std::smatch& match) {
    for (const std::string& section : NumbersIn(After(match), "[0-9](?:\\.[0-9])?")) {
      if (!citable.sections.contains(section)) {
        say(absl::StrCat("section ", section, " of certify.md, which it does not have"));
      }
    }
  });
  ForEach(text, "row", "rows?(?= [HL]-[0-9])", [&](const std::smatch& match) {
    for (const std::string& row : NumbersIn(After(match), "[HL]-[0-9]+")) {
      if (!citable.rows.contains(row)) {
        say(absl::StrCat("row ", row, ", which certify.md does not have"));
      }
    }
  });
  ForEach(text, "nvariant", "nvariants?(?= [0-9])", [&](const std::smatch& match) {
    for (const std::string& number : NumbersIn(After(match), "[0-9]+")) {
      if (!citable.invariants.contains(number)) {
        say(absl::StrCat("invariant ", number, ", which architecture.md does not have"));
      }
    }
  });
  ForEach(text, "docs/", "docs/[A-Za-z0-9_/-]+\\.md", [&](const std::smatch& match) {
    if (!citable.exists(match[0])) say(absl::StrCat(match.str(), ", which is no file"));
  });
  if (absl::EndsWith(file.path, ".md")) {
    ForEach(text, "](", "\\]\\(([^)#: ]*)(?:#([^) ]*))?\\)", [&](const std::smatch& match) {
      const std::string path =
          match[1].length() == 0 ? file.path : Resolve(file.path, match.str(1));
      if (!citable.exists(path)) {
        say(absl::StrCat(path, ", which is no file"));
      } else if (match[2].matched && !citable.anchors(path).contains(match.str(2))) {
        say(absl::StrCat("heading #", match.str(2), " of ", path, ", which it does not have"));
      }
    });
  }
  // Pages outside of the tree, which its readers do not have.
  const auto outside = [&](const std::smatch& match) {
    say(absl::StrCat("'", match.str(), "', a page that is not in this tree"));
  };
  ForEach(text, "esign ", "esign \\(?section|esign [0-9]", outside);
  ForEach(text, "ontract ", "ontract (?:section )?[0-9]", outside);
  return dead;
}

}  // namespace muster::arch
