// What every Client does the same: the one for hubs and the one for local services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "base/http/beast_client.h"
#include "base/http/tcp_transport.h"
#include "base/notification.h"
#include "tests/base/http/awaiting_client.h"
#include "tests/base/http/client_checks.h"
#include "tests/base/http/raw_server.h"

namespace muster::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Literals only: the transport asks nobody for names.
absl::StatusOr<std::vector<std::string>> Literal(const std::string& host) {
  if (host == "127.0.0.1") return std::vector<std::string>{host};
  return std::vector<std::string>();
}

struct LocalClient {
  TcpTransport transport{{.resolve = &Literal}};
  BeastClient client{transport};
};
struct HubClient {
  AwaitingClient client;
};

template <typename T>
class ClientContract : public testing::Test {
 protected:
  Client& client() { return world_.client; }
  void Stop() { world_.client.Stop(); }

 private:
  T world_;
};

using BothClients = testing::Types<HubClient, LocalClient>;
struct NamesOfClients {
  template <typename T>
  static std::string GetName(int index) {
    return index == 0 ? "Hub" : "Local";
  }
};
TYPED_TEST_SUITE(ClientContract, BothClients, NamesOfClients);

TYPED_TEST(ClientContract, SendsAndReceivesEverything) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 404 Not Found\r\nX-One: first\r\nx-one: second\r\nContent-Length: 4\r\n\r\nbody");
  });
  auto& client = this->client();
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

TYPED_TEST(ClientContract, OtherMethods) {
  RawServer server([](const std::string& request) {
    return request.find("HEAD") == 0 ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
                                     : std::string("HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto& client = this->client();
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

TYPED_TEST(ClientContract, AnAnswerThatDoesNotComeInTimeLeavesDoubt) {
  Notification end;
  RawServer server([&](const std::string&) {
    end.WaitForNotification();
    return std::string();
  });
  auto& client = this->client();
  Request request = Post(server.Url("/"), "{}");
  request.total_timeout = absl::Milliseconds(200);
  ExpectError(client.Send(request), TransportError::kTimeout, true);
  end.Notify();
}

TYPED_TEST(ClientContract, AConnectionThatEndsWithoutAnAnswerLeavesDoubt) {
  RawServer server([](const std::string&) { return std::string(); });
  auto& client = this->client();
  ExpectError(client.Send(Post(server.Url("/"), "{}")), TransportError::kReset, true);
}

TYPED_TEST(ClientContract, HalfAnAnswerIsNone) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n[{\"a\":");
  });
  auto& client = this->client();
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kReset, true);
}

TYPED_TEST(ClientContract, APostIsNeverSentTwice) {
  RawServer server([](const std::string& request) {
    return request.find("GET") == 0 ? Ok("kept") : std::string();
  });
  auto& client = this->client();
  ASSERT_TRUE(client.Send(Get(server.Url("/"))).ok());
  ExpectError(client.Send(Post(server.Url("/join"), "{}")), TransportError::kReset, true);
  EXPECT_EQ(server.requests().size(), 2u);
}

TYPED_TEST(ClientContract, ServesManyThreads) {
  RawServer server(
      [](const std::string& request) { return Ok(request.substr(4, request.find(" HTTP") - 4)); });
  auto& client = this->client();
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
}

TYPED_TEST(ClientContract, AnswersBeyondTheLimitAreDropped) {
  RawServer server([](const std::string& request) {
    if (request.find("GET /headers") == 0)
      return absl::StrCat("HTTP/1.1 200 OK\r\nX: ", std::string(90'000, 'a'),
                          "\r\nY: ", std::string(90'000, 'a'), "\r\nZ: ", std::string(90'000, 'a'),
                          "\r\n\r\n");
    return Ok(std::string(1001, 'x'));
  });
  auto& client = this->client();
  Request request = Get(server.Url("/"));
  request.max_response_bytes = 1001;
  EXPECT_TRUE(client.Send(request).ok());
  request.max_response_bytes = 1000;
  ExpectError(client.Send(request), TransportError::kTooLarge, true);
  EXPECT_FALSE(client.Send(Get(server.Url("/headers"))).ok());
}

TYPED_TEST(ClientContract, WhatDoesNotSpeakHttpIsMalformed) {
  RawServer server([](const std::string&) {
    return std::string("SSH-2.0-OpenSSH_9.2\r\n\r\nConnection: close");
  });
  auto& client = this->client();
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kMalformed, true);
}

TYPED_TEST(ClientContract, StopEndsWhatHangs) {
  Notification arrived;
  Notification end;
  RawServer server([&](const std::string&) {
    arrived.Notify();
    end.WaitForNotification();
    return std::string();
  });
  auto& client = this->client();
  std::thread stopper([&] {
    arrived.WaitForNotification();
    this->Stop();
  });
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kCanceled, true);
  ExpectError(client.Send(Get(server.Url("/"))), TransportError::kCanceled, false);
  stopper.join();
  end.Notify();
}

TYPED_TEST(ClientContract, AChallengeThatCannotBeMetIsAnAnswer) {
  RawServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n");
  });
  auto& client = this->client();
  Request request = Get(server.Url("/"));
  request.negotiate = std::is_same_v<TypeParam, HubClient>;  // The local one refuses to be asked.
  const auto answer = client.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->FindHeader("www-authenticate"), "Negotiate");
}

TYPED_TEST(ClientContract, NobodyListensOrNoSuchHost) {
  auto& client = this->client();
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

TYPED_TEST(ClientContract, RequestsThatCannotBeSentAreRefused) {
  auto& client = this->client();
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
}

}  // namespace
}  // namespace muster::http
