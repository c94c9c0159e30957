// Real sockets on loopback, virtual time.
#include "orchestrator/net/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/fakes/fake_clock.h"

namespace muster::net {
namespace {

using testing::HasSubstr;

const std::string kHello("\x16\x03\x01\x02\x00\x01", 6);  // How a ClientHello begins.

// A client's socket from some loopback address.
class Client {
 public:
  explicit Client(const char* from = "127.0.0.1") : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, from, &address.sin_addr), 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit = {20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Connect(int port, const std::string& words = "") {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0) << strerror(errno);
    if (!words.empty()) Say(words);
  }
  void Say(const std::string& words) { send(fd_, words.data(), words.size(), MSG_NOSIGNAL); }
  // Blocks until the other side says or ends something.
  bool IsClosed() {
    char byte = 0;
    const ssize_t size = recv(fd_, &byte, 1, 0);
    return size == 0 || (size < 0 && errno == ECONNRESET);
  }
  // Blocks likewise. An orderly end would leave the socket here in TIME_WAIT.
  bool IsReset() {
    char byte = 0;
    return recv(fd_, &byte, 1, 0) < 0 && errno == ECONNRESET;
  }
  std::string Name() {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return PeerAddressOf(reinterpret_cast<const sockaddr*>(&address)).ToString();
  }

 private:
  const int fd_;
};

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() { options_.name = "test"; }
  ~AcceptorTest() override {
    acceptor_.reset();
    for (const int fd : handed_) close(fd);
  }
  void Start(const std::string& address = "127.0.0.1:0") {
    auto sockets = ServerSockets::Open(address);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    listening_ = sockets->descriptors().front();
    auto acceptor = Acceptor::Start(*std::move(sockets), options_,
                                    {.clock = clock_,
                                     .hand_on =
                                         [this](int fd) {
                                           MutexLock lock(&mu_);
                                           handed_.push_back(fd);
                                         },
                                     .on_dead =
                                         [this](const absl::Status& why) {
                                           MutexLock lock(&mu_);
                                           dead_ = why;
                                         }});
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    acceptor_ = *std::move(acceptor);
  }
  int port() { return acceptor_->port(); }
  // Blocks until one is handed on; its descriptor.
  int Handed() {
    MutexLock lock(&mu_);
    const bool came = mu_.AwaitWithTimeout(
        absl::Condition(
            +[](std::deque<int>* handed) { return !handed->empty(); }, &handed_),
        absl::Seconds(20));
    EXPECT_TRUE(came) << "none was handed on";
    if (!came) return -1;
    const int fd = handed_.front();
    handed_.pop_front();
    return fd;
  }
  int64_t Refused(Refusal why) { return acceptor_->counts().refused[static_cast<size_t>(why)]; }

  FakeClock clock_;
  AcceptorOptions options_;
  int listening_ = -1;
  Mutex mu_;
  std::deque<int> handed_ ABSL_GUARDED_BY(mu_);
  absl::Status dead_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnWhatSpeaksTlsWithAllItSaid) {
  Start();
  Client client;
  client.Connect(port(), kHello + "and more");
  const int fd = Handed();
  char words[32] = {};
  EXPECT_EQ(recv(fd, words, sizeof words, 0), 14);
  EXPECT_EQ(std::string(words, 14), kHello + "and more");
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  close(fd);
}

TEST_F(AcceptorTest, AHelloMayComeByteByByte) {
  Start();
  Client client;
  client.Connect(port());
  for (const char byte : kHello) client.Say(std::string(1, byte));
  close(Handed());
}

TEST_F(AcceptorTest, AFloodIsNoticedWhereNothingElseHappens) {
  options_.limits.bytes_at_once = 1000;
  options_.limits.bytes_per_second = 100;
  Start();
  Client first("127.0.0.2"), second("127.0.0.3");
  for (Client* client : {&first, &second}) {
    client->Connect(port(), kHello);
    const int fd = Handed();
    acceptor_->Prove(client->Name());  // So that no limit of the unproven wakes the acceptor.
    client->Say(std::string(1100, 'x'));
    EXPECT_TRUE(client->IsClosed());
    close(fd);
  }
  EXPECT_EQ(Refused(Refusal::kTooMuch), 2);
}

TEST_F(AcceptorTest, WhatIsNotTlsIsReset) {
  Start();
  for (const std::string& words :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("\x16\x02\x01\x02\x00\x01", 6), std::string("\x16\x03\x01\x02\x00\x02", 6),
        std::string("\0", 1)}) {
    Client client;
    client.Connect(port(), words);
    EXPECT_TRUE(client.IsReset()) << words;
  }
  EXPECT_EQ(Refused(Refusal::kNotTls), 5);
  EXPECT_EQ(acceptor_->counts().connections, 0);
}

