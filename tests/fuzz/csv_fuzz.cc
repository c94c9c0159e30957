// servers.csv: every problem has a line and a reason that can be sent, good rows are whole, and
// written out they are read the same again.
#include <cstdint>
#include <sstream>

#include "orchestrator/cli/csv.h"
#include "orchestrator/cli/server_file.h"
#include "orchestrator/cli/table.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

using muster::cli::ParseServerFile;
using muster::cli::ServerFile;
using muster::fuzz::Require;

std::string Written(const ServerFile& file) {
  muster::cli::Table table{.columns = {{"tenant"}, {"zone"}, {"name"}, {"labels"}}};
  for (const auto& row : file.rows) {
    table.rows.push_back(
        {row.tenant_id(), row.zone(), row.name(), muster::cli::LabelsCell(row.labels())});
  }
  std::ostringstream out;
  muster::cli::WriteCsv(table, out);
  return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = muster::fuzz::TextOf(data, size);
  const ServerFile file = ParseServerFile(text);
  for (const auto& problem : file.problems) {
    Require(!problem.reason().empty() && problem.line() >= 1, "a problem has a line and a reason");
    Require(muster::fuzz::CanBeSent(problem), "a problem can be told");
  }
  Require(!file.header_is_bad || (file.rows.empty() && !file.problems.empty()),
          "a bad header has no rows");
  Require(file.bad_rows == 0 || !file.problems.empty(), "a bad row has a problem");
  for (const auto& row : file.rows) {
    Require(!row.tenant_id().empty() && !row.zone().empty() && !row.name().empty(),
            "a row is whole");
    Require(muster::fuzz::CanBeSent(row), "a row can be sent");
  }
  for (const auto& record : muster::cli::ParseCsv(text).records) {
    Require(record.line >= 1 && !record.fields.empty(), "a record stands somewhere");
    for (const std::string& field : record.fields) {
      Require(muster::IsUtf8(field), "a field is UTF-8");
    }
  }
  if (file.rows.empty()) return 0;
  const std::string written = Written(file);
  // Characters that are not for the eye are written as escapes, which stay.
  if (absl::StrContains(written, "\\u")) return 0;
  const ServerFile again = ParseServerFile(written);
  Require(again.rows.size() == file.rows.size() && again.problems.empty(),
          "what is written is read again");
  Require(Written(again) == written, "and is the same");
  return 0;
}
