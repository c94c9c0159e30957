#include "base/redact.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/disguise.h"
#include "base/secret.h"
#include "base/utf8.h"

namespace muster {
namespace {

// Longer texts are cut before they are read: what is kept of them is far shorter.
constexpr size_t kMostRead = 64 << 10;
constexpr size_t kShortSecret = 4;

// Property names, in lower case, whose values are secrets wherever they stand.
constexpr absl::string_view kSecretNames[] = {"joiningtoken", "requestauthsecret", "clientsecret",
                                              "secret",       "accesstoken",       "refreshtoken",
                                              "password"};

std::string HexByte(char c) {
  return absl::StrCat(absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
}

std::string PercentEncoded(absl::string_view text, absl::string_view kept, bool plus_for_space) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(kept, c)) {
      out.push_back(c);
    } else if (c == ' ' && plus_for_space) {
      out.push_back('+');
    } else {
      absl::StrAppend(&out, "%", HexByte(c));
    }
  }
  return out;
}

// As in a JSON string: `cautious` writers escape more characters than they must, some the slash.
std::string JsonEscaped(absl::string_view text, bool cautious, bool slash) {
  std::string out;
  for (const char c : text) {
    const bool must = c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    if (cautious && (c == '"' || absl::StrContains("+&<>'`", c))) {
      absl::StrAppend(&out, "\\u00", HexByte(c));
    } else if (c == '\n' || c == '\r' || c == '\t') {
      absl::StrAppend(&out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (must && c != '"' && c != '\\') {
      absl::StrAppend(&out, "\\u00", HexByte(c));
    } else {
      if (must || (slash && c == '/')) out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

std::string HtmlEscaped(absl::string_view text, absl::string_view quote, absl::string_view plus) {
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
      case '\'':
        absl::StrAppend(&out, quote);
        break;
      case '+':
        absl::StrAppend(&out, plus);
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

// What any base64 text holds of `text` that begins `shift` bytes behind a multiple of three: the
// characters that its neighbors do not touch.
std::string Base64Core(absl::string_view text, size_t shift) {
  std::string padded(shift, '\0');
  absl::StrAppend(&padded, text);
  std::string encoded = absl::Base64Escape(padded);
  const size_t whole =
      padded.size() / 3 * 4 + (padded.size() % 3);  // Without the last, shared one.
  const size_t begin = shift == 0 ? 0 : shift + 1;
  std::string core = begin < whole ? encoded.substr(begin, whole - begin) : "";
  Wipe(padded);
  Wipe(encoded);
  return core;
}

// The spellings of a secret, in lower case; wiped with their owner.
class Spellings {
 public:
  explicit Spellings(absl::string_view secret) {
    Add(std::string(secret));
    if (secret.size() < kShortSecret) return;
    for (const bool plus : {false, true}) {
      Add(PercentEncoded(secret, "-._~", plus));
      Add(PercentEncoded(secret, "-._~!'()*", plus));
    }
    for (const bool cautious : {false, true}) {
      for (const bool slash : {false, true}) {
        std::string once = JsonEscaped(secret, cautious, slash);
        Add(JsonEscaped(once, false, false));  // JSON in JSON.
        Add(std::move(once));
      }
    }
    for (const absl::string_view quote : {"'", "&#39;", "&#x27;", "&apos;"}) {
      Add(HtmlEscaped(secret, quote, "+"));
      Add(HtmlEscaped(secret, quote, "&#x2B;"));
      Add(HtmlEscaped(secret, quote, "&#43;"));
    }
    for (size_t shift = 0; shift < 3; ++shift) {
      std::string core = Base64Core(secret, shift);
      if (core.size() < 8) continue;  // Ordinary words would be hit.
      std::string url = core;
      std::replace(url.begin(), url.end(), '+', '-');
      std::replace(url.begin(), url.end(), '/', '_');
      Add(PercentEncoded(core, "", false));
      Add(std::move(core));
      Add(std::move(url));
    }
  }
  ~Spellings() {
    for (std::string& spelling : spellings_) Wipe(spelling);
  }
  const std::vector<std::string>& all() const { return spellings_; }

 private:
  void Add(std::string spelling) {
    absl::AsciiStrToLower(&spelling);
    if (std::find(spellings_.begin(), spellings_.end(), spelling) == spellings_.end()) {
      spellings_.push_back(std::move(spelling));
    } else {
      Wipe(spelling);
    }
  }
  std::vector<std::string> spellings_;
};

bool IsWordAt(absl::string_view text, size_t at, size_t size) {
  const auto letter = [&](size_t i) {
    return i < text.size() && absl::ascii_isalnum(static_cast<unsigned char>(text[i]));
  };
  return !(at > 0 && letter(at - 1)) && !letter(at + size);
}

bool IsNameChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// "name": "value", name=value, name: value
void RemoveNamedValues(std::string& text) {
  size_t at = 0;
  while (at < text.size()) {
    if (!IsNameChar(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text.size() && IsNameChar(text[end])) ++end;
    const std::string name = absl::AsciiStrToLower(text.substr(at, end - at));
    const bool named =
        std::find(std::begin(kSecretNames), std::end(kSecretNames), name) != std::end(kSecretNames);
    at = end;
    if (!named) continue;
    size_t value = end;
    while (value < text.size() && absl::StrContains("\"'\\ ", text[value])) ++value;
    if (value >= text.size() || (text[value] != ':' && text[value] != '=')) continue;
    ++value;
    while (value < text.size() && absl::StrContains("\"'\\ ", text[value])) ++value;
    size_t stop = value;
    while (stop < text.size() && !absl::StrContains("\"'\\ ,;&})]\r\n\t", text[stop])) ++stop;
    const absl::string_view old = absl::string_view(text).substr(value, stop - value);
    if (old.empty() || old == "null" || absl::StartsWith(old, kRedacted.substr(0, 9))) continue;
    text.replace(value, stop - value, kRedacted.data(), kRedacted.size());
    at = value + kRedacted.size();
  }
}

bool IsGuid(absl::string_view run) {
  if (run.size() != 36) return false;
  for (size_t i = 0; i < run.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? run[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(run[i]))) {
      return false;
    }
  }
  return true;
}

bool LooksSecret(absl::string_view run) {
  if (run.size() < 32 || IsGuid(run)) return false;
  bool letter = false, digit = false;
  for (const char c : run) {
    letter |= absl::ascii_isalpha(static_cast<unsigned char>(c)) != 0;
    digit |= absl::ascii_isdigit(static_cast<unsigned char>(c)) != 0;
  }
  return digit && letter;
}

bool IsTokenRun(absl::string_view run) {
  return absl::StartsWith(run, "eyJ") && std::count(run.begin(), run.end(), '.') >= 1 &&
         run.size() >= 16;
}

void RemoveLookalikes(std::string& text) {
  const auto is_base64 = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("+/=_-", c);
  };
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    if (!is_base64(text[at])) {
      out.push_back(text[at++]);
      continue;
    }
    size_t dotted = at;  // A token's parts are joined by dots.
    while (dotted < text.size() && (is_base64(text[dotted]) || text[dotted] == '.')) ++dotted;
    size_t plain = at;
    while (plain < text.size() && is_base64(text[plain])) ++plain;
    const absl::string_view view(text);
    const absl::string_view token = view.substr(at, dotted - at);
    const absl::string_view run = view.substr(at, plain - at);
    if (IsTokenRun(token)) {
      absl::StrAppend(&out, kRedacted);
      at = dotted;
    } else {
      absl::StrAppend(&out, LooksSecret(run) ? kRedacted : run);
      at = plain;
    }
  }
  text = std::move(out);
}

}  // namespace

std::string StrikeOut(absl::string_view text, std::span<const absl::string_view> secrets,
                      absl::string_view replacement) {
  // Every spelling is looked for in the original text, and only then is it rewritten, once: a
  // secret that is a part of the replacement, or of another secret, changes nothing.
  std::vector<bool> covered(text.size(), false);
  std::string lower = absl::AsciiStrToLower(text);
  for (const absl::string_view secret : secrets) {
    if (secret.empty()) continue;
    const bool word = secret.size() < kShortSecret;
    const Spellings spellings(secret);
    for (const std::string& spelling : spellings.all()) {
      for (size_t at = lower.find(spelling); at != std::string::npos;
           at = lower.find(spelling, at + 1)) {
        if (word && !IsWordAt(lower, at, spelling.size())) continue;
        std::fill_n(covered.begin() + static_cast<ptrdiff_t>(at), spelling.size(), true);
      }
    }
    CoverDisguised(text, secret, covered);
  }
  Wipe(lower);
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!covered[at]) {
      out.push_back(text[at]);
    } else if (at == 0 || !covered[at - 1]) {
      absl::StrAppend(&out, replacement);
    }
  }
  return out;
}

std::string Redact(absl::string_view foreign, std::span<const absl::string_view> secrets,
                   size_t max_size) {
  // A secret that the cut would halve is looked for whole.
  size_t longest = 0;
  for (const absl::string_view secret : secrets) longest = std::max(longest, secret.size());
  std::string text = StrikeOut(foreign.substr(0, kMostRead + 12 * longest), secrets);
  if (text.size() > kMostRead) text.resize(kMostRead);
  RemoveNamedValues(text);
  RemoveLookalikes(text);
  return CleanLine(text, max_size);
}

std::string CleanLine(absl::string_view foreign, size_t max_size) {
  std::string out;
  while (!foreign.empty()) {
    const size_t length = Utf8Length(foreign);
    absl::string_view piece = length == 0 ? "?" : foreign.substr(0, length);
    if (length == 1 && absl::ascii_iscntrl(static_cast<unsigned char>(foreign[0]))) piece = " ";
    // U+0080 to U+009F: terminals obey them, too.
    if (length == 2 && foreign[0] == '\xC2' && static_cast<uint8_t>(foreign[1]) < 0xA0) piece = " ";
    foreign.remove_prefix(std::max<size_t>(length, 1));
    if (piece == " " && (out.empty() || out.back() == ' ')) continue;
    if (out.size() + piece.size() > max_size) break;
    absl::StrAppend(&out, piece);
  }
  absl::StripTrailingAsciiWhitespace(&out);
  return out;
}

}  // namespace muster
