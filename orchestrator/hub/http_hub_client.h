// One hub, read over its HTTP API (certify.md 4.1 to 4.5 and 8), with one set of credentials.
//
//   ReadList ─► GET /internal/v1/hub/instances ──404──► GET /api/v1/hub/instances
//                 │ 401                                  (2026: summary, 2024: legacy array)
//                 ├─ API token refused, a login is configured ─► log in, once again
//                 └─ access token expired ─► refresh, or log in ─► once again
//
// A hub that answered 429, or 5xx with Retry-After, is left alone until the time it named, a quarter
// of an hour at most: reads before that fail from memory, unless somebody insists. Redirects are
// never followed, for the credentials would go along.
#ifndef MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_
#define MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/http/async_client.h"
#include "base/http/client.h"
#include "base/http/url.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/hub_failure.h"
#include "orchestrator/hub/hub_login.h"
#include "orchestrator/hub/instance_list.h"

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
  absl::Duration stall_timeout = absl::Seconds(15);  // Without a hundred bytes a second.
  size_t max_list_bytes = 256 << 20;                 // As sent, unpacked; what is kept is less.
  InstanceListLimits list_limits;
  std::string pace_group;  // http::Request::pace_group.
};

// What the hub says about itself to everyone.
struct HubFacts {
  std::string instance_id;  // Of the hub's own instance; empty when not told.
  std::string version;
  std::string product;
};

using HubReadOutcome = std::variant<core::HubList, HubFailure>;

// Not thread-safe: one read at a time. Each step of it is taken where the HTTP client calls back.
class HttpHubClient {
 public:
  // InvalidArgument for a hub URL that is none. `http` and `clock` outlive the client.
  static absl::StatusOr<std::unique_ptr<HttpHubClient>> Create(HubClientOptions options,
                                                               http::AsyncClient& http,
                                                               const Clock& clock);
  ~HttpHubClient();

  using Done = absl::AnyInvocable<void(HubReadOutcome)>;
  // Asked before memory of the list is kept; a reason when it may not be, which ends the read.
  using Keep = std::function<std::optional<std::string>(size_t bytes)>;

  // Calls `done` once, possibly before it returns; the client may be destroyed from there. Does not
  // block. Failures as in hub_failure.h. The list is whole when the hub's own instance is in it
  // (who may see only a part does not see that), every record could be read, and the list shows
  // that it holds disconnected instances, too. `insist`: also when the hub wants to be left alone.
  void ReadList(bool insist, Keep keep, Done done);

  // As of the last list.
  const HubFacts& facts() const { return facts_; }

 private:
  // One read, from ReadList to its `done`.
  struct Reading {
    Keep keep;
    Done done;
    const char* path = nullptr;
    bool renewed = false;  // For this path: a token that is refused at once is not renewed again.
    absl::Time sent;
    absl::Duration clock_offset;
    std::string refusal;  // Keep's.
    std::unique_ptr<InstanceListReader> list;
    std::string other_body;  // The beginning of an answer that is no list.
  };

  HttpHubClient(HubClientOptions options, http::Url url, http::AsyncClient& http,
                const Clock& clock);

  void Ask(const char* path);
  void Renew();
  // One GET with the credentials that are in use.
  void SendAuthorized();
  bool OnPiece(const http::Response& head, absl::string_view piece);
  void OnAnswer(absl::StatusOr<http::Response> answer);
  void OnList();
  void OnRefused(const http::Response& response);
  void Conclude(InstanceList parsed);
  void End(HubReadOutcome outcome);
  void Send(http::Request request, http::AsyncClient::Done done) const;
  // What the hub says about itself; then `then`.
  void LearnFacts(absl::AnyInvocable<void()> then);
  void GetJson(const char* path, absl::AnyInvocable<void(const nlohmann::json&)> then);
  void KeepFacts(const std::string& instance_id, const nlohmann::json& version);
  std::string RequestLine(absl::string_view path) const;

  HubClientOptions options_;
  const http::Url url_;
  http::AsyncClient& http_;
  const Clock& clock_;
  Scrubber scrubber_;
  std::optional<HubLogin> login_;
  bool token_refused_ = false;  // The login is in use instead.
  absl::Time not_before_ = absl::InfinitePast();
  FailureCode wish_code_{};  // Of the answer that said so.
  HubFacts facts_;
  absl::Time facts_time_ = absl::InfinitePast();
  std::unique_ptr<Reading> reading_;
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_CLIENT_H_
