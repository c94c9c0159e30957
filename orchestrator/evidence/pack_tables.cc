#include "orchestrator/evidence/pack_tables.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster::evidence {
namespace {

constexpr char kPageStyle[] =
    "body{font:14px/1.4 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}"
    "table{border-collapse:collapse;width:100%;font-size:12px}"
    "th,td{text-align:left;vertical-align:top;padding:3px 8px 3px 0;border-bottom:1px solid #ccc;"
    "overflow-wrap:anywhere}h2{margin-top:1.6em}"
    "@media print{body{margin:0;max-width:none}tr{break-inside:avoid}"
    "thead{display:table-header-group}}";

std::string HtmlText(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

void AppendCsvRow(const std::vector<std::string>& row, std::string& out) {
  const char* comma = "";
  for (const std::string& cell : row) {
    absl::StrAppend(&out, comma, "\"");
    if (!cell.empty() && absl::StrContains("=+-@", cell.substr(0, 1))) out.push_back('\'');
    for (const char c : cell) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    out.push_back('"');
    comma = ",";
  }
  out.push_back('\n');
}

}  // namespace

std::string CsvOf(const PackTable& table) {
  std::string out;
  AppendCsvRow(table.columns, out);
  for (const auto& row : table.rows) AppendCsvRow(row, out);
  return out;
}

std::string JsonOf(const std::vector<PackTable>& tables) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const PackTable& table : tables) {
    auto& list = all[table.name] = nlohmann::ordered_json::array();
    for (const auto& row : table.rows) {
      nlohmann::ordered_json one = nlohmann::ordered_json::object();
      for (size_t i = 0; i < row.size(); ++i) one[table.columns[i]] = row[i];
      list.push_back(std::move(one));
    }
  }
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string PageOf(absl::string_view title, const std::vector<std::string>& about,
                   const std::vector<PackTable>& tables) {
  std::string out = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", HtmlText(title),
      "</title><style>", kPageStyle, "</style></head><body>\n<h1>", HtmlText(title), "</h1>\n");
  for (const std::string& line : about) absl::StrAppend(&out, "<p>", HtmlText(line), "</p>\n");
  for (const PackTable& table : tables) {
    absl::StrAppend(&out, "<h2>", HtmlText(table.title), "</h2>\n");
    if (table.rows.empty()) {
      absl::StrAppend(&out, "<p>none</p>\n");
      continue;
    }
    absl::StrAppend(&out, "<table><thead><tr>");
    for (const std::string& column : table.columns) {
      absl::StrAppend(&out, "<th>", HtmlText(column), "</th>");
    }
    absl::StrAppend(&out, "</tr></thead><tbody>\n");
    for (const auto& row : table.rows) {
      absl::StrAppend(&out, "<tr>");
      for (const std::string& cell : row) absl::StrAppend(&out, "<td>", HtmlText(cell), "</td>");
      absl::StrAppend(&out, "</tr>\n");
    }
    absl::StrAppend(&out, "</tbody></table>\n");
  }
  absl::StrAppend(&out, "</body></html>\n");
  return out;
}

}  // namespace muster::evidence
