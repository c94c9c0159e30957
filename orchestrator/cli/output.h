// Where results go: one answer in the format that -o asks for.
#ifndef MUSTER_ORCHESTRATOR_CLI_OUTPUT_H_
#define MUSTER_ORCHESTRATOR_CLI_OUTPUT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "orchestrator/cli/environment.h"
#include "orchestrator/cli/table.h"

namespace google::protobuf {
class Message;
}

namespace muster::cli {

enum class OutputFormat { kTable, kJson, kCsv, kYaml };
std::optional<OutputFormat> ParseOutputFormat(absl::string_view text);

class Output {
 public:
  Output(CliEnvironment& environment, OutputFormat format, bool allow_color);

  OutputFormat format() const { return format_; }
  // Whether a person reads: sentences beside the answer are welcome.
  bool for_people() const { return format_ == OutputFormat::kTable; }

  // Many things: the table in table and CSV form, the message in JSON and YAML.
  void Print(const google::protobuf::Message& message, const Table& table);
  // Many answers of one call each: in JSON and YAML as a list of that name.
  void PrintList(absl::string_view name,
                 const std::vector<const google::protobuf::Message*>& messages, const Table& table);
  // One thing: as Print, but the table stands upright.
  void PrintDetails(const google::protobuf::Message& message, const Table& table);
  // Answers that no message describes.
  void Print(const Table& table);
  void PrintDetails(const Table& table);
  // As a table of this output shows a time ("2026-07-18T09:00:00Z").
  std::string TimeText(const std::string& utc) const { return cli::TimeText(utc, style_); }
  // A sentence on the standard output, for people only.
  void Say(absl::string_view sentence);
  // A sentence on the standard error, always.
  void Hint(absl::string_view sentence);

 private:
  bool PrintStructured(const google::protobuf::Message& message);

  CliEnvironment& environment_;
  const OutputFormat format_;
  const TableStyle style_;
};

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_OUTPUT_H_
