#include "base/http/curl_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/http/transport_error.h"
#include "tests/base/http/client_checks.h"
#include "tests/base/http/raw_server.h"

namespace muster::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CurlClientTest, RedirectsAreFollowedOnlyWhenAskedAndNeverWithASecret) {
  RawServer server([](const std::string& request) {
    return request.find("GET /old") == 0
               ? std::string("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 3\r\n\r\nold")
               : Ok("new");
  });
  CurlClient client;
  EXPECT_EQ(client.Send(Get(server.Url("/old")))->status, 302);
  Request following = Get(server.Url("/old"));
  following.follow_redirects = true;
  EXPECT_EQ(client.Send(following)->body, "new");
  following.AddHeader("X-Client-Secret", Secret::CopyOf("s"));
  const size_t before = server.requests().size();
  const auto refused = client.Send(following);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_FALSE(RequestMayHaveBeenSent(refused.status()));
  EXPECT_EQ(server.requests().size(), before);
}

TEST(CurlClientTest, AGetOnADeadConnectionIsSentAgainUnlessForbidden) {
  std::atomic<int> count = 0;
  RawServer server(
      [&](const std::string&) { return ++count % 2 == 0 ? std::string() : Ok("alive"); });
  CurlClient client;
  ASSERT_TRUE(client.Send(Get(server.Url("/"))).ok());
  ASSERT_TRUE(client.Send(Get(server.Url("/"))).ok());
  EXPECT_EQ(count, 3);
  Request once = Get(server.Url("/"));
  once.send_once = true;
  ExpectError(client.Send(once), TransportError::kReset, true);
  EXPECT_EQ(count, 4);
}

TEST(CurlClientTest, KeepsConnections) {
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlClient client;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.Send(Get(server.Url("/"))).ok());
  EXPECT_EQ(server.connections(), 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.Send(Get(server.Url("/"))).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(server.connections(), 9);
}

TEST(CurlClientTest, TheEnvironmentsProxyIsIgnoredUnlessAskedFor) {
  RawServer server([](const std::string&) { return Ok("direct"); });
  CurlClient client;
  setenv("http_proxy", absl::StrCat("http://127.0.0.1:", RefusingPort()).c_str(), 1);
  EXPECT_TRUE(client.Send(Get(server.Url("/"))).ok());
  Request proxied = Get(server.Url("/"));
  proxied.use_environment_proxy = true;
  proxied.send_once = true;
  ExpectError(client.Send(proxied), TransportError::kRefused, false);
  unsetenv("http_proxy");
}

TEST(CurlClientTest, ConnectsFromTheGivenAddress) {
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlClient client;
  Request request = Get(server.Url("/"));
  request.source_address = "127.0.0.9";
  EXPECT_TRUE(client.Send(request).ok());
  request.source_address = "192.0.2.1";
  request.send_once = true;
  EXPECT_FALSE(client.Send(request).ok());
}

TEST(CurlClientTest, APinThatIsNoneIsRefused) {
  CurlClient client;
  Request request = Get("https://127.0.0.1/");
  request.tls.pinned_spki_sha256 = {"abc"};
  EXPECT_TRUE(absl::IsInvalidArgument(client.Send(request).status()));
}

class CurlClientTlsTest : public testing::Test {
 protected:
  static RawServer::Identity Make(const std::string& ip) {
    const crypto::PrivateKey key = *crypto::PrivateKey::Generate();
    return {*crypto::SelfSign(key,
                              {.subject_common_name = "hub",
                               .ip_sans = {ip},
                               .not_before = absl::Now() - absl::Hours(1),
                               .not_after = absl::Now() + absl::Hours(1),
                               .server = true},
                              crypto::SecureRandom()),
            key};
  }
  absl::StatusOr<Response> Send(RawServer& server, TlsOptions tls) {
    Request request = Get(server.Url("/"));
    request.tls = std::move(tls);
    return client_.Send(request);
  }
  static std::string Answer(const std::string&) { return Ok("secure"); }

  CurlClient client_;
  RawServer::Identity identity_ = Make("127.0.0.1");
  RawServer server_{&Answer, &identity_};
};

TEST_F(CurlClientTlsTest, TrustsTheGivenAuthoritiesOnly) {
  EXPECT_EQ(Send(server_, {.ca_pem = identity_.certificate.ToPem()})->body, "secure");
  // The kept connection of the request above must not serve one that trusts others.
  ExpectError(Send(server_, {}), TransportError::kTls, false);
  ExpectError(Send(server_, {.ca_pem = Make("127.0.0.1").certificate.ToPem()}),
              TransportError::kTls, false);
  ExpectError(Send(server_, {.ca_pem = "garbage"}), TransportError::kTls, false);
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CurlClientTlsTest, TheNameMustFit) {
  const RawServer::Identity other = Make("10.0.0.1");
  RawServer server(&Answer, &other);
  ExpectError(Send(server, {.ca_pem = other.certificate.ToPem()}), TransportError::kTls, false);
  EXPECT_TRUE(Send(server, {.insecure_skip_verify = true}).ok());
}

TEST_F(CurlClientTlsTest, APinHoldsWithAndWithoutVerification) {
  const std::string right = identity_.key.public_key().Fingerprint();
  const std::string wrong = crypto::PrivateKey::Generate()->public_key().Fingerprint();
  const std::string ca = identity_.certificate.ToPem();
  EXPECT_TRUE(
      Send(server_, {.pinned_spki_sha256 = {wrong, right}, .insecure_skip_verify = true}).ok());
  ExpectError(Send(server_, {.pinned_spki_sha256 = {wrong}, .insecure_skip_verify = true}),
              TransportError::kTls, false);
  EXPECT_TRUE(Send(server_, {.ca_pem = ca, .pinned_spki_sha256 = {right}}).ok());
  ExpectError(Send(server_, {.ca_pem = ca, .pinned_spki_sha256 = {wrong}}), TransportError::kTls,
              false);
  ExpectError(Send(server_, {.pinned_spki_sha256 = {right}}), TransportError::kTls, false);
}

}  // namespace
}  // namespace muster::http
