// Mail to a real small server: Debian's python3-aiosmtpd, which this test skips without.
#include <fstream>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/integration/process.h"
#include "tests/orchestrator/notify/sender_bench.h"

namespace muster::notify {
namespace {

using testing::HasSubstr;
using testing::Not;

class MailTest : public SenderBench {
 protected:
  static bool HasServer() {
    Process check({"/usr/bin/python3", "-c", "import aiosmtpd"});
    return check.Wait() == 0;
  }
  void SetUp() override {
    if (!HasServer()) GTEST_SKIP() << "no python3-aiosmtpd";
  }
  void StartServer(std::vector<std::string> flags) {
    std::vector<std::string> command = {
        "/usr/bin/python3",
        std::string(MUSTER_SOURCE_DIR) + "/tests/orchestrator/notify/smtp_server.py"};
    command.insert(command.end(), flags.begin(), flags.end());
    server_ = std::make_unique<Process>(command);
    const std::string line = server_->AwaitLine("port ");
    ASSERT_NE(line, "") << server_->Output();
    ASSERT_TRUE(absl::SimpleAtoi(line.substr(line.find("port ") + 5), &port_)) << line;
  }
  // A certificate for 127.0.0.1, and who signed it: itself.
  void MakeCertificate() {
    Process make({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-keyout", dir_ / "key.pem", "-out",
                  dir_ / "cert.pem", "-days", "2", "-subj", "/CN=relay.test", "-addext",
                  "subjectAltName=IP:127.0.0.1"});
    ASSERT_EQ(make.Wait(), 0) << make.Output();
  }
  std::string Certificate() {
    std::ifstream file(dir_ / "cert.pem");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  core::NotificationMessage MailMessage(const std::string& password = "") {
    core::NotificationMessage message =
        MessageTo(absl::StrCat("smtp://127.0.0.1:", port_), store::ChannelKind::kEmail, password);
    message.channel.sender = "muster@msp.example";
    message.channel.recipients = {"ops@acme.example", "noc@acme.example"};
    message.channel.plain_smtp = password.empty();
    message.channel.user = password.empty() ? "" : "muster";
    return message;
  }

  sql::TempDir dir_;
  std::unique_ptr<Process> server_;
  int port_ = 0;
};

TEST_F(MailTest, AMailArrivesMarkedAsWhatItIs) {
  StartServer({});
  const core::SendOutcome outcome = Send(MailMessage());
  EXPECT_EQ(outcome.failure, std::nullopt) << outcome.failure->detail;
  EXPECT_EQ(outcome.status, 250);
  EXPECT_THAT(server_->AwaitLine("mail "),
              HasSubstr("plain - muster@msp.example ops@acme.example,noc@acme.example "
                        "Muster-Delivery: dlv-1 Muster-Attempt: 2"));
  std::string line = server_->AwaitLine("content ");
  line = line.substr(line.find("content ") + 8);
  std::string text;
  ASSERT_TRUE(absl::Base64Unescape(line, &text)) << line;
  EXPECT_THAT(text, HasSubstr("Attempt 2 of the same mail"));
  EXPECT_THAT(text, HasSubstr("finding_opened  high  tenant acme"));
  EXPECT_THAT(text, HasSubstr("missing, acme/prod/web1"));
}

// Remedy walked: E-NOTIFY-REFUSED
TEST_F(MailTest, WhatIsRefusedForAWhileIsTriedAgainAndWhatForGoodIsNot) {
  StartServer({"--replies", "451,554"});
  core::SendOutcome outcome = Send(MailMessage());
  EXPECT_EQ(CodeOf(outcome), FailureCode::kNotifyAnswer);
  EXPECT_EQ(outcome.status, 451);
  EXPECT_FALSE(outcome.is_final);
  outcome = Send(MailMessage());
  EXPECT_EQ(CodeOf(outcome), FailureCode::kNotifyRefused);
  EXPECT_TRUE(outcome.is_final);
  // One recipient that is refused refuses the mail: nobody gets it twice for the sake of another.
  core::NotificationMessage message = MailMessage();
  message.channel.recipients.push_back("nobody@acme.example");
  outcome = Send(std::move(message));
  EXPECT_EQ(CodeOf(outcome), FailureCode::kNotifyRefused);
  EXPECT_EQ(outcome.status, 550);
  EXPECT_EQ(Send(MailMessage()).failure, std::nullopt) << "without that recipient";
}

TEST_F(MailTest, APasswordTravelsWithTlsToATrustedRelayAlone) {
  MakeCertificate();
  StartServer({"--tls", dir_ / "cert.pem", dir_ / "key.pem", "--auth", "muster", "hunter2hunter2"});
  core::NotificationMessage message = MailMessage("hunter2hunter2");
  EXPECT_EQ(CodeOf(Send(std::move(message))), FailureCode::kNotifyUnreachable) << "not trusted";
  message = MailMessage("hunter2hunter2");
  message.channel.ca_pem = Certificate();
  const core::SendOutcome outcome = Send(std::move(message));
  EXPECT_EQ(outcome.failure, std::nullopt) << outcome.failure->detail;
  EXPECT_THAT(server_->AwaitLine("mail "), HasSubstr("250 tls muster "));
  message = MailMessage("another password");
  message.channel.ca_pem = Certificate();
  const core::SendOutcome refused = Send(std::move(message));
  ASSERT_EQ(CodeOf(refused), FailureCode::kNotifyRefused) << refused.failure->detail;
  EXPECT_EQ(refused.status, 535);
  EXPECT_THAT(refused.failure->detail, Not(HasSubstr("another password")));
}

TEST_F(MailTest, ARelayWithoutTlsGetsNothingUnlessTheChannelSaysSo) {
  StartServer({});
  core::NotificationMessage message = MailMessage();
  message.channel.plain_smtp = false;
  EXPECT_EQ(CodeOf(Send(std::move(message))), FailureCode::kNotifyUnreachable);
  message = MailMessage();
  message.channel.allow_private = false;
  EXPECT_EQ(CodeOf(Send(std::move(message))), FailureCode::kNotifyAddress);
  EXPECT_THAT(server_->Output(), Not(HasSubstr("mail ")));
}

}  // namespace
}  // namespace muster::notify
