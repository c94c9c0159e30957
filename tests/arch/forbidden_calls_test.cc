// Calls that are never made. Errors are values: nothing that we call may throw on foreign input, and
// an exception that escapes a thread ends the daemon. Waiting goes by the steady clock: what ends at
// a date never ends when the clock is set back (docs/decisions/two-clocks.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

struct Form {
  const char* hint;  // Stands in each line that the pattern can match: most lines are done by it.
  const char* pattern;  // Of a statement on one line.
  const char* unless;   // What makes it harmless.
  const char* instead;
};

const Form kLocks = {
    "absl::", "\\babsl::(Mutex|MutexLock|CondVar|BlockingCounter|Notification)\\b", "^$",
    "Mutex, MutexLock, Notification of base/: ThreadSanitizer sees nothing of abseil's"};
const Form kForms[] = {
    {"std::sto", "\\bstd::sto[a-z]+\\(", "^$",
     "absl::SimpleAtoi and its like return whether it is a number"},
    {".at(", "[.>)]at\\(", "^$", "find(), which says whether it is there"},
    {"throw ", "\\bthrow\\b", "^$", "a Status"},
    {"catch (", "\\bcatch \\(", "\\b(CLI|YAML|boost::system)::[A-Za-z_]+& ",
     "nothing: exceptions of CLI11, yaml-cpp and Asio alone are caught, where these are called"},
    {"std::regex", "\\bstd::regex\\b", "^$",
     "a pattern that does not compile throws; parse by hand"},
    {"::",
     "\\b(fs|filesystem)::(exists|is_[a-z_]+|create_[a-z_]+|remove|remove_all|rename|copy|"
     "copy_file|file_size|space|permissions|canonical|weakly_canonical|absolute|current_path|"
     "temp_directory_path|resize_file|last_write_time|status|symlink_status|equivalent|"
     "read_symlink|directory_iterator|recursive_directory_iterator|hard_link_count)\\(",
     "\\b(error|ignored|failed|ec|code)\\)", "the overload with a std::error_code"},
    {"dump(", "[.>]dump\\(", "error_handler_t::(replace|ignore)",
     "dump(…, nlohmann::json::error_handler_t::replace): text that is not UTF-8 throws"},
    {"json::parse(", "json::parse\\(", "\\bfalse\\b",
     "parse(…, nullptr, /*allow_exceptions=*/false)"},
    {"YAML::Load", "\\bYAML::(Load|LoadFile|LoadAll)\\(", "^$", "base/yaml/document.h"},
    {".as<", "\\.as<", "^$", "base/yaml/document.h"},
    {"With",
     "[.>](AwaitWithTimeout|AwaitWithDeadline|WaitWithTimeout|WaitForNotificationWithTimeout|"
     "WaitForNotificationWithDeadline)\\(",
     "^$", "TimedFlag::Await (base/timed_flag.h)"},
    kLocks,
};

std::vector<std::string> Complaints(const SourceFile& file, absl::Span<const Form> forms = kForms) {
  std::vector<std::string> complaints;
  // Tests wait by it for threads of theirs; and it is what stands between abseil and us.
  if (file.path == "base/mutex.h" || file.path == "base/notification.h") return complaints;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(file.lines[i]), "//")) continue;
    for (const Form& form : forms) {
      if (!absl::StrContains(file.lines[i], form.hint)) continue;
      if (!std::regex_search(file.lines[i], std::regex(form.pattern))) continue;
      std::string statement;  // To its end, at most a few lines.
      for (size_t j = i; j < std::min(i + 5, file.lines.size()); ++j) {
        absl::StrAppend(&statement, file.lines[j], " ");
        if (absl::StrContains(file.lines[j], ';')) break;
      }
      if (std::regex_search(statement, std::regex(form.unless))) continue;
      complaints.push_back(absl::StrCat(file.path, ":", i + 1, ": use ", form.instead));
    }
  }
  return complaints;
}

TEST(ForbiddenCalls, AreNotMade) {
  for (const SourceFile& file : ReadSources({"base", "proto", "store", "orchestrator", "worker"})) {
    EXPECT_THAT(Complaints(file), testing::IsEmpty());
  }
}

TEST(ForbiddenCalls, TestsWaitSoThatTheSanitizerSees) {
  for (const SourceFile& file : ReadSources({"tests"})) {
    EXPECT_THAT(Complaints(file, {kLocks}), testing::IsEmpty());
  }
}

TEST(ForbiddenCalls, AreSeen) {
  const SourceFile bad{
      "x.cc",
      {"int n = std::stoi(text);", "if (fs::exists(path)) {", "std::filesystem::remove_all(",
       "    path);", "out << json.dump(2);", "auto a = nlohmann::json::parse(text);",
       "std::regex r(text);", "return entries.at(id);", "throw std::runtime_error(text);",
       "} catch (const std::exception& error) {",
       "absl::"
       "Notification done;"}};
  EXPECT_EQ(Complaints(bad).size(), 10u);
  const SourceFile good{"x.cc",
                        {"// std::stoi throws", "if (fs::exists(path, error)) {",
                         "std::filesystem::remove_all(", "    path, ignored);",
                         "} catch (const CLI::ParseError& error) {", "double Charge::at(int n);",
                         "auto a = nlohmann::json::parse(text, nullptr,", "    false);"}};
  EXPECT_THAT(Complaints(good), testing::IsEmpty());
}

}  // namespace
}  // namespace muster::arch
