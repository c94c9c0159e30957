// Who gets no joining key: files, folders and listeners that are not provably the Certify service's.
// Other users are processes of another account, so most of this needs root.
#include "worker/platform/service_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/transport_error.h"
#include "tests/worker/other_user.h"
#include "tests/worker/worker_fixture.h"
#include "worker/platform/linux/socket_table.h"
#include "worker/platform/machine.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"

namespace muster::worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kKey[] = "canary-joining-secret-1f0c7e";

std::string TextOfStatus(const absl::Status& status) { return std::string(status.message()); }

class ServiceTrustTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "other users can be played by root only";
    folder_ = home_.path() + "/certify";
    ASSERT_EQ(mkdir(folder_.c_str(), 0755), 0);
    ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  // As it stands in messages: without doubled slashes.
  std::string HomeName() const { return home_.path().substr(home_.path().rfind('/')); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
    ASSERT_EQ(chmod(Path(name).c_str(), 0644), 0);
  }
  void WriteConfig(const std::string& host, int port) {
    Write("serviceconfig.json", absl::StrCat(R"({"Host":")", host, R"(","Port":)", port, "}"));
  }
  void ExpectUntrusted(const absl::Status& status, const std::string& saying) {
    EXPECT_EQ(FailureCodeOf(status), FailureCode::kServiceUntrusted) << status;
    EXPECT_THAT(TextOfStatus(status), HasSubstr(saying));
  }
  // What the driver says of a service there, and of a join that is tried all the same.
  Failure SurveyAndJoin() {
    http::TcpTransport transport(ProvenLoopback(*trust_, hosts_));
    http::BeastClient client(transport);
    HttpServiceDriver driver(client, *trust_, {.app_data_folder = folder_});
    const Survey survey = driver.TakeSurvey();
    const JoinAnswer answer =
        driver.Join({"https://hub.example", "managedinstance_sp_01", Secret::CopyOf(kKey)});
    EXPECT_EQ(answer.outcome, JoinAnswer::Outcome::kFailed);
    EXPECT_TRUE(survey.failure.has_value());
    return survey.failure.value_or(Failure{});
  }

  TempDir home_;
  std::string folder_;
  std::string hosts_ = "/etc/hosts";
  std::unique_ptr<ServiceTrust> trust_ = SystemServiceTrust({});
};

// Remedy walked: E-SERVICE-UNTRUSTED
TEST_F(ServiceTrustTest, AFolderThatOthersOwnOrCanWriteIsNoService) {
  EXPECT_TRUE(trust_->CheckFolder(folder_).ok());
  for (const mode_t mode : {0777, 0775, 0757, 01777}) {
    ASSERT_EQ(chmod(folder_.c_str(), mode), 0);
    ExpectUntrusted(trust_->CheckFolder(folder_), "others than its owner can write to");
  }
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  ASSERT_EQ(chown(folder_.c_str(), kNobody, 0), 0);
  ExpectUntrusted(trust_->CheckFolder(folder_), "belongs to user 65534 (nobody)");
  // The two ways of the remedy.
  EXPECT_TRUE(SystemServiceTrust({.account = "nobody"})->CheckFolder(folder_).ok());
  ASSERT_EQ(chown(folder_.c_str(), 0, 0), 0);
  EXPECT_TRUE(trust_->CheckFolder(folder_).ok());
}

TEST_F(ServiceTrustTest, NobodyElseCanReplaceTheFolderEither) {
  ASSERT_EQ(chmod(home_.path().c_str(), 0777), 0);
  ExpectUntrusted(trust_->CheckFolder(folder_), HomeName());
  ASSERT_EQ(chmod(home_.path().c_str(), 01777), 0);  // As /tmp: only owners replace.
  EXPECT_TRUE(trust_->CheckFolder(folder_).ok());
  ASSERT_EQ(chmod(home_.path().c_str(), 0755), 0);
  ASSERT_EQ(chown(home_.path().c_str(), kNobody, 0), 0);
  ExpectUntrusted(trust_->CheckFolder(folder_), HomeName());
}

