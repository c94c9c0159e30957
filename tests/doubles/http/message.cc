#include "tests/doubles/http/message.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace muster::doubles {
namespace {

std::string FindField(const Fields& fields, absl::string_view name) {
  for (const auto& [key, value] : fields) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

}  // namespace

std::string Request::Header(absl::string_view name) const { return FindField(headers, name); }

std::string Request::Query(absl::string_view name) const { return FindField(query, name); }

std::vector<std::string> Request::QueryAll(absl::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (absl::EqualsIgnoreCase(key, name)) values.push_back(value);
  }
  return values;
}

void Request::ParseTarget() {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  path = PercentDecode(parts.first, false);
  query.clear();
  for (absl::string_view field : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    query.emplace_back(PercentDecode(pair.first, true), PercentDecode(pair.second, true));
  }
}

std::string Response::Header(absl::string_view name) const { return FindField(headers, name); }

Response JsonResponse(const Json& body, bool indent) {
  Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = DumpJson(body, indent);
  return response;
}

Response TextResponse(std::string body) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

Response StatusResponse(int status) {
  Response response;
  response.status = status;
  return response;
}

absl::string_view StatusPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

Response ProblemResponse(int status, absl::string_view detail, absl::string_view title,
                         absl::string_view type) {
  Json body;
  body["type"] = type.empty() ? absl::StrCat("https://tools.ietf.org/html/rfc9110#", status)
                              : std::string(type);
  body["title"] = std::string(title.empty() ? StatusPhrase(status) : title);
  body["status"] = status;
  if (!detail.empty()) body["detail"] = std::string(detail);
  body["traceId"] = "00-00000000000000000000000000000000-0000000000000000-00";
  Response response = JsonResponse(body, true);
  response.status = status;
  response.content_type = "application/problem+json";
  return response;
}

std::optional<Json> ParseJson(absl::string_view text) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string DumpJson(const Json& json, bool indent) {
  return json.dump(indent ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

const Json& JsonField(const Json& json, absl::string_view name) {
  static const Json* const kNull = new Json(nullptr);
  if (!json.is_object()) return *kNull;
  for (auto it = json.begin(); it != json.end(); ++it) {
    if (absl::EqualsIgnoreCase(it.key(), name)) return it.value();
  }
  return *kNull;
}

std::string JsonText(const Json& json, absl::string_view name, absl::string_view otherwise) {
  const Json& field = JsonField(json, name);
  return field.is_string() ? *field.get_ptr<const std::string*>() : std::string(otherwise);
}

double JsonNumber(const Json& json, absl::string_view name, double otherwise) {
  const Json& field = JsonField(json, name);
  return field.is_number() ? field.get<double>() : otherwise;
}

bool JsonBool(const Json& json, absl::string_view name, bool otherwise) {
  const Json& field = JsonField(json, name);
  return field.is_boolean() ? field.get<bool>() : otherwise;
}

std::string IsoTime(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E7S%Ez", time, zone);
}

std::optional<absl::Time> ParseIsoTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return std::nullopt;
}

std::string PercentDecode(absl::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2])) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || absl::StrContains("-._~", absl::string_view(&c, 1))) {
      out += c;
    } else {
      absl::StrAppend(&out, "%",
                      absl::AsciiStrToUpper(absl::BytesToHexString(absl::string_view(&c, 1))));
    }
  }
  return out;
}

}  // namespace muster::doubles
