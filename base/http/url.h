// URLs of servers: checked once, brought to one spelling, then joined with paths. A value; pure.
// The one home of what a URL reaches: inventory, verifier, zone pins and workers all compare hubs here.
#ifndef MUSTER_BASE_HTTP_URL_H_
#define MUSTER_BASE_HTTP_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::http {

class Url {
 public:
  // http or https with a host, in canonical form: scheme in lower case, the host as CanonicalHost
  // (base/host.h) after its %XX are decoded, no port that is the scheme's own, "." and ".." of the
  // path resolved, %XX of it in capitals and only where needed, no '/' at its end, no fragment.
  // InvalidArgument with the reason for anything else, for user info ("user:password@"), for
  // spaces, control characters and backslashes.
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

  // Equal texts after Parse: two spellings of one URL are equal.
  friend bool operator==(const Url&, const Url&) = default;

 private:
  Url() = default;
  std::string scheme_;
  std::string host_;
  int port_ = 0;
  std::string path_;
  std::string query_;
};

// The address of a server such as a hub, as configured and stored: Url::Parse's canonical text.
// InvalidArgument also for a query and a fragment, with the reason.
absl::StatusOr<std::string> CanonicalAddress(absl::string_view text);
// Where an address leads, whatever the protocol: "hub.example/prefix", with the port when it is
// not the scheme's own. http and https of one host lead to one hub. The text itself when it is no
// address.
std::string PlaceOf(absl::string_view address);

// Everything but letters, digits and "-._~" as %XX: for a segment of a path or a part of a query.
std::string PercentEncode(absl::string_view text);

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_URL_H_
