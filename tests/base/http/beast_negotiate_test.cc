// A service that asks who its caller is (certify.md 1.2), without a network: which rounds there are,
// what each carries, and when it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/http/beast_client.h"
#include "base/http/transport_error.h"
#include "tests/base/http/scripted_transport.h"

namespace muster::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Tokens "first", "second", …; notes what it was asked.
class FakeNegotiator final : public Negotiator {
 public:
  absl::StatusOr<std::unique_ptr<Negotiation>> Begin(const std::string& host) override {
    hosts.push_back(host);
    if (!nobody.ok()) return nobody;
    return std::make_unique<Conversation>(*this);
  }
  std::vector<std::string> hosts;
  std::vector<std::string> challenges;
  absl::Status nobody;

 private:
  class Conversation final : public Negotiation {
   public:
    explicit Conversation(FakeNegotiator& owner) : owner_(owner) {}
    absl::StatusOr<Secret> Next(absl::string_view challenge) override {
      owner_.challenges.emplace_back(challenge);
      return Secret::CopyOf(owner_.challenges.size() == 1 ? "first" : "second");
    }

   private:
    FakeNegotiator& owner_;
  };
};

std::string Challenge(absl::string_view token = "", absl::string_view more = "") {
  return absl::StrCat("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate",
                      token.empty() ? "" : " ", absl::Base64Escape(token), "\r\n", more,
                      "Content-Length: 0\r\n\r\n");
}
constexpr char kYes[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";

Request Join() {
  Request request;
  request.url = "http://127.0.0.2:9696/api/system/hub/join";
  request.method = "POST";
  request.send_once = true;
  request.negotiate = true;
  request.SetJson(Secret::CopyOf("hidden"));
  return request;
}

size_t Count(absl::string_view text, absl::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(BeastNegotiateTest, NobodyIsShownToAServiceThatDoesNotAsk) {
  ScriptedTransport transport({kYes});
  FakeNegotiator negotiator;
  EXPECT_EQ(BeastClient(transport, &negotiator).Send(Join())->body, "yes");
  EXPECT_THAT(negotiator.hosts, IsEmpty());
  EXPECT_THAT(transport.sent(), testing::Not(HasSubstr("Authorization")));
  EXPECT_THAT(transport.sent(), HasSubstr("Connection: keep-alive\r\n"));
}

TEST(BeastNegotiateTest, AChallengeIsMetOnTheSameConnectionInAsManyRoundsAsItTakes) {
  ScriptedTransport transport({Challenge(), Challenge("theirs"), kYes});
  FakeNegotiator negotiator;
  const auto answer = BeastClient(transport, &negotiator).Send(Join());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "yes");
  EXPECT_THAT(negotiator.hosts, ElementsAre("127.0.0.2"));
  EXPECT_THAT(negotiator.challenges, ElementsAre("", "theirs"));
  EXPECT_THAT(transport.origins(), ElementsAre("http://127.0.0.2:9696"));
  for (const char* token : {"first", "second"}) {
    EXPECT_THAT(transport.sent(), HasSubstr(absl::StrCat("Authorization: Negotiate ",
                                                         absl::Base64Escape(token), "\r\n")));
  }
  // Which round is acted upon the service decides: each is whole.
  EXPECT_EQ(Count(transport.sent(), "\r\n\r\nhidden"), 3u);
}

TEST(BeastNegotiateTest, OneThatClosesAfterItsFirstChallengeIsMetOnANewConnection) {
  ScriptedTransport transport({Challenge("", "Connection: close\r\n"), kYes});
  FakeNegotiator negotiator;
  EXPECT_EQ(BeastClient(transport, &negotiator).Send(Join())->status, 200);
  EXPECT_EQ(transport.origins().size(), 2u);
}

TEST(BeastNegotiateTest, WhatIsRefusedOrNoChallengeIsTheAnswer) {
  for (const std::vector<std::string>& pieces : {
           std::vector<std::string>{Challenge(), Challenge()},  // Refused: no token any more.
           {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"},
           {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NegotiateX\r\nContent-Length: "
            "0\r\n\r\n"},
           // Closed in the middle: what was shown belongs to the connection.
           {Challenge(), Challenge("theirs", "Connection: close\r\n")},
           {Challenge(), Challenge("a"), Challenge("b"), Challenge("c"), Challenge("d"), kYes},
       }) {
    ScriptedTransport transport(pieces);
    FakeNegotiator negotiator;
    const auto answer = BeastClient(transport, &negotiator).Send(Join());
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 401) << pieces.size();
  }
  ScriptedTransport transport({Challenge(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"});
  FakeNegotiator negotiator;
  EXPECT_EQ(BeastClient(transport, &negotiator).Send(Join())->status, 403);
}

TEST(BeastNegotiateTest, AnAccountThatCannotBeShownLeavesTheChallenge) {
  ScriptedTransport transport({Challenge()});
  FakeNegotiator negotiator;
  negotiator.nobody = absl::UnauthenticatedError("no package of that name");
  EXPECT_EQ(BeastClient(transport, &negotiator).Send(Join())->status, 401);
}

TEST(BeastNegotiateTest, OtherWaysBesideItInOneLineDoNotHideIt) {
  for (const char* line : {"Negotiate, NTLM", "negotiate"}) {
    ScriptedTransport transport({absl::StrCat("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ",
                                              line, "\r\nContent-Length: 0\r\n\r\n"),
                                 kYes});
    FakeNegotiator negotiator;
    EXPECT_EQ(BeastClient(transport, &negotiator).Send(Join())->status, 200) << line;
  }
}

// The service may have acted on what was sent: a join is not sent again by itself.
TEST(BeastNegotiateTest, ALossInTheMiddleMayHaveBeenActedUpon) {
  ScriptedTransport transport({Challenge(), "HTTP/1.1 20"});
  FakeNegotiator negotiator;
  const auto answer = BeastClient(transport, &negotiator).Send(Join());
  EXPECT_EQ(TransportErrorOf(answer.status()), TransportError::kReset);
  EXPECT_TRUE(RequestMayHaveBeenSent(answer.status()));
}

}  // namespace
}  // namespace muster::http
