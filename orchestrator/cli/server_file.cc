#include "orchestrator/cli/server_file.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/ids.h"
#include "base/names.h"
#include "orchestrator/cli/csv.h"

namespace muster::cli {
namespace {

using admin::v1::RowProblem;
using admin::v1::ServerRow;

constexpr size_t kMaxColumns = 1000;
constexpr size_t kMaxLabelKeyLength = 63;
constexpr size_t kMaxLabelValueLength = 255;

std::string LabelProblem(absl::string_view key, absl::string_view value) {
  if (key.empty()) return "a label without a key";
  const bool bad = std::any_of(key.begin(), key.end(), [](char c) {
    return !absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' &&
           c != '.' && c != '/';
  });
  if (bad || key.size() > kMaxLabelKeyLength) {
    return absl::StrCat("label key '", Shown(key), "' is not 1 to ", kMaxLabelKeyLength,
                        " letters, digits, '-', '_', '.' or '/'");
  }
  if (value.size() > kMaxLabelValueLength) {
    return absl::StrCat("the value of label '", key, "' is longer than ", kMaxLabelValueLength,
                        " bytes");
  }
  const std::string problem = ProblemOfVisibleText(value);
  return problem.empty() ? "" : absl::StrCat("the value of label '", key, "': ", problem);
}

// What the columns of the file mean.
struct Header {
  enum class Kind { kTenant, kZone, kName, kLabels, kLabel, kIgnored };
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
  std::vector<std::string> names;
  absl::flat_hash_map<std::string, int> seen;
  for (const std::string& field : record.fields) {
    std::string name(absl::StripAsciiWhitespace(field));
    // Label keys are compared with case, the columns' own names are not.
    if (!absl::StartsWith(name, "label:")) name = absl::AsciiStrToLower(name);
    if (++seen[name] == 2) {
      header.problems.push_back(absl::StrCat("column '", Shown(name), "' twice"));
    }
    names.push_back(std::move(name));
  }
  // What 'muster server list -o csv' wrote has columns that only tell.
  const bool exported = seen.contains("server_id");
  for (const std::string& name : names) {
    absl::string_view key = name;
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
    } else if (exported) {
      header.columns.push_back({Header::Kind::kIgnored, ""});
    } else if (names.size() == 1 && name.find_first_of(" :^~") != std::string::npos) {
      header.problems.emplace_back(
          "the columns are separated by something else than commas, semicolons, tabs or '|'");
      return header;
    } else {
      header.problems.push_back(
          absl::StrCat("unknown column '", Shown(name),
                       "'; known are tenant, zone, name, labels and label:KEY"));
    }
  }
  for (const char* required : {"zone", "name"}) {
    if (!seen.contains(required)) {
      header.problems.push_back(absl::StrCat("column '", required, "' is missing"));
    }
  }
  return header;
}

// Without the column each zone must name its tenant.
bool NeedsTenantColumn(const CsvText& csv, const Header& header) {
  size_t zone = 0;
  for (size_t i = 0; i < header.columns.size(); ++i) {
    if (header.columns[i].kind == Header::Kind::kTenant) return false;
    if (header.columns[i].kind == Header::Kind::kZone) zone = i;
  }
  if (csv.records.size() == 1) return true;
  return std::any_of(csv.records.begin() + 1, csv.records.end(), [zone](const CsvRecord& record) {
    return zone < record.fields.size() && !absl::StrContains(record.fields[zone], '/');
  });
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

// The parts between semicolons; "\\;" is a semicolon of a part, "\\\\" a backslash.
std::vector<std::string> LabelParts(absl::string_view cell) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < cell.size(); ++i) {
    const bool escape =
        cell[i] == '\\' && i + 1 < cell.size() && (cell[i + 1] == ';' || cell[i + 1] == '\\');
    if (escape) {
      parts.back().push_back(cell[++i]);
    } else if (cell[i] == ';') {
      parts.emplace_back();
    } else {
      parts.back().push_back(cell[i]);
    }
  }
  return parts;
}

void AddLabels(absl::string_view cell, ServerRow& row, std::vector<std::string>& problems) {
  for (const std::string& text : LabelParts(cell)) {
    const absl::string_view part = absl::StripAsciiWhitespace(text);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) {
      problems.push_back(
          absl::StrCat("labels: '", Shown(part), "' is not KEY=VALUE; separate labels by ';'"));
    } else {
      AddLabel(absl::StripAsciiWhitespace(part.substr(0, equals)),
               absl::StripAsciiWhitespace(part.substr(equals + 1)), row, problems);
    }
  }
}

