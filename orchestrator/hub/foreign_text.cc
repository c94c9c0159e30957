#include "orchestrator/hub/foreign_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/names.h"
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

// The length of the longest beginning of at most `limit` bytes that ends between two characters.
size_t Cut(absl::string_view text, size_t limit) {
  if (text.size() <= limit) return text.size();
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return limit;
}

// All of `text` on one visible line.
std::string Visible(absl::string_view text) {
  std::string clean = CleanLine(text, text.size());
  return ProblemOfVisibleText(clean).empty() ? clean : Shown(clean);
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

std::string HubText(absl::string_view foreign, size_t limit) {
  // Of a longer text no more is worked on than can be kept.
  if (foreign.size() > kMostRead) foreign = foreign.substr(0, kMostRead);
  if (IsVisibleAscii(foreign)) return std::string(foreign.substr(0, limit));
  std::string text = Visible(foreign);
  text.resize(Cut(text, limit));
  return text;
}

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

std::string Scrubber::Clean(absl::string_view foreign, size_t limit) const {
  std::vector<absl::string_view> secrets;
  size_t longest = 0;
  for (const Secret& secret : secrets_) {
    secrets.push_back(secret.Reveal());
    longest = std::max(longest, secret.Reveal().size());
  }
  // A secret that the cut would halve is looked for whole.
  std::string text = StrikeOut(foreign.substr(0, kMostRead + 12 * longest), secrets, kStruckOut);
  if (text.size() > kMostRead) text.resize(kMostRead);
  StrikeOutJwts(text);
  text = Visible(text);
  if (text.size() > limit) {
    text.resize(Cut(text, limit));
    text += "...";
  }
  return text;
}

std::string DescribeAnswer(const http::Response& response, const Scrubber& scrubber) {
  if (const std::optional<std::string> title = HtmlTitle(response)) {
    return absl::StrCat(response.status, " (HTML page \"", scrubber.Clean(*title, 80), "\")");
  }
  const std::string problem = ProblemText(response.body);
  if (problem.empty()) return absl::StrCat(response.status);
  return absl::StrCat(response.status, " ", scrubber.Clean(problem));
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
