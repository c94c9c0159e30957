// A user's login at one hub: user name and password for an access token, which lives some minutes,
// and a refresh token, which is good for one use and dies with the hub's process (certify.md 4.2).
//
//   Renew ─► refresh token there? ─► refresh ──200──► new pair
//                │ no                   └─ anything else but 429 ─┐
//                └────────────────────────────────────────────────┴─► login ──200──► new pair
#ifndef MUSTER_ORCHESTRATOR_HUB_HUB_LOGIN_H_
#define MUSTER_ORCHESTRATOR_HUB_HUB_LOGIN_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http/async_client.h"
#include "base/http/client.h"
#include "base/http/url.h"
#include "base/secret.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/hub_failure.h"

namespace muster::hub {

// Not thread-safe.
class HubLogin {
 public:
  // Sends a request with the hub's TLS options and time limits, as http::AsyncClient::Start does.
  using Sender = std::function<void(http::Request, http::AsyncClient::Done)>;
  // Nothing when there is a new access token.
  using Done = absl::AnyInvocable<void(std::optional<HubFailure>)>;

  // `scrubber` and `send` outlive this object; the password and each token are added to the former.
  HubLogin(http::Url hub_url, std::string username, Secret password, Scrubber& scrubber,
           Sender send);

  // The present access token; empty before the first Renew and after one that failed.
  const Secret& access_token() const { return access_token_; }

  // Gets a new access token, by one or two requests. E-HUB-AUTH: the hub does not accept user and
  // password. One at a time; does not block.
  void Renew(Done done);

 private:
  void LogIn(Done done);
  // Keeps the tokens of a 200. The failure when there is none in it.
  std::optional<HubFailure> Accept(absl::string_view request_line, http::Response response);

  const http::Url hub_url_;
  const std::string username_;
  const Secret password_;
  Scrubber& scrubber_;
  const Sender send_;
  size_t lasting_secrets_ = 0;  // In the scrubber; tokens come behind them.
  Secret access_token_;
  Secret refresh_token_;
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HUB_LOGIN_H_
