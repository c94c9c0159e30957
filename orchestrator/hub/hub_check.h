// What is wrong with a hub, told step by step: one unauthenticated look at the connection and at what
// answers, then one reading of the list with the zone's verifier.
//
//   step         a problem when
//   dns          the name does not resolve
//   tcp          nothing takes the connection, or nothing answers in time
//   tls          the chain, the name or the dates of the certificate do not satisfy the zone's CA file,
//                or no TLS is spoken; a warning for http:// and two weeks before the end
//   clock        the hub's Date header is more than 5 minutes off: signed calls of services fail
//   redirect     the hub sends elsewhere; it is not followed
//   path         what answers there is not the hub's API: another path prefix, or no hub
//   version      - (told)
//   rate limit   429, or 5xx with Retry-After
//   credentials  the verifier is not known to the hub, or there is none
//   role         it is known and may not list instances
//   scope        it sees a part only: the hub's own instance is not in the list
//   list         the list cannot be read; a warning for what it cannot show
//
// Steps behind a problem that keeps them from being looked at are skipped.
#ifndef MUSTER_ORCHESTRATOR_HUB_HUB_CHECK_H_
#define MUSTER_ORCHESTRATOR_HUB_HUB_CHECK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/http/async_client.h"
#include "base/http/url.h"
#include "orchestrator/core/interfaces/hub_checker.h"
#include "orchestrator/hub/http_hub_client.h"

namespace muster::hub {

struct HubCheckOptions {
  HubClientOptions client;
  // Why there are no credentials in `client`; empty when there are.
  std::string no_credentials;
};

// One look. It keeps itself alive until `done` was called, on a thread of the HTTP client or in
// Start; `http`, `clock` and what `keep` uses outlive it.
class HubCheck : public std::enable_shared_from_this<HubCheck> {
 public:
  using Done = absl::AnyInvocable<void(std::vector<core::HubCheckStep>)>;

  static void Start(HubCheckOptions options, http::AsyncClient& http, const Clock& clock,
                    HttpHubClient::Keep keep, Done done);

 private:
  using Result = core::HubCheckStep::Result;

  HubCheck(HubCheckOptions options, http::Url url, http::AsyncClient& http, const Clock& clock,
           HttpHubClient::Keep keep, Done done);

  // Asks without credentials what the hub says of itself.
  void Ask(const char* path);
  void OnAnswer(const char* path, absl::StatusOr<http::Response> answer);
  void OnNoAnswer(const absl::Status& status);
  void TellConnection(const http::Response& response);
  // Whether what answered is a hub; false when the look ends here.
  bool TellAnswer(const http::Response& response);
  void LookAtRoot();
  void ReadList();
  void OnList(HubReadOutcome outcome);
  void OnRefused(const HubFailure& failed);

  void Add(absl::string_view name, Result result, std::string seen, std::string next = "");
  // The steps that are missing are skipped; the look ends.
  void End();

  HubCheckOptions options_;
  const http::Url url_;
  http::AsyncClient& http_;
  const Clock& clock_;
  HttpHubClient::Keep keep_;
  Done done_;
  Scrubber scrubber_;
  absl::Time sent_;
  std::string version_;
  bool connection_told_ = false;
  std::unique_ptr<HttpHubClient> client_;
  std::vector<core::HubCheckStep> steps_;
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HUB_CHECK_H_
