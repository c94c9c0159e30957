#include "base/http/beast_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/tcp_transport.h"
#include "tests/base/http/client_checks.h"
#include "tests/base/http/raw_server.h"
#include "tests/base/http/scripted_transport.h"

namespace muster::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TcpTransport::Options To(std::vector<std::string> addresses) {
  return {.resolve = [addresses](const std::string&) {
    return absl::StatusOr<std::vector<std::string>>(addresses);
  }};
}

TEST(BeastClientTest, AnyTransportCarriesIt) {
  ScriptedTransport transport({"HTTP/1.1 100 Continue\r\n\r\nHT", "TP/1.1 200 OK\r\nTransfer-Enc",
                               "oding: chunked\r\n\r\n3\r\nab", "c\r\n2\r\nde\r\n0\r\n\r\n"});
  BeastClient client(transport);
  Request request = Post("http://localhost/api/system/hub/join", Secret::CopyOf("hidden"));
  const auto answer = client.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "abcde");
  EXPECT_THAT(transport.origins(), ElementsAre("http://localhost"));
  EXPECT_EQ(transport.sent(),
            "POST /api/system/hub/join HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 6\r\n\r\nhidden");
}

TEST(BeastClientTest, ABodyWithoutALengthEndsWithTheConnection) {
  ScriptedTransport transport({"HTTP/1.0 200 OK\r\n\r\n", "7.0", ".2.0"});
  EXPECT_EQ(BeastClient(transport).Send(Get("http://localhost/"))->body, "7.0.2.0");
}

TEST(BeastClientTest, ForeignBytesAreErrorsAndNeverCrashes) {
  const std::vector<std::pair<std::string, TransportError>> rows = {
      {"", TransportError::kReset},
      {"HTTP/1.1 200 OK\r\nContent-Le", TransportError::kReset},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
       TransportError::kMalformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
       TransportError::kMalformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", TransportError::kMalformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", TransportError::kTooLarge},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
       TransportError::kTooLarge},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), TransportError::kTooLarge},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
           "\r\n0\r\n\r\n",
       TransportError::kTooLarge},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
       TransportError::kMalformed},
      {std::string(4096, '\0'), TransportError::kMalformed},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(300'000, 'x'), TransportError::kTooLarge},
  };
  for (const auto& [bytes, kind] : rows) {
    ScriptedTransport transport(bytes.empty() ? std::vector<std::string>()
                                              : std::vector<std::string>{bytes});
    Request request = Get("http://localhost/");
    request.max_response_bytes = 1000;
    ExpectError(BeastClient(transport).Send(request), kind, true);
  }
}

TEST(BeastClientTest, WhatItDoesNotDoIsRefusedBeforeAnythingIsSent) {
  ScriptedTransport transport({});
  BeastClient client(transport);
  const auto refused = [&](auto change) {
    Request request = Get("http://localhost/");
    change(request);
    const auto answer = client.Send(request);
    EXPECT_TRUE(absl::IsInvalidArgument(answer.status())) << answer.status();
  };
  refused([](Request& r) { r.url = "https://localhost/"; });
  refused([](Request& r) { r.tls.ca_pem = "pem"; });
  refused([](Request& r) { r.negotiate = true; });
  refused([](Request& r) { r.sink = [](const Response&, absl::string_view) { return true; }; });
  refused([](Request& r) { r.stall_timeout = absl::Seconds(1); });
  refused([](Request& r) { r.pace_group = "tenant"; });
  EXPECT_THAT(transport.origins(), ElementsAre());
}

TEST(BeastClientTest, TriesTheAddressesOfAHostInOrder) {
  RawServer server([](const std::string&) { return Ok("here"); });
  TcpTransport transport(To({"127.0.0.77", "127.0.0.1"}));
  EXPECT_EQ(BeastClient(transport).Send(Get(server.Url("/")))->body, "here");
}

TEST(BeastClientTest, ARefusedConnectionGetsNoByte) {
  RawServer server([](const std::string&) { return Ok("here"); });
  TcpTransport::Options options = To({"127.0.0.1"});
  TcpEnds seen;
  options.admit = [&seen](const TcpEnds& ends) {
    seen = ends;
    return absl::FailedPreconditionError("not of ours");
  };
  TcpTransport transport(std::move(options));
  const auto refused = BeastClient(transport).Send(Post(server.Url("/"), Secret::CopyOf("hidden")));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("not of ours"));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
  EXPECT_TRUE(absl::StrContains(server.Url("/"), absl::StrCat(":", seen.remote_port, "/")));
  EXPECT_GT(seen.local_port, 0);
}

}  // namespace
}  // namespace muster::http
