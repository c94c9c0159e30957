#include "orchestrator/app/commands/flags.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/host.h"
#include "base/host_port.h"

namespace muster::app {
namespace {

std::string RetentionProblem(const std::string& text) {
  absl::Duration parsed;
  return ParseRetention(text, parsed) ? "" : "wants a time such as 90d or 36h, or 0 for ever";
}

std::string DurationProblem(const std::string& text) {
  absl::Duration parsed;
  const bool ok = absl::ParseDuration(text, &parsed) && parsed > absl::ZeroDuration();
  return ok ? "" : "wants a positive duration such as 250ms, 30s or 5m";
}

std::string NumberProblem(const std::string& text) {
  double number = 0;
  const bool ok = absl::SimpleAtod(text, &number) && number > 0 && number <= 1e9;
  return ok ? "" : "wants a number above 0";
}

std::string CountProblem(const std::string& text) {
  int number = 0;
  const bool ok = absl::SimpleAtoi(text, &number) && number > 0 && number <= 1'000'000;
  return ok ? "" : "wants a whole number from 1 to 1000000";
}

std::string HostPortProblem(const std::string& text, int smallest_port) {
  const auto parsed = ParseHostPort(text, smallest_port);
  return parsed.ok() ? ""
                     : absl::StrCat("wants HOST:PORT with a port from ", smallest_port,
                                    " to 65535: ", parsed.status().message());
}
std::string ListenProblem(const std::string& text) { return HostPortProblem(text, 0); }
std::string DialProblem(const std::string& text) {
  const std::string problem = HostPortProblem(text, 1);
  if (!problem.empty()) return problem;
  const std::string why = WhyNobodyAnswersAt(ParseHostPort(text, 1)->host);
  return why.empty() ? "" : absl::StrCat("wants HOST:PORT of a machine: ", why);
}

std::string HostProblem(const std::string& text) {
  const auto host = ParseHostAlone(text);
  const std::string why =
      host.ok() ? WhyNobodyAnswersAt(absl::StrContains(*host, ':') ? absl::StrCat("[", *host, "]")
                                                                   : *host)
                : std::string(host.status().message());
  return why.empty() ? "" : absl::StrCat("wants a host name or an IP address: ", why);
}
CLI::Option* OfHosts(CLI::Option* option) {
  return option->check(HostProblem)->transform([](const std::string& text) {
    return ParseHostAlone(text).value_or(text);
  });
}

}  // namespace

bool ParseRetention(const std::string& text, absl::Duration& out) {
  int64_t days = 0;
  if (!text.empty() && text.back() == 'd' &&
      absl::SimpleAtoi(absl::string_view(text).substr(0, text.size() - 1), &days)) {
    out = absl::Hours(24) * days;
    return days >= 0 && days <= 36'500;
  }
  return absl::ParseDuration(text, &out) && out >= absl::ZeroDuration();
}

CLI::Option* FlagGroup::Text(const std::string& flag, std::string& target,
                             const std::string& help) {
  return command_.add_option(flag, target, help)->capture_default_str()->group(title_);
}

CLI::Option* FlagGroup::Switch(const std::string& flag, bool& target, const std::string& help) {
  return command_.add_flag(flag, target, help)->group(title_);
}

CLI::Option* FlagGroup::Word(const std::string& flag, std::string& target,
                             const std::vector<std::string>& words, const std::string& help) {
  return Text(flag, target, help)->check(CLI::IsMember(words));
}

CLI::Option* FlagGroup::DataDir(std::string& target, const std::string& help) {
  target = "/var/lib/muster";
  return Text("--data-dir", target, help);
}

CLI::Option* FlagGroup::Listen(const std::string& flag, std::string& target,
                               const std::string& help) {
  return Text(flag, target, help)->check(ListenProblem);
}

CLI::Option* FlagGroup::Dial(const std::string& flag, std::string& target,
                             const std::string& help) {
  return Text(flag, target, help)->check(DialProblem);
}

CLI::Option* FlagGroup::Host(const std::string& flag, std::string& target,
                             const std::string& help) {
  return OfHosts(Text(flag, target, help));
}

CLI::Option* FlagGroup::Hosts(const std::string& flag, std::vector<std::string>& target,
                              const std::string& help) {
  return OfHosts(command_.add_option(flag, target, help)->group(title_));
}

CLI::Option* FlagGroup::Count(const std::string& flag, int& target, const std::string& help) {
  CLI::Option* option = command_.add_option(flag, target, help)->check(CountProblem)->group(title_);
  return target == 0 ? option : option->capture_default_str();
}

CLI::Option* FlagGroup::Number(const std::string& flag, double& target, const std::string& help) {
  return command_.add_option(flag, target, help)
      ->check(NumberProblem)
      ->capture_default_str()
      ->group(title_);
}

CLI::Option* FlagGroup::Duration(const std::string& flag, absl::Duration& target,
                                 const std::string& help) {
  return command_
      .add_option_function<std::string>(
          flag, [&target](const std::string& text) { absl::ParseDuration(text, &target); }, help)
      ->check(DurationProblem)
      ->default_str(absl::FormatDuration(target))
      ->type_name("DURATION")
      ->group(title_);
}

CLI::Option* FlagGroup::Retention(const std::string& flag, absl::Duration& target,
                                  const std::string& help) {
  return command_
      .add_option_function<std::string>(
          flag, [&target](const std::string& text) { ParseRetention(text, target); }, help)
      ->check(RetentionProblem)
      ->default_str(absl::StrCat(absl::ToInt64Hours(target) / 24, "d"))
      ->type_name("TIME")
      ->group(title_);
}

void AddLogFlags(FlagGroup& group, LogFlags& flags) {
  group.Word("--log-format", flags.format, {"logfmt", "json"}, "logfmt or json");
  group.Word("--log-level", flags.level, {"debug", "info", "warning", "error"},
             "debug, info, warning or error");
}

log::Level ConfigureLog(const LogFlags& flags) {
  const log::Level level = log::FindLevel(flags.level).value_or(log::Level::kInfo);
  log::Configure(level, flags.format == "json" ? log::Format::kJson : log::Format::kLogfmt);
  return level;
}

}  // namespace muster::app
