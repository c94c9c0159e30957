// URLs of servers: checked once, then joined with paths. A value; pure.
#ifndef MUSTER_BASE_HTTP_URL_H_
#define MUSTER_BASE_HTTP_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::http {

class Url {
 public:
  // http or https with a host; scheme and host in lower case, '/' at the end of the path dropped, a
  // fragment dropped. InvalidArgument for anything else, for user info ("user:password@"), and for
  // spaces and control characters.
  static absl::StatusOr<Url> Parse(absl::string_view text);

  const std::string& scheme() const { return scheme_; }
  const std::string& host() const { return host_; }  // IPv6 with brackets.
  int port() const { return port_; }                 // The scheme's own when the text names none.
  const std::string& path() const { return path_; }  // "" or "/prefix", as encoded in the text.
  bool tls() const { return scheme_ == "https"; }

  // "https://hub.example:8443"; the port only when it is not the scheme's own.
  std::string Origin() const;
  // Origin and path, without the query: what logs and errors show.
  std::string WithoutQuery() const;
  std::string ToString() const;

  // This URL with `path` ("api/v1/x" or "/api/v1/x", encoded already) behind its own path. The
  // query goes.
  Url Join(absl::string_view path) const;
  // This URL with name=value behind its query, both encoded here.
  Url AddQuery(absl::string_view name, absl::string_view value) const;

  // Equal texts after Parse: two spellings of one place are equal.
  friend bool operator==(const Url&, const Url&) = default;

 private:
  Url() = default;
  std::string scheme_;
  std::string host_;
  int port_ = 0;
  std::string path_;
  std::string query_;
};

// Everything but letters, digits and "-._~" as %XX: for a segment of a path or a part of a query.
std::string PercentEncode(absl::string_view text);

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_URL_H_
