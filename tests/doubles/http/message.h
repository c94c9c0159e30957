// HTTP messages as the doubles see them, and the small readers that both doubles share.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_MESSAGE_H_
#define MUSTER_TESTS_DOUBLES_HTTP_MESSAGE_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::doubles {

// Keeps the order of members, as the real programs do.
using Json = nlohmann::ordered_json;

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;  // path and query as received
  std::string path;    // decoded, without the query
  Fields query;        // decoded
  Fields headers;
  std::string body;
  std::string peer;               // the caller's address
  std::vector<std::string> args;  // what the route's {} matched, set by Router

  // The value of a header or query field, empty when absent. Names are compared without case.
  std::string Header(absl::string_view name) const;
  std::string Query(absl::string_view name) const;
  std::vector<std::string> QueryAll(absl::string_view name) const;
  // Fills path and query from target.
  void ParseTarget();
};

struct Response {
  int status = 200;
  std::string content_type;  // empty: no Content-Type header
  std::string body;
  Fields headers;
  absl::Duration delay = absl::ZeroDuration();  // waits before it is sent
  bool lose = false;                            // closes the connection instead of answering
  bool truncate = false;                        // sends half of the body, then closes
  std::function<void()> then;                   // set: runs after `delay` instead of an answer

  std::string Header(absl::string_view name) const;
};

using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

Response JsonResponse(const Json& body, bool indent = false);
Response TextResponse(std::string body);
Response StatusResponse(int status);  // no body

// application/problem+json {"type","title","status","detail","traceId"}; `title` empty: the status'
// phrase, `detail` empty: not written.
Response ProblemResponse(int status, absl::string_view detail, absl::string_view title = "",
                         absl::string_view type = "");
absl::string_view StatusPhrase(int status);

// Parses without exceptions; nullopt when `text` is not JSON.
std::optional<Json> ParseJson(absl::string_view text);
// Writes without exceptions: bytes that are not UTF-8 are replaced.
std::string DumpJson(const Json& json, bool indent = false);

// Member `name`, compared without case; null when absent or when `json` is no object.
const Json& JsonField(const Json& json, absl::string_view name);
// The same as a value; `otherwise` when absent, null or of another type.
std::string JsonText(const Json& json, absl::string_view name, absl::string_view otherwise = "");
double JsonNumber(const Json& json, absl::string_view name, double otherwise = 0);
bool JsonBool(const Json& json, absl::string_view name, bool otherwise = false);

// 2026-07-18T09:00:30.1234567+00:00: seven fraction digits and the offset of `zone`.
std::string IsoTime(absl::Time time, absl::TimeZone zone = absl::UTCTimeZone());
std::optional<absl::Time> ParseIsoTime(absl::string_view text);

std::string PercentDecode(absl::string_view text, bool plus_is_space);
std::string PercentEncode(absl::string_view text);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_MESSAGE_H_