TEST_F(AcceptorTest, WhoSaysNothingIsClosedInTime) {
  Start();
  Client silent;
  Client slow;
  silent.Connect(port());
  slow.Connect(port(), "\x16\x03");
  Client other;  // Comes after both: they are known then.
  other.Connect(port(), kHello);
  close(Handed());
  clock_.Advance(options_.limits.silence);
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(slow.IsClosed());
  EXPECT_EQ(Refused(Refusal::kSilent), 2);
}

TEST_F(AcceptorTest, WhoSendsMoreThanItMayIsCutOffAndNobodyElse) {
  options_.limits.bytes_at_once = 1000;
  options_.limits.bytes_per_second = 100;
  Start();
  Client steady("127.0.0.2"), flood("127.0.0.3");
  steady.Connect(port(), kHello);
  const int of_steady = Handed();
  flood.Connect(port(), kHello);
  const int of_flood = Handed();
  for (int i = 0; i < 5; ++i) {
    steady.Say(std::string(900, 'x'));
    Client next("127.0.0.4");  // Comes after: what was said is counted then.
    next.Connect(port(), kHello);
    close(Handed());
    clock_.Advance(absl::Seconds(9));
  }
  EXPECT_EQ(Refused(Refusal::kTooMuch), 0);
  flood.Say(std::string(1100, 'x'));
  EXPECT_TRUE(flood.IsClosed());
  EXPECT_EQ(Refused(Refusal::kTooMuch), 1);
  std::string kept(5000, 0);
  EXPECT_EQ(recv(of_steady, kept.data(), kept.size(), 0),
            static_cast<ssize_t>(kHello.size() + 5 * 900));
  close(of_steady);
  close(of_flood);
}

TEST_F(AcceptorTest, WhoMakesTooManyCallsIsCutOffAndNothingMoreOfItIsRead) {
  options_.limits.open_calls = 2;
  Start();
  Client steady("127.0.0.2"), flood("127.0.0.3");
  steady.Connect(port(), kHello);
  const int of_steady = Handed();
  flood.Connect(port(), kHello);
  const int of_flood = Handed();
  int asked = 0;
  const auto call = [&](Client& client) {
    return acceptor_->BeginCall(client.Name(), [&asked] {
      ++asked;
      return "";
    });
  };
  for (int i = 0; i < 10; ++i) {
    const ConnectionId id = call(steady);
    EXPECT_NE(id, 0);
    acceptor_->EndCall(id);
  }
  EXPECT_EQ(asked, 1);
  flood.Say(std::string(5000, 'x'));
  for (int i = 0; i < 3; ++i) call(flood);
  EXPECT_TRUE(flood.IsReset());
  char byte = 0;
  EXPECT_LE(recv(of_flood, &byte, 1, 0), 0);  // What it had sent is gone.
  EXPECT_EQ(Refused(Refusal::kCalls), 1);
  EXPECT_EQ(acceptor_->BeginCall("127.0.0.9:1", [] { return ""; }), 0);  // Of nobody.
  EXPECT_EQ(recv(of_steady, &byte, 1, 0), 1);
  close(of_steady);
  close(of_flood);
}

TEST_F(AcceptorTest, ACertificateHasSoManyConnectionsAndThoseThatEndedAreNone) {
  options_.limits.per_certificate = 2;
  Start();
  std::deque<Client> clients;
  std::vector<int> descriptors;
  const auto come = [&] {
    clients.emplace_back();
    clients.back().Connect(port(), kHello);
    descriptors.push_back(Handed());
    acceptor_->BeginCall(clients.back().Name(), [] { return "the same"; });
  };
  come();
  come();
  close(descriptors.front());
  come();
  EXPECT_EQ(Refused(Refusal::kCertificate), 0);
  come();
  EXPECT_TRUE(clients.back().IsReset());
  EXPECT_EQ(Refused(Refusal::kCertificate), 1);
  for (size_t i = 1; i < descriptors.size(); ++i) close(descriptors[i]);
}

TEST_F(AcceptorTest, AnAddressHasItsLimitAndOthersGetIn) {
  options_.limits.per_address = 2;
  Start();
  Client first("127.0.0.2"), second("127.0.0.2"), third("127.0.0.2"), other("127.0.0.3");
  first.Connect(port(), kHello);
  second.Connect(port(), kHello);
  const int of_first = Handed();
  const int of_second = Handed();
  third.Connect(port());
  EXPECT_TRUE(third.IsClosed());
  EXPECT_EQ(Refused(Refusal::kAddress), 1);
  other.Connect(port(), kHello);
  close(Handed());

  // Whoever was handed on is not heard of again; there is room all the same when it is gone.
  close(of_first);
  clock_.Advance(absl::Milliseconds(200));
  Client fourth("127.0.0.2");
  fourth.Connect(port(), kHello);
  close(Handed());
  close(of_second);
}

