#include "orchestrator/cli/server_file.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/ids.h"
#include "orchestrator/cli/csv.h"

namespace muster::cli {
namespace {

using admin::v1::RowProblem;
using admin::v1::ServerRow;

constexpr size_t kMaxColumns = 1000;
constexpr size_t kMaxNameLength = 253;
constexpr size_t kMaxLabelKeyLength = 63;
constexpr size_t kMaxLabelValueLength = 255;

bool HasControl(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

// Why the text cannot be a server's name; empty when it can.
std::string NameProblem(absl::string_view name) {
  if (name.empty()) return "name is empty";
  if (name.size() > kMaxNameLength) {
    return absl::StrCat("name is longer than ", kMaxNameLength, " bytes");
  }
  const bool bad = std::any_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c)) || c == '/' || c == '*' || c == ',';
  });
  if (bad || HasControl(name)) {
    return absl::StrCat("name '", name, "' holds a space, '/', '*', ',' or a control character");
  }
  return "";
}

std::string LabelProblem(absl::string_view key, absl::string_view value) {
  if (key.empty()) return "a label without a key";
  const bool bad = std::any_of(key.begin(), key.end(), [](char c) {
    return !absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' &&
           c != '.' && c != '/';
  });
  if (bad || key.size() > kMaxLabelKeyLength) {
    return absl::StrCat("label key '", key, "' is not 1 to ", kMaxLabelKeyLength,
                        " letters, digits, '-', '_', '.' or '/'");
  }
  if (value.size() > kMaxLabelValueLength || HasControl(value)) {
    return absl::StrCat("the value of label '", key, "' is longer than ", kMaxLabelValueLength,
                        " bytes or holds control characters");
  }
  return "";
}

// What the columns of the file mean.
struct Header {
  enum class Kind { kTenant, kZone, kName, kLabels, kLabel };
  struct Column {
    Kind kind;
    std::string key;  // Of kLabel.
  };
  std::vector<Column> columns;
  std::vector<std::string> problems;
};

Header ReadHeader(const CsvRecord& record) {
  Header header;
  if (record.fields.size() > kMaxColumns) {
    header.problems.push_back(absl::StrCat("the header has ", record.fields.size(),
                                           " columns; more than ", kMaxColumns,
                                           " is no list of servers"));
    return header;
  }
  absl::flat_hash_map<std::string, int> seen;
  for (const std::string& field : record.fields) {
    const std::string name(absl::StripAsciiWhitespace(field));
    absl::string_view key = name;
    if (++seen[name] == 2) header.problems.push_back(absl::StrCat("column '", name, "' twice"));
    if (name == "tenant") {
      header.columns.push_back({Header::Kind::kTenant, ""});
    } else if (name == "zone") {
      header.columns.push_back({Header::Kind::kZone, ""});
    } else if (name == "name") {
      header.columns.push_back({Header::Kind::kName, ""});
    } else if (name == "labels") {
      header.columns.push_back({Header::Kind::kLabels, ""});
    } else if (absl::ConsumePrefix(&key, "label:")) {
      const std::string problem = LabelProblem(key, "");
      if (!problem.empty()) header.problems.push_back(problem);
      header.columns.push_back({Header::Kind::kLabel, std::string(key)});
    } else if (record.fields.size() == 1 && name.find_first_of(";\t") != std::string::npos) {
      header.problems.emplace_back("the columns are separated by something else than commas");
      return header;
    } else {
      header.problems.push_back(absl::StrCat(
          "unknown column '", name, "'; known are tenant, zone, name, labels and label:KEY"));
    }
  }
  for (const char* required : {"tenant", "zone", "name"}) {
    if (!seen.contains(required)) {
      header.problems.push_back(absl::StrCat("column '", required, "' is missing"));
    }
  }
  return header;
}

void AddLabel(absl::string_view key, absl::string_view value, ServerRow& row,
              std::vector<std::string>& problems) {
  std::string problem = LabelProblem(key, value);
  if (problem.empty() &&
      !row.mutable_labels()->insert({std::string(key), std::string(value)}).second) {
    problem = absl::StrCat("label '", key, "' is given twice");
  }
  if (!problem.empty()) problems.push_back(std::move(problem));
}

