// One hub, read over its HTTP API (certify.md 4.1 to 4.5 and 8), with one set of credentials.
//
//   ReadList ─► GET /internal/v1/hub/instances ──404──► GET /api/v1/hub/instances
//                 │ 401                                  (2026: summary, 2024: legacy array)
//                 ├─ API token refused, a login is configured ─► log in, once again
//                 └─ access token expired ─► refresh, or log in ─► once again
//
// A hub that answered 429 is left alone until the time it named, a quarter of an hour at most: reads
// before that fail from memory, unless somebody insists. Redirects are never followed, for the credentials would go along.
#ifndef MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_
#define MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/http/client.h"
#include "base/http/url.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/hub_failure.h"
#include "orchestrator/hub/hub_login.h"

namespace muster::hub {

// Client id and secret of an API token, or name and password of a user.
struct NamedSecret {
  std::string name;
  Secret secret;
};

struct HubClientOptions {
  std::string hub_url;
  std::string ca_pem;                    // Empty: the system's trust anchors.
  std::optional<NamedSecret> api_token;  // Tried first. Hubs before 2026 take it on few routes.
  std::optional<NamedSecret> login;
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration total_timeout = absl::Seconds(60);  // Of one request; a big list is several MB.
  size_t max_list_bytes = 256 << 20;
};

// What the hub says about itself to everyone.
struct HubFacts {
  std::string instance_id;  // Of the hub's own instance; empty when not told.
  std::string version;
  std::string product;
};

using HubReadOutcome = std::variant<core::HubList, HubFailure>;

// Not thread-safe: one read at a time.
class HttpHubClient {
 public:
  // InvalidArgument for a hub URL that is none. `http` and `clock` outlive the client.
  static absl::StatusOr<std::unique_ptr<HttpHubClient>> Create(HubClientOptions options,
                                                               http::Client& http,
                                                               const Clock& clock);

  // Blocks for up to some requests' total_timeout. Failures as in hub_failure.h. The list is whole
  // when the hub's own instance is in it (who may see only a part does not see that), every record
  // could be read, and the list shows that it holds disconnected instances, too.
  // `insist`: also when the hub wants to be left alone.
  HubReadOutcome ReadList(bool insist = false);

  // As of the last list.
  const HubFacts& facts() const { return facts_; }

 private:
  // An answer of 200 or 404, and how far its sender's clock is off.
  struct Answer {
    http::Response response;
    absl::Duration clock_offset;
  };
  template <typename T>
  using Outcome = std::variant<T, HubFailure>;

  HttpHubClient(HubClientOptions options, http::Url url, http::Client& http, const Clock& clock);

  HubReadOutcome Read();
  Outcome<Answer> Get(absl::string_view path);
  // One GET with the credentials that are in use; a refusal of any kind is an answer here.
  absl::StatusOr<Answer> SendAuthorized(absl::string_view path);
  absl::StatusOr<http::Response> Send(http::Request request) const;
  HubReadOutcome ToList(absl::string_view path, const Answer& answer);
  void LearnFacts();
  std::string RequestLine(absl::string_view path) const;

  HubClientOptions options_;
  const http::Url url_;
  http::Client& http_;
  const Clock& clock_;
  Scrubber scrubber_;
  std::optional<HubLogin> login_;
  bool token_refused_ = false;  // The login is in use instead.
  absl::Time not_before_ = absl::InfinitePast();
  HubFacts facts_;
  absl::Time facts_time_ = absl::InfinitePast();
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_