// "acme/prod" in the zone's cell names the tenant too.
void SplitZone(ServerRow& row, std::vector<std::string>& problems) {
  const std::string zone = row.zone();
  const size_t slash = zone.find('/');
  if (slash == std::string::npos) return;
  const std::string tenant = zone.substr(0, slash);
  if (!row.tenant_id().empty() && row.tenant_id() != tenant) {
    problems.push_back(
        absl::StrCat("zone '", Shown(zone), "' is not of tenant '", Shown(row.tenant_id()), "'"));
    return;
  }
  row.set_tenant_id(tenant);
  row.set_zone(zone.substr(slash + 1));
}

ServerRow ReadRow(const CsvRecord& record, const Header& header,
                  std::vector<std::string>& problems) {
  ServerRow row;
  row.set_line(record.line);
  for (size_t i = 0; i < header.columns.size(); ++i) {
    const absl::string_view cell = UnguardedCell(absl::StripAsciiWhitespace(record.fields[i]));
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
      case Header::Kind::kIgnored:
        break;
    }
  }
  SplitZone(row, problems);
  for (const auto& [what, text] : {std::pair("tenant", row.tenant_id()), {"zone", row.zone()}}) {
    if (text.empty()) {
      problems.push_back(absl::StrCat(what, " is empty"));
    } else if (!IsSlug(text)) {
      problems.push_back(
          absl::StrCat(what, " '", Shown(text), "' is not 1 to 63 of a-z, 0-9 and '-'"));
    }
  }
  if (absl::StatusOr<std::string> name = NormalizeServerName(row.name()); name.ok()) {
    row.set_name(*std::move(name));
  } else {
    problems.emplace_back(name.status().message());
  }
  return row;
}

// Lines of rows by their number of fields, where it is not the header's.
using FieldCounts = std::map<size_t, std::vector<int>>;

// One cause is said once: ", as have 12 more rows (lines 4, 5, 6 …)".
std::string AndMore(const std::vector<int>& lines) {
  constexpr size_t kNamed = 5;
  if (lines.size() == 1) return "";
  std::vector<int> named(lines.begin() + 1, lines.begin() + static_cast<ptrdiff_t>(std::min(
                                                                lines.size(), kNamed + 1)));
  return absl::StrCat("; so have ", lines.size() - 1, " more rows (lines ",
                      absl::StrJoin(named, ", "), lines.size() - 1 > kNamed ? " …" : "",
                      "). Is a separator inside a field that is not quoted?");
}

}  // namespace

std::string LabelsCell(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string, std::string> ordered(labels.begin(), labels.end());
  return absl::StrJoin(ordered, ";", [](std::string* out, const auto& label) {
    absl::StrAppend(out, label.first, "=",
                    absl::StrReplaceAll(label.second, {{"\\", "\\\\"}, {";", "\\;"}}));
  });
}

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
  if (NeedsTenantColumn(csv, header)) {
    report(csv.records[0].line,
           "column 'tenant' is missing, and there are zones that are not written tenant/zone");
    file.header_is_bad = true;
    return file;
  }
  absl::flat_hash_map<std::string, int> first_lines;  // "tenant/zone/name", the name folded.
  FieldCounts wrong_counts;
  for (auto record = csv.records.begin() + 1; record != csv.records.end(); ++record) {
    std::vector<std::string> problems;
    std::optional<ServerRow> row;
    if (record->fields.size() != header.columns.size()) {
      ++file.bad_rows;
      wrong_counts[record->fields.size()].push_back(record->line);
      continue;
    } else {
      row = ReadRow(*record, header, problems);
      const std::string key =
          absl::StrCat(row->tenant_id(), "/", row->zone(), "/", FoldName(row->name()));
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
  for (const auto& [fields, lines] : wrong_counts) {
    report(lines.front(), absl::StrCat("the row has ", fields, " fields, the header has ",
                                       header.columns.size(), AndMore(lines)));
  }
  std::stable_sort(file.problems.begin(), file.problems.end(),
                   [](const RowProblem& a, const RowProblem& b) { return a.line() < b.line(); });
  return file;
}

}  // namespace muster::cli