TEST_F(ServiceTrustTest, LinksOfRootAreFollowedAndLinksOfOthersAreNot) {
  const std::string link = home_.path() + "/link";
  ASSERT_EQ(symlink("certify/../certify/.", link.c_str()), 0);
  EXPECT_TRUE(trust_->CheckFolder(link).ok());
  ASSERT_EQ(lchown(link.c_str(), kNobody, kNobody), 0);
  ExpectUntrusted(trust_->CheckFolder(link), "belongs to user 65534");
  const std::string circle = home_.path() + "/circle";
  ASSERT_EQ(symlink(circle.c_str(), circle.c_str()), 0);
  ExpectUntrusted(trust_->CheckFolder(circle), "for ever");
  // A link of root into a folder of somebody else.
  const std::string theirs = home_.path() + "/theirs";
  ASSERT_EQ(mkdir(theirs.c_str(), 0755), 0);
  ASSERT_EQ(chown(theirs.c_str(), kNobody, 0), 0);
  const std::string into = home_.path() + "/into";
  ASSERT_EQ(symlink(theirs.c_str(), into.c_str()), 0);
  ExpectUntrusted(trust_->CheckFolder(into), "/theirs belongs to user 65534");
}

TEST_F(ServiceTrustTest, WhatIsMissingIsMissing) {
  EXPECT_EQ(FailureCodeOf(trust_->CheckFolder(folder_ + "/none")), FailureCode::kServiceMissing);
  Write("file", "");
  ExpectUntrusted(trust_->CheckFolder(Path("file")), "no directory");
  ExpectUntrusted(trust_->CheckFolder(Path("file/below")), "no directory");
  const auto none = trust_->ReadFile(folder_, "serviceconfig.json");
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
}

TEST_F(ServiceTrustTest, OnlyPlainFilesOfTheTrustedAreRead) {
  Write("good", "text");
  EXPECT_EQ(**trust_->ReadFile(folder_, "good"), "text");
  for (const mode_t mode : {0666, 0664, 0646}) {
    ASSERT_EQ(chmod(Path("good").c_str(), mode), 0);
    ExpectUntrusted(trust_->ReadFile(folder_, "good").status(), "others than its owner can write");
  }
  ASSERT_EQ(chmod(Path("good").c_str(), 0644), 0);
  ASSERT_EQ(chown(Path("good").c_str(), kNobody, 0), 0);
  ExpectUntrusted(trust_->ReadFile(folder_, "good").status(), "belongs to user 65534");
  ASSERT_EQ(chown(Path("good").c_str(), 0, 0), 0);
  ASSERT_EQ(symlink("good", Path("link").c_str()), 0);
  ExpectUntrusted(trust_->ReadFile(folder_, "link").status(), "a symbolic link");
  ASSERT_EQ(mkdir(Path("directory").c_str(), 0755), 0);
  ExpectUntrusted(trust_->ReadFile(folder_, "directory").status(), "a directory");
  Write("large", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(FailureCodeOf(trust_->ReadFile(folder_, "large").status()),
            FailureCode::kServiceConfigBad);
}

// These would block whoever opens them for reading; the test would not end.
TEST_F(ServiceTrustTest, PipesDevicesAndSocketsAreRefusedAtOnce) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  ExpectUntrusted(trust_->ReadFile(folder_, "pipe").status(), "a pipe (FIFO)");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Path("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    ExpectUntrusted(trust_->ReadFile(folder_, "socket").status(), "a socket");
  }
  close(fd);
  if (mknod(Path("device").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0) {
    ExpectUntrusted(trust_->ReadFile(folder_, "device").status(), "a device");
  }
  ASSERT_EQ(rename(Path("pipe").c_str(), Path("serviceconfig.json").c_str()), 0);
  EXPECT_EQ(SurveyAndJoin().code, FailureCode::kServiceUntrusted);
}

TEST_F(ServiceTrustTest, AProgramThatOthersCanChangeIsNotRun) {
  EXPECT_TRUE(trust_->CheckProgram("/bin/sh").ok());
  Write("certify-cli", "#!/bin/sh\n");
  EXPECT_TRUE(trust_->CheckProgram(Path("certify-cli")).ok());
  ASSERT_EQ(chown(Path("certify-cli").c_str(), kNobody, 0), 0);
  ExpectUntrusted(trust_->CheckProgram(Path("certify-cli")), "belongs to user 65534");
}

TEST_F(ServiceTrustTest, AnotherUsersListenerGetsNothing) {
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.9.8.7", "::1", "0.0.0.0", "::"}) {
    OtherUser thief({.address = address});
    if (thief.port() == 0) continue;  // A machine without IPv6.
    const std::string host =
        address == std::string("0.0.0.0") || address == std::string("::") ? "127.0.0.1" : address;
    WriteConfig(host, thief.port());
    const Failure failure = SurveyAndJoin();
    EXPECT_EQ(failure.code, FailureCode::kServiceUntrusted) << address << failure.detail;
    EXPECT_THAT(failure.detail,
                AllOf(HasSubstr("belongs to user 65534 (nobody)"),
                      HasSubstr(absl::StrCat("port ", thief.port())), HasSubstr("process ")));
    EXPECT_THAT(thief.End(), Not(HasSubstr("HTTP"))) << address;
  }
}

