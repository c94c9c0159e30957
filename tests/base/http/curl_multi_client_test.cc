#include "base/http/curl_multi_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/transport_error.h"
#include "base/mutex.h"
#include "base/notification.h"
#include "tests/base/http/raw_server.h"

namespace muster::http {
namespace {

using ::testing::HasSubstr;

Request To(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

// A request under way, and what came of it.
class Call {
 public:
  Call(AsyncClient& client, Request request) {
    client.Start(std::move(request), [this](absl::StatusOr<Response> answer) {
      answer_ = std::move(answer);
      ended_.Notify();
    });
  }
  const absl::StatusOr<Response>& answer() {
    ended_.WaitForNotification();
    return answer_;
  }
  bool ended() const { return ended_.HasBeenNotified(); }

 private:
  absl::StatusOr<Response> answer_;
  Notification ended_;
};

// A server that answers nothing until it is destroyed.
class HangingServer {
 public:
  HangingServer()
      : server_([this](const std::string&) {
          release_.WaitForNotification();
          return std::string();
        }) {}
  ~HangingServer() { release_.Notify(); }
  std::string Url(const std::string& path) const { return server_.Url(path); }

 private:
  Notification release_;
  RawServer server_;
};

std::string Endless(absl::string_view more_headers = "") {
  return absl::StrCat("HTTP/1.1 200 OK\r\n", more_headers, "Connection: close\r\n\r\n");
}

std::string Gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(CurlMultiClientTest, SendsAndReceivesEverything) {
  RawServer server([](const std::string&) {
    return std::string("HTTP/1.1 404 Not Found\r\nX-One: first\r\nContent-Length: 4\r\n\r\nbody");
  });
  CurlMultiClient client;
  Request request = To(server.Url("/api?x=1"));
  request.method = "POST";
  request.SetJson(Secret::CopyOf(R"({"secret":"s"})"));
  Call call(client, std::move(request));
  ASSERT_TRUE(call.answer().ok()) << call.answer().status();
  EXPECT_EQ(call.answer()->status, 404);
  EXPECT_EQ(call.answer()->body, "body");
  EXPECT_EQ(call.answer()->FindHeader("X-ONE"), "first");
  EXPECT_THAT(server.requests().at(0), HasSubstr("\r\n\r\n{\"secret\":\"s\"}"));
}

TEST(CurlMultiClientTest, KeepsConnections) {
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlMultiClient client;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Call(client, To(server.Url("/"))).answer().ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlMultiClientTest, AHundredThatHangHoldUpNobody) {
  HangingServer hanging;
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlMultiClient client;
  std::vector<std::unique_ptr<Call>> held;
  for (int i = 0; i < 100; ++i) {
    held.push_back(std::make_unique<Call>(client, To(hanging.Url("/"))));
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Call(client, To(server.Url("/"))).answer().ok());
  EXPECT_TRUE(std::none_of(held.begin(), held.end(), [](const auto& c) { return c->ended(); }));
  client.Stop();
  for (const auto& call : held) {
    EXPECT_EQ(TransportErrorOf(call->answer().status()), TransportError::kCanceled);
  }
}

TEST(CurlMultiClientTest, NothingIsSentAfterTheStop) {
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlMultiClient client;
  client.Stop();
  EXPECT_EQ(TransportErrorOf(Call(client, To(server.Url("/"))).answer().status()),
            TransportError::kCanceled);
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlMultiClientTest, AnEndMayBeginAnother) {
  RawServer server([](const std::string&) { return Ok("x"); });
  CurlMultiClient client;
  Notification ended;
  client.Start(To(server.Url("/1")), [&](absl::StatusOr<Response> first) {
    EXPECT_TRUE(first.ok());
    client.Start(To(server.Url("/2")), [&](absl::StatusOr<Response> second) {
      EXPECT_TRUE(second.ok());
      ended.Notify();
    });
  });
  ended.WaitForNotification();
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(CurlMultiClientTest, RefusesWhatCannotBeSent) {
  CurlMultiClient client;
  EXPECT_EQ(Call(client, To("file:///etc/passwd")).answer().status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CurlMultiClientTest, NamesWhatBreaks) {
  CurlMultiClient client;
  Call refused(client, To(absl::StrCat("http://127.0.0.1:", RefusingPort(), "/")));
  EXPECT_EQ(TransportErrorOf(refused.answer().status()), TransportError::kRefused);
  HangingServer hanging;
  Request request = To(hanging.Url("/"));
  request.total_timeout = absl::Milliseconds(50);
  Call late(client, std::move(request));
  EXPECT_EQ(TransportErrorOf(late.answer().status()), TransportError::kTimeout);
  EXPECT_TRUE(RequestMayHaveBeenSent(late.answer().status()));
}

TEST(CurlMultiClientTest, GivesUpOnAServerThatStalls) {
  HangingServer hanging;
  CurlMultiClient client;
  Request request = To(hanging.Url("/"));
  request.stall_timeout = absl::Seconds(1);
  Call call(client, std::move(request));
  EXPECT_EQ(TransportErrorOf(call.answer().status()), TransportError::kTimeout);
  EXPECT_THAT(std::string(call.answer().status().message()), HasSubstr("too slow"));
}

TEST(CurlMultiClientTest, GivesTheBodyPieceByPiece) {
  RawServer server([](const std::string&) { return Ok(std::string(100'000, 'x')); });
  CurlMultiClient client;
  size_t bytes = 0;
  int status = 0;
  Request request = To(server.Url("/"));
  request.sink = [&](const Response& head, absl::string_view piece) {
    status = head.status;
    bytes += piece.size();
    return true;
  };
  Call call(client, std::move(request));
  ASSERT_TRUE(call.answer().ok());
  EXPECT_EQ(call.answer()->body, "");
  EXPECT_EQ(bytes, 100'000u);
  EXPECT_EQ(status, 200);
}

TEST(CurlMultiClientTest, EndsWellWhenTheSinkHasEnough) {
  RawServer server([](const std::string&) { return Endless("X-Head: yes\r\n"); });
  server.SendOn([] { return std::string(10'000, 'x'); });
  CurlMultiClient client;
  size_t bytes = 0;
  Request request = To(server.Url("/"));
  request.sink = [&](const Response&, absl::string_view piece) {
    bytes += piece.size();
    return bytes < 50'000;
  };
  Call call(client, std::move(request));
  ASSERT_TRUE(call.answer().ok()) << call.answer().status();
  EXPECT_EQ(call.answer()->status, 200);
  EXPECT_EQ(call.answer()->FindHeader("X-Head"), "yes");
}

TEST(CurlMultiClientTest, EndsAnAnswerThatNeverEnds) {
  RawServer server([](const std::string&) { return Endless(); });
  server.SendOn([] { return std::string(10'000, 'x'); });
  CurlMultiClient client;
  Request request = To(server.Url("/"));
  request.max_response_bytes = 1 << 20;
  Call call(client, std::move(request));
  EXPECT_EQ(TransportErrorOf(call.answer().status()), TransportError::kTooLarge);
  EXPECT_THAT(std::string(call.answer().status().message()), HasSubstr("larger than 1048576"));
}

TEST(CurlMultiClientTest, TakesABodyThatWasPackedAndRefusesABomb) {
  const std::string honest = Gzipped(std::string(1'000'000, 'x'));
  const std::string bomb = Gzipped(std::string(50'000'000, ' '));
  RawServer server([&](const std::string& request) {
    const std::string& body = absl::StrContains(request, "bomb") ? bomb : honest;
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ",
                        body.size(), "\r\n\r\n", body);
  });
  CurlMultiClient client;
  Call good(client, To(server.Url("/honest")));
  ASSERT_TRUE(good.answer().ok()) << good.answer().status();
  EXPECT_EQ(good.answer()->body.size(), 1'000'000u);
  size_t unpacked = 0;
  Request request = To(server.Url("/bomb"));
  request.max_response_bytes = 1 << 30;
  request.sink = [&](const Response&, absl::string_view piece) {
    unpacked += piece.size();
    return true;
  };
  Call bad(client, std::move(request));
  EXPECT_EQ(TransportErrorOf(bad.answer().status()), TransportError::kTooLarge);
  EXPECT_THAT(std::string(bad.answer().status().message()), HasSubstr("unpacks to more than"));
  EXPECT_LT(unpacked, 8'000'000u);
}

// Servers of a group that send without end are held to the group's pace, and whoever is in none,
// or in another, is not.
TEST(CurlMultiClientTest, PacesAGroup) {
  RawServer endless([](const std::string&) { return Endless(); });
  endless.SendOn([] { return std::string(64 << 10, 'x'); });
  RawServer server([](const std::string&) { return Ok(std::string(90'000, 'x')); });
  // A burst that is used up at once, and then next to nothing.
  CurlMultiClient client({.group_bytes_per_second = 1, .group_burst_bytes = 100'000});
  Mutex mu;
  size_t taken = 0;
  std::set<int> begun;
  std::vector<std::unique_ptr<Call>> attackers;
  for (int i = 0; i < 4; ++i) {
    Request request = To(endless.Url("/"));
    request.pace_group = "attacker";
    request.max_response_bytes = 1 << 30;
    request.sink = [&, i](const Response&, absl::string_view piece) {
      MutexLock lock(&mu);
      begun.insert(i);
      taken += piece.size();
      return true;
    };
    attackers.push_back(std::make_unique<Call>(client, std::move(request)));
  }
  {
    MutexLock lock(&mu);
    auto used_up = [&] { return taken > 100'000 && begun.size() == 4; };
    ASSERT_TRUE(mu.AwaitWithTimeout(absl::Condition(&used_up), absl::Seconds(20)));
  }
  const auto read_others = [&] {
    for (int i = 0; i < 10; ++i) {
      Request request = To(server.Url("/"));
      if (i % 2 == 0) request.pace_group = absl::StrCat("honest", i);
      EXPECT_TRUE(Call(client, std::move(request)).answer().ok());
    }
    MutexLock lock(&mu);
    return taken;
  };
  const size_t before = read_others();
  EXPECT_LT(before, 4'000'000u);
  EXPECT_EQ(read_others(), before);
  client.Stop();
}

TEST(CurlMultiClientTest, GoesOnWhenTheGroupMayAgain) {
  RawServer server([](const std::string&) { return Ok(std::string(500'000, 'x')); });
  CurlMultiClient client({.group_bytes_per_second = 2'000'000, .group_burst_bytes = 50'000});
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 3; ++i) {
    Request request = To(server.Url("/"));
    request.pace_group = "one";
    calls.push_back(std::make_unique<Call>(client, std::move(request)));
  }
  for (const auto& call : calls) {
    ASSERT_TRUE(call->answer().ok()) << call->answer().status();
    EXPECT_EQ(call->answer()->body.size(), 500'000u);
  }
}

}  // namespace
}  // namespace muster::http
