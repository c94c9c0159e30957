// The hub client against every profile of the hub double, over real HTTP (certify.md 4, 6, 8).
//
//   profile    verifier        why
//   hub2025    login           internal routes take a JWT only
//   hub2026    API token       and login, where a test is about tokens
//   hub2026s   API token
#ifndef MUSTER_TESTS_CONTRACT_HUB_CLIENT_CONTRACT_H_
#define MUSTER_TESTS_CONTRACT_HUB_CLIENT_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/curl_multi_client.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/notification.h"
#include "orchestrator/hub/http_hub_client.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::hub {

using doubles::FaultRule;
using doubles::HubCore;
using doubles::HubDouble;
using doubles::HubOptions;
using doubles::HubProfile;
using Route = core::HubList::Route;

inline constexpr char kTokenSecret[] = "canary-api-token-secret";
inline constexpr char kPassword[] = "canary-password/+1";
inline constexpr char kListPath[] = "internal/v1/hub/instances";

enum class With { kUsual, kToken, kLogin, kBoth };

class HubClientContract : public ::testing::TestWithParam<HubProfile> {
 protected:
  HubClientContract() {
    log::SetSinkForTesting([this](absl::string_view line) { Keep(line); });
  }
  ~HubClientContract() override {
    log::SetSinkForTesting(nullptr);
    EXPECT_THAT(seen_texts_, ::testing::Not(::testing::HasSubstr("canary")))
        << "a secret came to light";
  }

  bool Is2025() const { return GetParam() == HubProfile::kHub2025; }

  HubDouble& StartHub(HubOptions options = {}) {
    options.profile = GetParam();
    options.clock = doubles::SimClock::Manual();
    options.keys.push_back({.client_id = "verifier", .secret = kTokenSecret});
    options.admin_password = kPassword;
    auto hub = HubDouble::Start(std::move(options));
    EXPECT_TRUE(hub.ok()) << hub.status();
    hub_ = *std::move(hub);
    return *hub_;
  }
  // The verifier of the profile's zone unless a test is about another.
  HttpHubClient& Client(With with = With::kUsual, HubClientOptions options = {}) {
    if (with == With::kUsual) with = Is2025() ? With::kLogin : With::kToken;
    if (options.hub_url.empty()) options.hub_url = hub_->url();
    if (with != With::kLogin)
      options.api_token = NamedSecret{"verifier", Secret::CopyOf(kTokenSecret)};
    if (with != With::kToken) options.login = NamedSecret{"admin", Secret::CopyOf(kPassword)};
    auto client = HttpHubClient::Create(std::move(options), http_, *hub_->clock());
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    return *client_;
  }
  // `times` uses on the list; below 0: for ever.
  void Bend(FaultRule rule, int times = 1) {
    if (rule.path.empty()) rule.path = kListPath;
    rule.times = times;
    hub_->AddFault(std::move(rule));
  }
  void BendCanned(absl::string_view canned, int times = 1) {
    Bend({.answer = *doubles::CannedResponse(canned)}, times);
  }

  static HubReadOutcome Read(HttpHubClient& client) {
    Notification read;
    std::optional<HubReadOutcome> outcome;
    client.ReadList(false, nullptr, [&](HubReadOutcome o) {
      outcome = std::move(o);
      read.Notify();
    });
    read.WaitForNotification();
    return *std::move(outcome);
  }
  core::HubList ListOf(HubReadOutcome outcome) {
    if (const auto* failed = std::get_if<HubFailure>(&outcome)) {
      ADD_FAILURE() << TextOf(failed->failure.code) << ": " << failed->failure.detail;
      return {};
    }
    return std::get<core::HubList>(std::move(outcome));
  }
  HubFailure FailureOf(HubReadOutcome outcome) {
    if (std::holds_alternative<core::HubList>(outcome)) {
      ADD_FAILURE() << "the list was read";
      return {.failure = {FailureCode::kJoinUnknownAnswer, ""}};
    }
    HubFailure failed = std::get<HubFailure>(std::move(outcome));
    Keep(failed.failure.detail);
    EXPECT_THAT(failed.failure.detail, ::testing::Not(::testing::IsEmpty()));
    return failed;
  }
  static std::set<std::string> IdsOf(const core::HubList& list) {
    std::set<std::string> ids;
    for (const core::HubInstance& instance : list.instances) ids.insert(instance.id.value());
    return ids;
  }
  void Keep(absl::string_view text) {
    MutexLock lock(&mu_);
    absl::StrAppend(&seen_texts_, text, "\n");
  }

  Mutex mu_;
  std::string seen_texts_;  // Errors and log lines.
  http::CurlMultiClient http_;
  std::unique_ptr<HubDouble> hub_;
  std::unique_ptr<HttpHubClient> client_;
};

}  // namespace muster::hub

#endif  // MUSTER_TESTS_CONTRACT_HUB_CLIENT_CONTRACT_H_
