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

#include "absl/status/statusor.h"
#include "base/http/client.h"
#include "base/http/url.h"
#include "base/secret.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/hub_failure.h"

namespace muster::hub {

// Not thread-safe.
class HubLogin {
 public:
  // Sends a request with the hub's TLS options and time limits.
  using Sender = std::function<absl::StatusOr<http::Response>(http::Request)>;

  // `scrubber` and `send` outlive this object; the password and each token are added to the former.
  HubLogin(http::Url hub_url, std::string username, Secret password, Scrubber& scrubber,
           Sender send);

  // The present access token; empty before the first Renew and after one that failed.
  const Secret& access_token() const { return access_token_; }

  // Gets a new access token. Blocks for one or two requests. E-HUB-AUTH: the hub does not accept
  // user and password.
  std::optional<HubFailure> Renew();

 private:
  std::optional<HubFailure> LogIn();
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