void AddLabels(absl::string_view cell, ServerRow& row, std::vector<std::string>& problems) {
  for (absl::string_view part : absl::StrSplit(cell, ';', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> label =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (part.find('=') == absl::string_view::npos) {
      problems.push_back(absl::StrCat("labels: '", absl::StripAsciiWhitespace(part),
                                      "' is not KEY=VALUE; separate labels by ';'"));
    } else {
      AddLabel(absl::StripAsciiWhitespace(label.first), absl::StripAsciiWhitespace(label.second),
               row, problems);
    }
  }
}

ServerRow ReadRow(const CsvRecord& record, const Header& header,
                  std::vector<std::string>& problems) {
  ServerRow row;
  row.set_line(record.line);
  for (size_t i = 0; i < header.columns.size(); ++i) {
    const absl::string_view cell = absl::StripAsciiWhitespace(record.fields[i]);
    const Header::Column& column = header.columns[i];
    switch (column.kind) {
      case Header::Kind::kTenant:
        row.set_tenant_id(std::string(cell));
        break;
      case Header::Kind::kZone:
        row.set_zone(std::string(cell));
        break;
      case Header::Kind::kName:
        row.set_name(std::string(cell));
        break;
      case Header::Kind::kLabels:
        AddLabels(cell, row, problems);
        break;
      case Header::Kind::kLabel:
        if (!cell.empty()) AddLabel(column.key, cell, row, problems);
        break;
    }
  }
  for (const auto& [what, text] : {std::pair("tenant", row.tenant_id()), {"zone", row.zone()}}) {
    if (text.empty()) {
      problems.push_back(absl::StrCat(what, " is empty"));
    } else if (!IsSlug(text)) {
      problems.push_back(absl::StrCat(what, " '", text, "' is not 1 to 63 of a-z, 0-9 and '-'"));
    }
  }
  std::string problem = NameProblem(row.name());
  if (!problem.empty()) problems.push_back(std::move(problem));
  return row;
}

}  // namespace

ServerFile ParseServerFile(absl::string_view text) {
  ServerFile file;
  const auto report = [&file](int line, std::string reason) {
    RowProblem& problem = file.problems.emplace_back();
    problem.set_line(line);
    problem.set_reason(std::move(reason));
  };
  CsvText csv = ParseCsv(text);
  for (CsvProblem& problem : csv.problems) report(problem.line, std::move(problem.reason));
  file.bad_rows = static_cast<int>(csv.problems.size());
  if (csv.records.empty()) {
    if (csv.problems.empty()) report(1, "the file is empty; its first line is tenant,zone,name");
    file.header_is_bad = true;
    return file;
  }
  const Header header = ReadHeader(csv.records.front());
  if (!header.problems.empty()) {
    for (const std::string& problem : header.problems) report(csv.records[0].line, problem);
    file.header_is_bad = true;
    return file;
  }
  absl::flat_hash_map<std::string, int> first_lines;  // "tenant/zone/name" in lower case.
  for (auto record = csv.records.begin() + 1; record != csv.records.end(); ++record) {
    std::vector<std::string> problems;
    std::optional<ServerRow> row;
    if (record->fields.size() != header.columns.size()) {
      problems.push_back(absl::StrCat("the row has ", record->fields.size(),
                                      " fields, the header has ", header.columns.size()));
    } else {
      row = ReadRow(*record, header, problems);
      const std::string key =
          absl::StrCat(row->tenant_id(), "/", row->zone(), "/", absl::AsciiStrToLower(row->name()));
      const auto [first, inserted] = first_lines.emplace(key, record->line);
      if (!inserted && problems.empty()) {
        problems.push_back(
            absl::StrCat("server ", key, " stands in line ", first->second, " already"));
      }
    }
    if (problems.empty()) {
      file.rows.push_back(*std::move(row));
      continue;
    }
    ++file.bad_rows;
    for (std::string& problem : problems) report(record->line, std::move(problem));
  }
  std::stable_sort(file.problems.begin(), file.problems.end(),
                   [](const RowProblem& a, const RowProblem& b) { return a.line() < b.line(); });
  return file;
}

}  // namespace muster::cli