TEST_F(ServiceTrustTest, NeitherDoesOneThatDoesNotAccept) {
  OtherUser thief({.accepts = false});
  WriteConfig("127.0.0.1", thief.port());
  EXPECT_EQ(SurveyAndJoin().code, FailureCode::kServiceUntrusted);
}

TEST_F(ServiceTrustTest, TheServicesAccountIsBelieved) {
  OtherUser service({});
  WriteConfig("127.0.0.1", service.port());
  int asked = 0;
  trust_ = SystemServiceTrust({.ask_account = [&asked] {
    ++asked;
    return std::string("nobody");
  }});
  const auto ask = [&] {
    http::TcpTransport transport(ProvenLoopback(*trust_, hosts_));
    http::BeastClient client(transport);
    http::Request request;
    request.url = absl::StrCat("http://127.0.0.1:", service.port(), "/");
    return client.Send(request);
  };
  ASSERT_TRUE(ask().ok());
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(asked, 1);  // It starts a program.
  trust_ = SystemServiceTrust({.account = "65534"});
  EXPECT_TRUE(ask().ok());
  trust_ = SystemServiceTrust({.account = "no-such-account"});
  ExpectUntrusted(ask().status(), "belongs to user 65534");
}

// The exception that the zone pin names: other accounts beside the service's own, as long as the
// zone says so, and nobody's never.
TEST_F(ServiceTrustTest, TheZonesAccountIsBelievedUntilItIsTakenBack) {
  constexpr uint32_t kAccount = 41234;
  OtherUser service({}, kAccount);
  WriteConfig("127.0.0.1", service.port());
  ASSERT_EQ(chown(folder_.c_str(), kAccount, kAccount), 0);
  ASSERT_EQ(chown(Path("serviceconfig.json").c_str(), kAccount, kAccount), 0);
  const auto survey = [&] {
    http::TcpTransport transport(ProvenLoopback(*trust_, hosts_));
    http::BeastClient client(transport);
    return HttpServiceDriver(client, *trust_, {.app_data_folder = folder_}).TakeSurvey();
  };
  EXPECT_EQ(survey().failure->code, FailureCode::kServiceUntrusted);
  trust_->SetZoneAccount(absl::StrCat(kAccount));
  EXPECT_EQ(survey().facts.version(), "7.0.2.0");
  EXPECT_TRUE(trust_->CheckFolder(folder_).ok());
  trust_->SetZoneAccount("41235");
  EXPECT_EQ(survey().failure->code, FailureCode::kServiceUntrusted);
  trust_->SetZoneAccount("");
  EXPECT_EQ(SurveyAndJoin().code, FailureCode::kServiceUntrusted);
  EXPECT_THAT(service.End(), Not(HasSubstr("canary")));
  ASSERT_EQ(chown(folder_.c_str(), 65534, 65534), 0);
  for (const char* nobody : {"nobody", "65534", "no-such-account"}) {
    trust_->SetZoneAccount(nobody);
    ExpectUntrusted(trust_->CheckFolder(folder_), "belongs to user 65534");
  }
}

// An account is believed, an address never is for that: not one of this machine's own either.
TEST_F(ServiceTrustTest, TheZonesAccountOpensNoOtherAddress) {
  hosts_ = home_.path() + "/hosts";
  std::ofstream(hosts_) << "192.0.2.7 certify\n";
  for (const char* account : {"0", "41234", "root"}) {
    trust_->SetZoneAccount(account);
    for (const char* host :
         {"192.0.2.7", "certify", "169.254.169.254", "[fe80::1]", "[::ffff:192.0.2.7]"}) {
      WriteConfig(host, 9696);
      const Failure failure = SurveyAndJoin();
      EXPECT_TRUE(failure.code == FailureCode::kServiceUntrusted ||
                  failure.code == FailureCode::kServiceConfigBad)
          << account << " " << host << ": " << TextOf(failure.code) << " " << failure.detail;
    }
    // A service that listens everywhere is spoken to at this machine's own.
    for (const char* everywhere : {"0.0.0.0", "[::]"}) {
      WriteConfig(everywhere, 9696);
      EXPECT_THAT(SurveyAndJoin().detail, HasSubstr("http://localhost:9696")) << everywhere;
    }
  }
}

