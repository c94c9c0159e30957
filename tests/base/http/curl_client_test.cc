#include "base/http/curl_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/http/transport_error.h"
#include "tests/base/http/raw_server.h"

namespace muster::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Request Get(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

Request Post(const std::string& url, Text body) {
  Request request;
  request.method = "POST";
  request.url = url;
  request.SetJson(std::move(body));
  return request;
}

void ExpectError(const absl::StatusOr<Response>& answer, TransportError error,
                 bool may_have_been_sent) {
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(TransportErrorOf(answer.status()), error) << answer.status();
  EXPECT_EQ(RequestMayHaveBeenSent(answer.status()), may_have_been_sent) << answer.status();
}

TEST(CurlClientTest, SendsAndReceivesEverything) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 404 Not Found\r\nX-One: first\r\nx-one: second\r\nContent-Length: 4\r\n\r\nbody");
  });
  CurlClient client;
  Request request = Post(server.Url("/api/join?x=1"), Secret::CopyOf(R"({"secret":"s"})"));
  request.AddHeader("X-Client-Secret", Secret::CopyOf("hidden"));
  request.AddHeader("X-Empty", "");
  const auto answer = client.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "body");
  EXPECT_EQ(answer->FindHeader("X-ONE"), "first");
  EXPECT_EQ(answer->FindHeader("X-Two"), std::nullopt);
  ASSERT_EQ(server.requests().size(), 1u);
  const std::string seen = server.requests()[0];
  EXPECT_THAT(seen, StartsWith("POST /api/join?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nX-Client-Secret: hidden\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nX-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
  EXPECT_THAT(seen, HasSubstr("\r\n\r\n{\"secret\":\"s\"}"));
}

TEST(CurlClientTest, OtherMethods) {
  RawServer server([](const std::string& request) {
    return request.find("HEAD") == 0 ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
                                     : std::string("HTTP/1.1 204 No Content\r\n\r\n");
  });
  CurlClient client;
  for (const char* method : {"HEAD", "PUT", "DELETE", "POST", "OPTIONS"}) {
    Request request = Get(server.Url("/x"));
    request.method = method;
    const auto answer = client.Send(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, "");
    EXPECT_THAT(server.requests().back(), StartsWith(absl::StrCat(method, " /x HTTP/1.1\r\n")));
    EXPECT_THAT(server.requests().back(), Not(HasSubstr("urlencoded")));
  }
}

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

TEST(CurlClientTest, NobodyListensOrNoSuchHost) {
  CurlClient client;
  const std::string refusing =
      absl::StrCat("http://127.0.0.1:", RefusingPort(), "/path?token=canary");
  const auto refused = client.Send(Post(refusing, Secret::CopyOf("canary")));
  ExpectError(refused, TransportError::kRefused, false);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("/path: "));
  EXPECT_THAT(std::string(refused.status().message()), Not(HasSubstr("canary")));
  // No name ends so (RFC 6761), with and without a resolver that could be asked.
  ExpectError(client.Send(Get("http://no-such-host.invalid/")), TransportError::kDns, false);
  // A label of more than 63 letters is no address.
  ExpectError(client.Send(Get(absl::StrCat("http://", std::string(70, 'a'), ".test/"))),
              TransportError::kNone, false);
}

TEST(CurlClientTest, AnAnswerThatDoesNotComeInTimeLeavesDoubt) {
  absl::Notification end;
  RawServer server([&](const std::string&) {
    end.WaitForNotification();
    return std::string();
  });
  CurlClient client;
  Request request = Post(server.Url("/"), "{}");
  request.total_timeout = absl::Milliseconds(200);
  ExpectError(client.Send(request), TransportError::kTimeout, true);
  end.Notify();
}

TEST(CurlClientTest, AConnectionThatEndsWithoutAnAnswerLeavesDoubt) {
  RawServer server([](const std::string&) { return std::string(); });
  CurlClient client;
  ExpectError(client.Send(Post(server.Url("/"), "{}")), TransportError::kReset, true);
}