TEST_F(AcceptorTest, TheNextTurnComesWithAnAnswerToThoseBefore) {
  options_.limits.handshakes = 1;
  Start();
  Client first("127.0.0.2"), second("127.0.0.3");
  first.Connect(port(), kHello);
  const int of_first = Handed();
  second.Connect(port(), kHello);
  Client junk;  // Comes after it, and is answered at once.
  junk.Connect(port(), "junk");
  EXPECT_TRUE(junk.IsClosed());
  {
    MutexLock lock(&mu_);
    EXPECT_TRUE(handed_.empty());
  }
  acceptor_->Prove("127.0.0.9:1");  // Of nobody.
  acceptor_->Prove(first.Name());
  close(Handed());
  EXPECT_EQ(acceptor_->counts().handshakes, 1);
  close(of_first);
}

TEST_F(AcceptorTest, AHandshakeThatFailsMakesRoom) {
  options_.limits.handshakes = 1;
  Start();
  Client first, second;
  first.Connect(port(), kHello);
  const int of_first = Handed();
  second.Connect(port(), kHello);
  Client junk;
  junk.Connect(port(), "junk");
  EXPECT_TRUE(junk.IsClosed());
  close(of_first);
  clock_.Advance(absl::Milliseconds(100));
  close(Handed());
}

TEST_F(AcceptorTest, WhenThereIsNoRoomTheOldestSilentGivesWay) {
  options_.limits.unproven = 2;
  Start();
  Client first("127.0.0.2"), second("127.0.0.3"), third("127.0.0.4");
  first.Connect(port());
  second.Connect(port());
  third.Connect(port(), kHello);
  EXPECT_TRUE(first.IsClosed());
  close(Handed());
}

// The limit of this process as low as it gets, and back.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    const rlimit none = {static_cast<rlim_t>(next), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(AcceptorTest, AProcessWithoutDescriptorsRefusesAndRecovers) {
  Start();
  Client refused, later;
  {
    const NoDescriptors none;
    refused.Connect(port(), kHello);
    EXPECT_TRUE(refused.IsClosed());
    EXPECT_EQ(Refused(Refusal::kDescriptors), 1);
    later.Connect(port(), kHello);  // Waits in the system's queue: the acceptor has paused.
  }
  clock_.Advance(absl::Seconds(3));
  close(Handed());
  for (int i = 0; i < 20; ++i) {
    Client client;
    client.Connect(port(), kHello);
    close(Handed());
  }
  MutexLock lock(&mu_);
  EXPECT_TRUE(dead_.ok()) << dead_;
}

TEST_F(AcceptorTest, TheLastDescriptorsAreNotForConnections) {
  options_.first_reserved_descriptor = 3;
  Start();
  Client client;
  client.Connect(port(), kHello);
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(Refused(Refusal::kDescriptors), 1);
}

TEST_F(AcceptorTest, AFloodOfJunkLeavesNothingBehind) {
  options_.limits.unproven_per_subnet = 1000;
  Start();
  for (int i = 0; i < 500; ++i) {
    Client junk;
    junk.Connect(port(), i % 2 == 0 ? "junk" : "");
  }
  Client client;
  client.Connect(port(), kHello);
  close(Handed());
  Client last;  // Looked at after all before it.
  last.Connect(port(), "junk");
  EXPECT_TRUE(last.IsClosed());
  EXPECT_LE(acceptor_->counts().connections, 1);
}

TEST_F(AcceptorTest, AListenerThatFailsForGoodSaysSo) {
  Start();
  shutdown(listening_, SHUT_RDWR);
  MutexLock lock(&mu_);
  ASSERT_TRUE(mu_.AwaitWithTimeout(absl::Condition(
                                       +[](absl::Status* dead) { return !dead->ok(); }, &dead_),
                                   absl::Seconds(20)));
  EXPECT_EQ(FailureCodeOf(dead_), FailureCode::kSystemListenerLost);
  EXPECT_THAT(std::string(dead_.message()), HasSubstr("test listener"));
}

TEST_F(AcceptorTest, ItsEndClosesWhoWaits) {
  options_.limits.handshakes = 1;
  Start();
  Client first, queued, silent;
  first.Connect(port(), kHello);
  const int of_first = Handed();  // Keeps the one turn.
  queued.Connect(port(), kHello);
  silent.Connect(port());
  Client junk;
  junk.Connect(port(), "junk");
  EXPECT_TRUE(junk.IsClosed());
  acceptor_.reset();
  EXPECT_TRUE(queued.IsClosed());
  EXPECT_TRUE(silent.IsClosed());
  close(of_first);
}

TEST_F(AcceptorTest, AUnixSocketIsHandedOnAsItComes) {
  options_.tls = false;
  const std::string path = testing::TempDir() + "acceptor.sock";
  Start("unix:" + path);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int fd = Handed();
  EXPECT_EQ(acceptor_->counts().connections, 1);
  EXPECT_EQ(acceptor_->counts().unproven, 0);
  close(fd);
  close(client);
}

}  // namespace
}  // namespace muster::net