class PortHandsTest : public ServiceTrustTest {
 protected:
  // A connection of ours to the port, and its ends.
  http::TcpEnds Connect(int port) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    sockaddr_in here{};
    socklen_t size = sizeof(here);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size), 0);
    return {"127.0.0.1", ntohs(here.sin_port), "127.0.0.1", port};
  }
  void TearDown() override {
    if (fd_ >= 0) close(fd_);
  }
  int fd_ = -1;
};

TEST_F(PortHandsTest, WhoAcceptedCountsEvenWhenRootListensNow) {
  OtherUser thief({.closes_listener = true});
  const http::TcpEnds ends = Connect(thief.port());
  ASSERT_TRUE(thief.AwaitAccepted());
  int port = 0;
  const int honest = ListenOn("127.0.0.1", thief.port(), &port);
  ASSERT_GE(honest, 0);
  ExpectUntrusted(trust_->CheckPeer(ends), "belongs to user 65534");
  close(honest);
}

TEST_F(PortHandsTest, AListenerOfRootThatAnotherUserAcceptsFromIsNone) {
  int port = 0;
  const int listener = ListenOn("127.0.0.1", 0, &port);
  ASSERT_GE(listener, 0);
  OtherUser thief({.inherited = listener});
  const http::TcpEnds ends = Connect(port);
  ASSERT_TRUE(thief.AwaitAccepted());
  ExpectUntrusted(trust_->CheckPeer(ends), "belongs to user 65534");
  close(listener);
}

TEST_F(PortHandsTest, RootsOwnListenerIsBelievedBeforeAndAfterItAccepts) {
  int port = 0;
  const int listener = ListenOn("127.0.0.1", 0, &port);
  const http::TcpEnds ends = Connect(port);
  EXPECT_TRUE(trust_->CheckPeer(ends).ok());
  const int accepted = accept(listener, nullptr, nullptr);
  EXPECT_TRUE(trust_->CheckPeer(ends).ok());
  close(listener);
  EXPECT_TRUE(trust_->CheckPeer(ends).ok());  // Accepted by root: whoever listens now.
  close(accepted);
  const absl::Status gone = trust_->CheckPeer(ends);
  EXPECT_EQ(http::TransportErrorOf(gone), http::TransportError::kReset) << gone;
  EXPECT_FALSE(http::RequestMayHaveBeenSent(gone));
}

// The survey found the service; before the join another user has its port.
TEST_F(PortHandsTest, AJoinAfterTheSurveyIsCheckedAgain) {
  int port = 0;
  const int listener = ListenOn("127.0.0.1", 0, &port);
  WriteConfig("127.0.0.1", port);
  http::TcpTransport transport(ProvenLoopback(*trust_, hosts_));
  http::BeastClient client(transport);
  HttpServiceDriver driver(client, *trust_, {.app_data_folder = folder_});
  std::thread service([listener] {
    const int fd = accept(listener, nullptr, nullptr);
    constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n7.0.2.0";
    static_cast<void>(send(fd, kAnswer, sizeof(kAnswer) - 1, MSG_NOSIGNAL));
    std::array<char, 4096> part;
    static_cast<void>(read(fd, part.data(), part.size()));
    close(fd);
    close(listener);
  });
  EXPECT_EQ(driver.TakeSurvey().facts.version(), "7.0.2.0");
  service.join();
  OtherUser thief({.port = port});
  ASSERT_EQ(thief.port(), port);
  const JoinAnswer answer =
      driver.Join({"https://hub.example", "managedinstance_sp_01", Secret::CopyOf(kKey)});
  EXPECT_EQ(answer.outcome, JoinAnswer::Outcome::kFailed);
  EXPECT_EQ(answer.failure->code, FailureCode::kServiceUntrusted) << answer.failure->detail;
  EXPECT_THAT(thief.End(), Not(HasSubstr("canary")));
}