TEST(CurlClientTest, HalfAnAnswerIsNone) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n[{\"a\":");
  });
  CurlClient client;
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kReset, true);
}

TEST(CurlClientTest, APostIsNeverSentTwice) {
  RawServer server([](const std::string& request) {
    return request.find("GET") == 0 ? Ok("kept") : std::string();
  });
  CurlClient client;
  ASSERT_TRUE(client.Send(Get(server.Url("/"))).ok());
  ExpectError(client.Send(Post(server.Url("/join"), "{}")), TransportError::kReset, true);
  EXPECT_EQ(server.requests().size(), 2u);
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
}

TEST(CurlClientTest, ServesManyThreads) {
  RawServer server(
      [](const std::string& request) { return Ok(request.substr(4, request.find(" HTTP") - 4)); });
  CurlClient client;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string path = absl::StrCat("/", t, "/", i);
        const auto answer = client.Send(Get(server.Url(path)));
        if (answer.ok() && answer->body == path) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_LE(server.connections(), 8);
}

TEST(CurlClientTest, AnswersBeyondTheLimitAreDropped) {
  RawServer server([](const std::string& request) {
    if (request.find("GET /headers") == 0)
      return absl::StrCat("HTTP/1.1 200 OK\r\nX: ", std::string(90'000, 'a'),
                          "\r\nY: ", std::string(90'000, 'a'), "\r\nZ: ", std::string(90'000, 'a'),
                          "\r\n\r\n");
    return Ok(std::string(1001, 'x'));
  });
  CurlClient client;
  Request request = Get(server.Url("/"));
  request.max_response_bytes = 1001;
  EXPECT_TRUE(client.Send(request).ok());
  request.max_response_bytes = 1000;
  ExpectError(client.Send(request), TransportError::kTooLarge, true);
  EXPECT_FALSE(client.Send(Get(server.Url("/headers"))).ok());
}

TEST(CurlClientTest, WhatDoesNotSpeakHttpIsMalformed) {
  RawServer server([](const std::string&) {
    return std::string("SSH-2.0-OpenSSH_9.2\r\n\r\nConnection: close");
  });
  CurlClient client;
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kMalformed, true);
}

TEST(CurlClientTest, StopEndsWhatHangs) {
  absl::Notification arrived;
  absl::Notification end;
  RawServer server([&](const std::string&) {
    arrived.Notify();
    end.WaitForNotification();
    return std::string();
  });
  CurlClient client;
  std::thread stopper([&] {
    arrived.WaitForNotification();
    client.Stop();
  });
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kCanceled, true);
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kCanceled, false);
  stopper.join();
  end.Notify();
}

TEST(CurlClientTest, RequestsThatCannotBeSentAreRefused) {
  CurlClient client;
  const auto refused = [&](Request request) {
    const auto answer = client.Send(request);
    EXPECT_TRUE(absl::IsInvalidArgument(answer.status())) << answer.status();
    EXPECT_FALSE(RequestMayHaveBeenSent(answer.status()));
    EXPECT_THAT(std::string(answer.status().message()), Not(HasSubstr("canary")));
  };
  refused(Get("ftp://127.0.0.1/"));
  Request request = Get("http://127.0.0.1/");
  request.AddHeader("X", Secret::CopyOf("canary\r\nY: z"));
  refused(std::move(request));
  request = Get("http://127.0.0.1/");
  request.AddHeader("X: y", "v");
  refused(std::move(request));
  request = Get("http://127.0.0.1/");
  request.method = "GET / HTTP/1.1\r\nX:";
  refused(std::move(request));
  request = Get("https://127.0.0.1/");
  request.tls.pinned_spki_sha256 = {"abc"};
  refused(std::move(request));
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

TEST(CurlClientTest, AChallengeThatCannotBeMetIsAnAnswer) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n");
  });
  CurlClient client;
  Request request = Get(server.Url("/"));
  request.negotiate = true;
  const auto answer = client.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->FindHeader("www-authenticate"), "Negotiate");
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
