// Webhooks over real sockets: what a receiver gets, what its answers come to, where none is sent.
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "orchestrator/notify/notification_text.h"
#include "tests/base/http/raw_server.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/integration/process.h"
#include "tests/orchestrator/notify/sender_bench.h"

namespace muster::notify {
namespace {

using http::RawServer;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string Status(const std::string& line) {
  return absl::StrCat("HTTP/1.1 ", line, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
std::string HeaderIn(const std::string& request, const std::string& name) {
  for (absl::string_view line : absl::StrSplit(request, "\r\n")) {
    const std::string start = name + ": ";
    if (absl::StartsWith(line, start)) return std::string(line.substr(start.size()));
  }
  return "";
}
std::string BodyIn(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

class WebhookTest : public SenderBench {
 protected:
  core::NotificationMessage To(const std::string& url) {
    return MessageTo(url, store::ChannelKind::kWebhook);
  }
};

TEST_F(WebhookTest, TheReceiverGetsTheEventsTheirDeliveryAndASignature) {
  RawServer server([](const std::string&) { return Status("204 No Content"); });
  const core::SendOutcome outcome = Send(To(server.Url("/hook?key=1")));
  EXPECT_EQ(outcome.status, 204);
  EXPECT_EQ(outcome.failure, std::nullopt);
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_TRUE(absl::StartsWith(request, "POST /hook?key=1 HTTP/1.1"));
  EXPECT_EQ(HeaderIn(request, "Muster-Delivery"), "dlv-1");
  EXPECT_EQ(HeaderIn(request, "Muster-Attempt"), "2");
  EXPECT_EQ(HeaderIn(request, "Content-Type"), "application/json");
  const std::string body = BodyIn(request);
  EXPECT_EQ(HeaderIn(request, "Muster-Signature"),
            SignatureOf(Secret::CopyOf("0123456789abcdef"), clock_.Now(), body));
  EXPECT_THAT(request, Not(HasSubstr("0123456789abcdef")));
  const auto json = nlohmann::json::parse(body, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["delivery"], "dlv-1");
  EXPECT_EQ(json["attempt"], 2);
  EXPECT_EQ(json["channel"], "acme/ops");
  ASSERT_EQ(json["events"].size(), 1u);
  EXPECT_EQ(json["events"][0]["kind"], "finding_opened");
  EXPECT_EQ(json["events"][0]["time"], "2026-09-21T14:13:20Z");
  EXPECT_EQ(json["events"][0]["severity"], "high");
  EXPECT_EQ(json["events"][0]["summary"], "missing, acme/prod/web1");
}

// A receiver's own program, as the page of notifications prints it.
TEST_F(WebhookTest, TheExampleOfThePageVerifies) {
  std::ifstream page(std::string(MUSTER_SOURCE_DIR) + "/docs/notifications.md");
  const std::string text((std::istreambuf_iterator<char>(page)), std::istreambuf_iterator<char>());
  const size_t begin = text.find("```python\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string example = text.substr(begin + 10, text.find("```", begin + 10) - begin - 10);
  const std::string body = WebhookBody(To("https://x.example/"));
  const std::string header =
      SignatureOf(Secret::CopyOf("0123456789abcdef"), absl::FromUnixSeconds(1'790'000'000), body);
  sql::TempDir dir;
  const auto run = [&](const std::string& signature, int now) {
    std::ofstream(dir / "check.py")
        << example << "\nimport sys\nbody = open(sys.argv[1], 'rb').read()\n"
        << "print(verify(b'0123456789abcdef', sys.argv[2], body, " << now << "))\n";
    std::ofstream(dir / "body", std::ios::binary) << body;
    Process check({"/usr/bin/python3", dir / "check.py", dir / "body", signature});
    check.Wait();
    return check.Output();
  };
  EXPECT_EQ(run(header, 1'790'000'100), "True\n");
  EXPECT_EQ(run(header, 1'790'000'400), "False\n") << "too old";
  std::string forged = header;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(run(forged, 1'790'000'100), "False\n");
}

TEST_F(WebhookTest, WhatAnswersComeTo) {
  struct Row {
    const char* answer;
    std::optional<FailureCode> code;
    bool is_final;
  };
  for (const Row& row : std::vector<Row>{{"200 OK", std::nullopt, false},
                                         {"302 Found", FailureCode::kNotifyAnswer, false},
                                         {"404 Not Found", FailureCode::kNotifyAnswer, false},
                                         {"410 Gone", FailureCode::kNotifyRefused, true},
                                         {"500 Oops", FailureCode::kNotifyAnswer, false}}) {
    RawServer server([&](const std::string&) { return Status(row.answer); });
    const core::SendOutcome outcome = Send(To(server.Url("/")));
    EXPECT_EQ(CodeOf(outcome), row.code) << row.answer;
    EXPECT_EQ(outcome.is_final, row.is_final) << row.answer;
    EXPECT_EQ(server.connections(), 1) << "sent once, followed nowhere";
  }
  RawServer busy([](const std::string&) {
    return "HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
  });
  EXPECT_EQ(Send(To(busy.Url("/"))).retry_after, absl::Seconds(90));
}

// Remedy walked: E-NOTIFY-UNREACHABLE
TEST_F(WebhookTest, WhatDoesNotAnswerIsUnreachableAndMayBeMended) {
  Notification release;
  RawServer hanging([&](const std::string&) {
    release.WaitForNotification();
    return std::string();
  });
  EXPECT_EQ(CodeOf(Send(To(hanging.Url("/")))), FailureCode::kNotifyUnreachable);
  release.Notify();
  RawServer closing([](const std::string&) { return std::string(); });
  EXPECT_EQ(CodeOf(Send(To(closing.Url("/")))), FailureCode::kNotifyUnreachable);
  EXPECT_EQ(CodeOf(Send(To(absl::StrCat("http://127.0.0.1:", http::RefusingPort(), "/")))),
            FailureCode::kNotifyUnreachable);
  RawServer mended([](const std::string&) { return Status("200 OK"); });
  EXPECT_EQ(Send(To(mended.Url("/"))).failure, std::nullopt);
}

// Remedy walked: E-NOTIFY-ADDRESS
TEST_F(WebhookTest, NothingIsConnectedToThatIsNotPublicUnlessTheChannelMay) {
  RawServer server([](const std::string&) { return Status("200 OK"); });
  core::NotificationMessage message = To(server.Url("/"));
  message.channel.allow_private = false;
  const core::SendOutcome outcome = Send(std::move(message));
  EXPECT_EQ(CodeOf(outcome), FailureCode::kNotifyAddress);
  // A name that leads there: what counts is the address that is dialed.
  const std::string url = server.Url("/");
  message = To(absl::StrCat("http://localhost", url.substr(url.rfind(':'))));
  message.channel.allow_private = false;
  EXPECT_EQ(CodeOf(Send(std::move(message))), FailureCode::kNotifyAddress);
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(Send(To(server.Url("/"))).failure, std::nullopt) << "with --allow-private";
}

TEST_F(WebhookTest, ASecretThatDoesNotOpenIsSaid) {
  RawServer server([](const std::string&) { return Status("200 OK"); });
  vault_.locked = true;
  const core::SendOutcome outcome = Send(To(server.Url("/")));
  EXPECT_EQ(CodeOf(outcome), FailureCode::kKeyUnsealable);
  EXPECT_THAT(outcome.failure->detail, HasSubstr("'muster channel set'"));
  EXPECT_EQ(server.connections(), 0);
  vault_.locked = false;
  EXPECT_EQ(Send(To(server.Url("/"))).failure, std::nullopt) << "with the secret given anew";
}

TEST_F(WebhookTest, AnEndlessAnswerCostsNothing) {
  RawServer server(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx"; });
  server.SendOn([] { return std::string(1 << 16, 'x'); });
  EXPECT_EQ(Send(To(server.Url("/"))).failure, std::nullopt);
}

TEST(NotificationTextTest, ForeignTextBreaksNoMail) {
  core::NotificationMessage message;
  message.channel.id = ChannelId("acme/ops");
  message.channel.tenant_id = TenantId("acme");
  message.channel.sender = "muster@msp.example";
  message.channel.recipients = {"a@acme.example", "b@acme.example"};
  message.delivery_id = DeliveryId("dlv-1");
  store::NotificationEvent event;
  event.summary = "web1\r\n.\r\nRCPT TO:<x@evil.example>\r\n";
  message.events.assign(200, event);
  const std::string mail = MailContent(message);
  for (absl::string_view line : absl::StrSplit(mail, "\r\n")) {
    EXPECT_LE(line.size(), 200u);
    EXPECT_FALSE(absl::StartsWith(line, "RCPT"));
    EXPECT_NE(line, ".");
  }
  EXPECT_THAT(mail, HasSubstr("To: a@acme.example,\r\n b@acme.example\r\n"));
  EXPECT_THAT(mail, HasSubstr("Subject: [Muster] acme: 200 test\r\n"));
  EXPECT_THAT(mail, HasSubstr("Message-ID: <dlv-1@msp.example>\r\n"));
}

}  // namespace
}  // namespace muster::notify