TEST_F(ServiceTrustTest, NoHostButThisMachineIsAsked) {
  hosts_ = home_.path() + "/hosts";
  std::ofstream(hosts_) << "192.0.2.7 elsewhere\n";
  for (const char* host : {"192.0.2.7", "10.1", "hub.example.net", "elsewhere", "0", "2130706433.x",
                           "[2001:db8::1]", "169.254.169.254", "126.255.255.255", "128.0.0.1"}) {
    WriteConfig(host, 9696);
    const Failure failure = SurveyAndJoin();
    EXPECT_TRUE(failure.code == FailureCode::kServiceUntrusted ||
                failure.code == FailureCode::kServiceConfigBad)
        << host << ": " << TextOf(failure.code) << " " << failure.detail;
  }
}

TEST(LoopbackTest, KnowsThisMachineInAllItsSpellings) {
  constexpr char kHosts[] =
      "# a comment\n127.0.0.1 localhost\n127.0.1.1\tweb-01.example web-01 # us\n"
      "10.0.0.5 both\n::1 both six\n10.0.0.6 lan\nnonsense lan2\n";
  EXPECT_THAT(*LoopbackAddresses("127.0.0.2", ""), ElementsAre("127.0.0.2"));
  EXPECT_THAT(*LoopbackAddresses("[::1]", ""), ElementsAre("::1"));
  EXPECT_THAT(*LoopbackAddresses("localhost", "10.9.9.9 localhost\n"),
              ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(*LoopbackAddresses("web-01", kHosts), ElementsAre("127.0.1.1"));
  EXPECT_THAT(*LoopbackAddresses("web-01.example", kHosts), ElementsAre("127.0.1.1"));
  EXPECT_THAT(*LoopbackAddresses("both", kHosts), ElementsAre("::1"));
  const auto refused = [&](const char* host, const char* saying) {
    const auto found = LoopbackAddresses(host, kHosts);
    EXPECT_EQ(FailureCodeOf(found.status()), FailureCode::kServiceUntrusted) << host;
    EXPECT_THAT(TextOfStatus(found.status()), HasSubstr(saying)) << host;
  };
  refused("10.0.0.5", "is no loopback address");
  refused("lan", "leads to 10.0.0.6");
  refused("lan2", "stands in no line");
  refused("hub.example", "stands in no line");
  refused("us", "stands in no line");
  refused("0.0.0.0", "is no loopback address");
}

TEST(SocketTableTest, ReadsLinesAndRefusesNonsense) {
  const auto row = ParseSocketLine(
      "   0: 0200007F:25E0 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
      "41234 1 0000000000000000 100 0 0 10 0");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->local, "0200007F:25E0");
  EXPECT_EQ(row->state, kSocketListens);
  EXPECT_EQ(row->uid, 1000u);
  EXPECT_EQ(row->inode, 41234u);
  for (const char* line :
       {"", " ",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
        "0: a b 0A c d e 99999999999 0 1", "0: a b zz c d e 1 0 1", "0: a b 0A"}) {
    EXPECT_FALSE(ParseSocketLine(line).has_value()) << line;
  }
}

// A fake service manager.
class Manager final : public ProcessRunner {
 public:
  explicit Manager(std::string output, int code = 0) : answer_{code, std::move(output)} {}
  absl::StatusOr<ProcessAnswer> Run(const ProcessRequest& request) override {
    EXPECT_EQ(request.program, "systemctl");
    return answer_;
  }
  void Stop() override {}

 private:
  const ProcessAnswer answer_;
};

TEST(ServiceAccountTest, IsWhatTheServiceManagerSays) {
  const auto account = [](const std::string& output, int code = 0) {
    Manager manager(output, code);
    return ServiceAccountOf(manager, "certify-agent.service");
  };
  EXPECT_EQ(account("User=nobody\nMainPID=0\n"), "nobody");
  EXPECT_EQ(account("MainPID=12\nUser=1234\n"), "1234");
  EXPECT_EQ(account("User=\nMainPID=12\n"), "");  // Root.
  // Of an account that stands in no file (DynamicUser): its process tells.
  EXPECT_EQ(account(absl::StrCat("User=made-up\nMainPID=", getpid(), "\n")),
            absl::StrCat(geteuid()));
  EXPECT_EQ(account("User=made-up\nMainPID=0\n"), "");
  EXPECT_EQ(account("nonsense"), "");
  EXPECT_EQ(account("User=nobody\n", 1), "");
}

}  // namespace
}  // namespace muster::worker
