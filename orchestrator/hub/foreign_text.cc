#include "orchestrator/hub/foreign_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/excerpt.h"
#include "base/redact.h"

namespace muster::hub {
namespace {

constexpr char kStruckOut[] = "[secret]";

bool IsTokenLetter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
}

// A JWT begins with {" in base64.
void StrikeOutJwts(std::string& text) {
  for (size_t at = text.find("eyJ"); at != std::string::npos; at = text.find("eyJ", at)) {
    size_t end = at;
    while (end < text.size() && IsTokenLetter(text[end])) ++end;
    if (end - at < 20) {
      at = end;
      continue;
    }
    text.replace(at, end - at, kStruckOut);
    at += sizeof(kStruckOut) - 1;
  }
}

// What is read of a text before it is cut: nobody keeps that much.
constexpr size_t kMostRead = 16 << 10;

bool IsVisibleAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The string member of a JSON object, or "".
std::string MemberOf(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// Title and detail of a problem JSON, or "".
std::string ProblemText(absl::string_view body) {
  constexpr size_t kLargestProblem = 64 << 10;
  if (body.empty() || body.size() > kLargestProblem) return "";
  const nlohmann::json json =
      nlohmann::json::parse(body.data(), body.data() + body.size(), nullptr, false);
  if (!json.is_object()) return "";
  const std::string title = MemberOf(json, "title");
  const std::string detail = MemberOf(json, "detail");
  if (title.empty() || detail.empty()) return absl::StrCat(title, detail);
  return absl::StrCat(title, ": ", detail);
}

// The title of an HTML page, in ASCII; "untitled" when it has none; none when it is no HTML.
std::optional<std::string> HtmlTitle(const http::Response& response) {
  const absl::string_view type = response.FindHeader("Content-Type").value_or("");
  const absl::string_view body =
      absl::StripLeadingAsciiWhitespace(absl::string_view(response.body).substr(0, 8192));
  if (!absl::StrContains(absl::AsciiStrToLower(type), "html") && !absl::StartsWith(body, "<")) {
    return std::nullopt;
  }
  const std::string lower = absl::AsciiStrToLower(body);
  size_t begin = lower.find("<title>");
  if (begin == std::string::npos) return "untitled";
  begin += sizeof("<title>") - 1;
  std::string title(
      absl::StripAsciiWhitespace(body.substr(begin, lower.find("</title", begin) - begin)));
  std::replace_if(
      title.begin(), title.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
      '?');
  return title;
}

}  // namespace

std::string HubId(absl::string_view foreign) {
  foreign = absl::StripAsciiWhitespace(foreign);
  if (foreign.size() > kMaxHubId || !IsVisibleAscii(foreign)) return "";
  return absl::AsciiStrToLower(foreign);
}

void Scrubber::Add(const Secret& secret) {
  if (!secret.empty()) secrets_.push_back(secret.Clone());
}

void Scrubber::KeepFirst(size_t count) {
  while (secrets_.size() > count) secrets_.pop_back();
}

std::vector<absl::string_view> Scrubber::Secrets() const {
  std::vector<absl::string_view> secrets;
  for (const Secret& secret : secrets_) secrets.push_back(secret.Reveal());
  return secrets;
}

std::string Scrubber::Clean(absl::string_view text, size_t limit) const {
  const std::vector<absl::string_view> secrets = Secrets();
  size_t longest = 0;
  for (const absl::string_view secret : secrets) longest = std::max(longest, secret.size());
  // A secret that the cut would halve is looked for whole.
  std::string clean = StrikeOut(text.substr(0, kMostRead + 12 * longest), secrets, kStruckOut);
  if (clean.size() > kMostRead) clean.resize(kMostRead);
  StrikeOutJwts(clean);
  const ForeignText line(clean, kMostRead);
  if (line.str().size() <= limit) return line;
  return absl::StrCat(ForeignText(line.str(), limit).str(), "...");
}

std::string Scrubber::Quote(absl::string_view answer, size_t limit) const {
  return Excerpt(answer, Secrets(), std::vector<absl::string_view>(known_.begin(), known_.end()),
                 limit);
}

std::string DescribeAnswer(const http::Response& response, const Scrubber& scrubber) {
  if (const std::optional<std::string> title = HtmlTitle(response)) {
    return absl::StrCat(response.status, " (HTML page \"", scrubber.Quote(*title, 80), "\")");
  }
  const std::string problem = ProblemText(response.body);
  if (problem.empty()) return absl::StrCat(response.status);
  return absl::StrCat(response.status, " ", scrubber.Quote(problem, 200));
}

std::optional<absl::Time> DateOf(const http::Response& response) {
  const auto header = response.FindHeader("Date");
  absl::Time time;
  if (!header || !absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", std::string(*header),
                                  absl::UTCTimeZone(), &time, nullptr)) {
    return std::nullopt;
  }
  return time;
}

std::optional<absl::Duration> RetryAfterOf(const http::Response& response) {
  const auto header = response.FindHeader("Retry-After");
  if (!header) return std::nullopt;
  absl::Duration wait;
  if (double seconds; absl::SimpleAtod(*header, &seconds)) {
    wait = absl::Seconds(std::clamp(seconds, 0.0, 86400.0));
  } else {
    const http::Response as_date{.headers = {{"Date", std::string(*header)}}};
    const std::optional<absl::Time> when = DateOf(as_date);
    const std::optional<absl::Time> now = DateOf(response);
    if (!when || !now) return std::nullopt;
    wait = *when - *now;
  }
  return std::clamp(wait, absl::Seconds(1), absl::Hours(1));
}

}  // namespace muster::hub
