#include "base/http/curl_multi_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/http/transport_error.h"
#include "tests/base/http/awaiting_client.h"
#include "tests/base/http/client_checks.h"
#include "tests/base/http/raw_server.h"

namespace muster::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CurlClientTest, RedirectsAreNotFollowed) {
  RawServer server([](const std::string& request) {
    return request.find("GET /old") == 0
               ? std::string("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 3\r\n\r\nold")
               : Ok("new");
  });
  AwaitingClient client;
  EXPECT_EQ(client.Send(Get(server.Url("/old")))->status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(CurlClientTest, AGetOnADeadConnectionIsSentAgainUnlessForbidden) {
  std::atomic<int> count = 0;
  RawServer server(
      [&](const std::string&) { return ++count % 2 == 0 ? std::string() : Ok("alive"); });
  AwaitingClient client;
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
  AwaitingClient client;
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

TEST(CurlClientTest, TheEnvironmentsProxyIsIgnored) {
  RawServer server([](const std::string&) { return Ok("direct"); });
  AwaitingClient client;
  setenv("http_proxy", absl::StrCat("http://127.0.0.1:", RefusingPort()).c_str(), 1);
  EXPECT_TRUE(client.Send(Get(server.Url("/"))).ok());
  unsetenv("http_proxy");
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

  AwaitingClient client_;
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
}

}  // namespace
}  // namespace muster::http
