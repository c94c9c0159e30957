#include "worker/service/redact.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/utf8.h"

namespace muster::worker {
namespace {

// Property names, in lower case, whose values are secrets wherever they stand.
constexpr absl::string_view kSecretNames[] = {"joiningtoken", "requestauthsecret", "clientsecret",
                                              "secret",       "accesstoken",       "refreshtoken",
                                              "password"};

void ReplaceAll(std::string& text, absl::string_view what) {
  if (what.empty()) return;
  absl::StrReplaceAll({{what, kRedacted}}, &text);
}

std::string PercentEncoded(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._~", c)) {
      out.push_back(c);
    } else {
      absl::StrAppend(
          &out, "%",
          absl::AsciiStrToUpper(absl::StrCat(absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2))));
    }
  }
  return out;
}

// As in a JSON string: short escapes only, and with every character that some writers escape.
std::string JsonEscaped(absl::string_view text, bool cautious) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      if (cautious && c == '"') {
        out += "\\u0022";
      } else {
        out.push_back('\\');
        out.push_back(c);
      }
    } else if (cautious && absl::StrContains("+&<>'`", c)) {
      absl::StrAppend(
          &out, "\\u00",
          absl::AsciiStrToUpper(absl::StrCat(absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2))));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void RemoveKnown(std::string& text, absl::string_view secret) {
  if (secret.size() < 4) return;  // Shorter ones would shred the text and are none.
  ReplaceAll(text, secret);
  ReplaceAll(text, PercentEncoded(secret));
  ReplaceAll(text, JsonEscaped(secret, false));
  ReplaceAll(text, JsonEscaped(secret, true));
  // A GUID may come back in another case.
  const std::string lower = absl::AsciiStrToLower(secret);
  for (size_t at = absl::AsciiStrToLower(text).find(lower); at != std::string::npos;
       at = absl::AsciiStrToLower(text).find(lower)) {
    text.replace(at, secret.size(), kRedacted.data(), kRedacted.size());
  }
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
  bool upper = false, lower = false, digit = false;
  for (const char c : run) {
    const auto byte = static_cast<unsigned char>(c);
    upper |= absl::ascii_isupper(byte) != 0;
    lower |= absl::ascii_islower(byte) != 0;
    digit |= absl::ascii_isdigit(byte) != 0;
  }
  return digit && (upper || lower);
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

// One line of valid UTF-8 of at most `max_size` bytes.
std::string OneLine(absl::string_view text, size_t max_size) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    absl::string_view piece = length == 0 ? "?" : text.substr(0, length);
    if (length == 1 && absl::ascii_iscntrl(static_cast<unsigned char>(text[0]))) piece = " ";
    text.remove_prefix(std::max<size_t>(length, 1));
    if (piece == " " && (out.empty() || out.back() == ' ')) continue;
    if (out.size() + piece.size() > max_size) break;
    absl::StrAppend(&out, piece);
  }
  absl::StripTrailingAsciiWhitespace(&out);
  return out;
}

}  // namespace

std::string Redact(absl::string_view foreign, std::span<const absl::string_view> secrets,
                   size_t max_size) {
  std::string text(foreign.substr(0, 64 << 10));
  for (const absl::string_view secret : secrets) RemoveKnown(text, secret);
  RemoveNamedValues(text);
  RemoveLookalikes(text);
  return OneLine(text, max_size);
}

std::string CleanField(absl::string_view foreign, size_t max_size) {
  return OneLine(foreign, max_size);
}

}  // namespace muster::worker
