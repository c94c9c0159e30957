#include "orchestrator/cli/output.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/cli/printable.h"
#include "orchestrator/cli/structured_text.h"

namespace muster::cli {
namespace {

// NO_COLOR: https://no-color.org
bool WantsColor(const CliEnvironment& environment, bool allow_color) {
  if (!allow_color || !environment.out_is_terminal) return false;
  if (!environment.variable("NO_COLOR").value_or("").empty()) return false;
  return environment.variable("TERM").value_or("") != "dumb";
}

TableStyle StyleFor(const CliEnvironment& environment, bool allow_color) {
  if (!environment.out_is_terminal) return {};
  return {.color = WantsColor(environment, allow_color),
          .width = environment.width,
          .zone = environment.zone,
          .now = environment.now()};
}

}  // namespace

std::optional<OutputFormat> ParseOutputFormat(absl::string_view text) {
  if (text == "table") return OutputFormat::kTable;
  if (text == "json") return OutputFormat::kJson;
  if (text == "csv") return OutputFormat::kCsv;
  if (text == "yaml") return OutputFormat::kYaml;
  return std::nullopt;
}

Output::Output(CliEnvironment& environment, OutputFormat format, bool allow_color)
    : environment_(environment), format_(format), style_(StyleFor(environment, allow_color)) {}

bool Output::PrintStructured(const google::protobuf::Message& message) {
  if (format_ == OutputFormat::kJson) {
    environment_.out << ToJson(message);
    return true;
  }
  if (format_ == OutputFormat::kYaml) {
    environment_.out << JsonToYaml(ToJson(message));
    return true;
  }
  return false;
}

void Output::Print(const google::protobuf::Message& message, const Table& table) {
  if (!PrintStructured(message)) Print(table);
}

void Output::PrintList(absl::string_view name,
                       const std::vector<const google::protobuf::Message*>& messages,
                       const Table& table) {
  if (format_ != OutputFormat::kJson && format_ != OutputFormat::kYaml) {
    Print(table);
    return;
  }
  std::string json = absl::StrCat("{\n \"", name, "\": [");
  for (size_t i = 0; i < messages.size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "\n" : ",\n",
                    absl::StripTrailingAsciiWhitespace(ToJson(*messages[i])));
  }
  absl::StrAppend(&json, messages.empty() ? "" : "\n ", "]\n}\n");
  environment_.out << (format_ == OutputFormat::kJson ? json : JsonToYaml(json));
}

void Output::PrintDetails(const google::protobuf::Message& message, const Table& table) {
  if (PrintStructured(message)) return;
  if (format_ == OutputFormat::kCsv) {
    WriteCsv(table, environment_.out);
  } else {
    WriteDetails(table, style_, environment_.out);
  }
}

void Output::PrintDetails(const Table& table) {
  if (format_ != OutputFormat::kTable) return Print(table);
  WriteDetails(table, style_, environment_.out);
}

void Output::Print(const Table& table) {
  switch (format_) {
    case OutputFormat::kTable:
      WriteTable(table, style_, environment_.out);
      return;
    case OutputFormat::kCsv:
      WriteCsv(table, environment_.out);
      return;
    case OutputFormat::kJson:
      environment_.out << ToJson(table);
      return;
    case OutputFormat::kYaml:
      environment_.out << JsonToYaml(ToJson(table));
      return;
  }
}

void Output::Say(absl::string_view sentence) {
  if (for_people()) environment_.out << PrintableLines(sentence) << "\n";
}

void Output::Hint(absl::string_view sentence) {
  environment_.err << PrintableLines(sentence) << "\n";
}

}  // namespace muster::cli
