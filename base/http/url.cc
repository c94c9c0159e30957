#include "base/http/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::http {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// "" when the URL has no such part.
std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return "";
  std::string out(text);
  curl_free(text);
  return out;
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
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (url == nullptr) return absl::ResourceExhaustedError("parse a URL: out of memory");
  const CURLUcode code =
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return bad(curl_url_strerror(code));
  Url out;
  out.scheme_ = Part(url.get(), CURLUPART_SCHEME);
  if (out.scheme_ != "http" && out.scheme_ != "https")
    return bad("the scheme is neither http nor https");
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return bad("it holds a user name or password");
  }
  out.host_ = absl::AsciiStrToLower(Part(url.get(), CURLUPART_HOST));
  if (out.host_.empty()) return bad("the host is missing");
  if (!absl::SimpleAtoi(Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT), &out.port_) ||
      out.port_ <= 0 || out.port_ > 65535) {
    return bad("the port is not between 1 and 65535");
  }
  out.path_ = Part(url.get(), CURLUPART_PATH);
  while (!out.path_.empty() && out.path_.back() == '/') out.path_.pop_back();
  out.query_ = Part(url.get(), CURLUPART_QUERY);
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

std::string PercentEncode(absl::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

}  // namespace muster::http
