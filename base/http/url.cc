#include "base/http/url.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/host.h"

namespace muster::http {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

bool IsUnreserved(unsigned char byte) {
  return absl::ascii_isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void AppendEncoded(unsigned char byte, std::string& out) {
  out.append({'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]});
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte that "%XX" at `at` stands for; -1 when there is none.
int EncodedByte(absl::string_view text, size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = HexValue(text[at + 1]);
  const int low = HexValue(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// %XX only where a byte needs it, and in capitals. False when a '%' begins no %XX.
bool NormalizeEncoding(absl::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '%') {
      const int value = EncodedByte(text, i);
      if (value < 0) return false;
      if (IsUnreserved(static_cast<unsigned char>(value))) {
        out.push_back(static_cast<char>(value));
      } else {
        AppendEncoded(static_cast<unsigned char>(value), out);
      }
      i += 2;
    } else if (byte >= 0x80 || absl::StrContains("\"<>^`{|}", text[i])) {
      AppendEncoded(byte, out);
    } else {
      out.push_back(text[i]);
    }
  }
  return true;
}

// "." and ".." resolved, no '/' at the end.
std::string NormalizePath(absl::string_view path) {
  std::vector<absl::string_view> parts;
  absl::ConsumePrefix(&path, "/");
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  while (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts.empty() ? "" : absl::StrCat("/", absl::StrJoin(parts, "/"));
}

bool ParsePort(absl::string_view text, int& port) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) &&
         absl::SimpleAtoi(text, &port) && port > 0 && port <= 65535;
}

}  // namespace

absl::StatusOr<Url> Url::Parse(absl::string_view text) {
  const auto bad = [](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a usable URL: ", why, "; write it like https://hub.example:8443"));
  };
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isspace(static_cast<unsigned char>(c)) ||
               absl::ascii_iscntrl(static_cast<unsigned char>(c));
      })) {
    return bad("it holds spaces or control characters");
  }
  if (absl::StrContains(text, '\\')) return bad("it holds a backslash");
  const size_t colon = text.find("://");
  if (colon == absl::string_view::npos) return bad("it does not begin with https://");
  Url out;
  out.scheme_ = absl::AsciiStrToLower(text.substr(0, colon));
  if (out.scheme_ != "http" && out.scheme_ != "https")
    return bad("the scheme is neither http nor https");
  absl::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t end = rest.find_first_of("/?");
  const absl::string_view authority = rest.substr(0, end);
  rest = end == absl::string_view::npos ? "" : rest.substr(end);
  if (absl::StrContains(authority, '@')) return bad("it holds a user name or password");

  absl::string_view host = authority;
  out.port_ = out.tls() ? 443 : 80;
  const size_t port_colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (port_colon != absl::string_view::npos &&
      (bracket == absl::string_view::npos || port_colon > bracket)) {
    host = authority.substr(0, port_colon);
    const absl::string_view port = authority.substr(port_colon + 1);
    if (!port.empty() && !ParsePort(port, out.port_)) {
      return bad("the port is not between 1 and 65535");
    }
  }
  std::string decoded;
  for (size_t i = 0; i < host.size(); ++i) {
    const int value = host[i] == '%' ? EncodedByte(host, i) : -1;
    decoded.push_back(value < 0 ? host[i] : static_cast<char>(value));
    if (value >= 0) i += 2;
  }
  const absl::StatusOr<std::string> canonical = CanonicalHost(decoded);
  if (!canonical.ok()) return bad(canonical.status().message());
  if (absl::StrContains(*canonical, '%')) return bad("an IPv6 address has no zone here");
  out.host_ = *canonical;

  const size_t question = rest.find('?');
  std::string path;
  if (!NormalizeEncoding(rest.substr(0, question), path) ||
      (question != absl::string_view::npos &&
       !NormalizeEncoding(rest.substr(question + 1), out.query_))) {
    return bad("a '%' is not followed by two hexadecimal digits");
  }
  out.path_ = NormalizePath(path);
  return out;
}

std::string Url::Origin() const {
  const bool usual = port_ == (tls() ? 443 : 80);
  return usual ? absl::StrCat(scheme_, "://", host_)
               : absl::StrCat(scheme_, "://", host_, ":", port_);
}

std::string Url::WithoutQuery() const { return absl::StrCat(Origin(), path_); }

std::string Url::ToString() const {
  return query_.empty() ? WithoutQuery() : absl::StrCat(WithoutQuery(), "?", query_);
}

Url Url::Join(absl::string_view path) const {
  Url out = *this;
  out.query_.clear();
  while (absl::ConsumePrefix(&path, "/")) {
  }
  if (!path.empty()) absl::StrAppend(&out.path_, "/", path);
  return out;
}

Url Url::AddQuery(absl::string_view name, absl::string_view value) const {
  Url out = *this;
  absl::StrAppend(&out.query_, out.query_.empty() ? "" : "&", PercentEncode(name), "=",
                  PercentEncode(value));
  return out;
}

absl::StatusOr<std::string> CanonicalAddress(absl::string_view text) {
  const absl::StatusOr<Url> url = Url::Parse(text);
  if (!url.ok()) return url.status();
  if (text.find_first_of("?#") != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "not a usable address: a query (?) or fragment (#) is no part of it");
  }
  return url->WithoutQuery();
}

std::string PlaceOf(absl::string_view address) {
  const absl::StatusOr<Url> url = Url::Parse(address);
  if (!url.ok()) return std::string(address);
  const std::string text = url->WithoutQuery();
  return text.substr(text.find("://") + 3);
}

std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte)) {
      out.push_back(c);
    } else {
      AppendEncoded(byte, out);
    }
  }
  return out;
}

}  // namespace muster::http
