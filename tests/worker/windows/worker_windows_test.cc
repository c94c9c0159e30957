// The worker's platform on Windows: programs and all that they start, the Certify service's pipe and
// port with who holds them, folders and files, the service's log. Run on Windows, or under wine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
// Behind Boost, which includes it in its own way.
#include <windows.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/transport_error.h"
#include "base/platform/files.h"
#include "base/platform/windows/access.h"
#include "base/platform/windows/handle.h"
#include "base/random.h"
#include "worker/platform/machine.h"
#include "worker/platform/negotiator.h"
#include "worker/platform/process.h"
#include "worker/platform/service_control.h"
#include "worker/platform/service_host.h"
#include "worker/platform/service_pipe.h"
#include "worker/platform/service_trust.h"
#include "worker/platform/windows/service_log.h"
#include "worker/platform/windows/socket_table.h"
#include "worker/service/loopback.h"

namespace muster::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Folder {
 public:
  Folder() : path_(absl::StrCat(testing::TempDir(), "/worker-", SystemRandom().Base32(8))) {
    EXPECT_TRUE(MakePrivateDirectory(path_).ok());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string At(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ProcessRequest Echo(const std::vector<std::string>& arguments) {
  std::vector<wchar_t> path(32768);
  GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  ProcessRequest request;
  request.program =
      (std::filesystem::path(path.data()).parent_path() / "muster_test_echo.exe").string();
  for (const std::string& argument : arguments) {
    request.arguments.push_back(Secret::CopyOf(argument));
  }
  return request;
}

TEST(WindowsProcessRunnerTest, PassesArgumentsAsTheyAreAndKeepsTheOutput) {
  const auto runner = MakeProcessRunner();
  const auto answer = runner->Run(Echo({"echo", "a b", "\"quoted\"", "back\\", "back\\\"slash", "",
                                        "%PATH%", "b\xC3\xBC", "*", "x\\\\ y\\"}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(answer->output,
            "[a b][\"quoted\"][back\\][back\\\"slash][][%PATH%][b\xC3\xBC][*][x\\\\ y\\]err");
  EXPECT_EQ(runner->Run(Echo({"exit", "3"}))->exit_code, 3);
  EXPECT_EQ(runner->Run(Echo({"exit", "-1"}))->exit_code, -1);
}

TEST(WindowsProcessRunnerTest, OutputOfTheConsolesCodePageBecomesText) {
  const auto answer = MakeProcessRunner()->Run(Echo({"oem"}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  // A code page without the letter has one that resembles it.
  EXPECT_THAT(answer->output, testing::AnyOf("b\xC3\xBC", "bu", "b?"));
}

TEST(WindowsProcessRunnerTest, AddedVariablesWin) {
  ProcessRequest request = Echo({"variable", "CERTIFY_CLIENT_MODE"});
  SetEnvironmentVariableW(L"certify_client_mode", L"http");
  request.environment.emplace_back("CERTIFY_CLIENT_MODE", "namedpipe");
  EXPECT_EQ(MakeProcessRunner()->Run(request)->output, "namedpipe");
  SetEnvironmentVariableW(L"certify_client_mode", nullptr);
}

TEST(WindowsProcessRunnerTest, WhatIsMissingIsNamed) {
  ProcessRequest request;
  request.program = "C:/no/such/program.exe";
  EXPECT_TRUE(absl::IsNotFound(MakeProcessRunner()->Run(request).status()));
}

// It and what it started: a program of the console may have left its work to another one.
TEST(WindowsProcessRunnerTest, AStopEndsTheWholeTree) {
  const Folder folder;
  const auto runner = MakeProcessRunner();
  ProcessRequest request = Echo({"tree", folder.At("runs")});
  absl::Status status;
  std::thread running([&] { status = runner->Run(request).status(); });
  while (!std::filesystem::exists(folder.At("runs"))) std::this_thread::yield();
  runner->Stop();
  running.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  // The grandchild holds its file for as long as it lives, and lets nobody write there.
  const Handle file(CreateFileW(Wide(folder.At("runs")).c_str(), GENERIC_WRITE, FILE_SHARE_READ,
                                nullptr, OPEN_EXISTING, 0, nullptr));
  EXPECT_TRUE(file.ok()) << GetLastError();
  EXPECT_TRUE(absl::IsCancelled(runner->Run(request).status()));
}

TEST(WindowsProcessRunnerTest, WhatHangsIsEndedAfterItsTime) {
  const Folder folder;
  ProcessRequest request = Echo({"hang", folder.At("runs")});
  request.timeout = absl::Milliseconds(1500);
  EXPECT_TRUE(absl::IsDeadlineExceeded(MakeProcessRunner()->Run(request).status()));
}

TEST(WindowsMachineTest, SaysWhatItIs) {
  const types::v1::MachineFacts facts = ReadMachineFacts();
  EXPECT_NE(facts.machine_name(), "");
  EXPECT_EQ(facts.os(), "windows");
  EXPECT_EQ(facts.architecture(), "x86_64");
  EXPECT_THAT(facts.os_version(), HasSubstr("Windows"));
  EXPECT_THAT(DefaultDataDirectory(), HasSubstr("/Muster"));
  EXPECT_THAT(DefaultAppDataFolder(), HasSubstr("/certify"));
  EXPECT_THAT(DefaultCliPath(), HasSubstr("/CertifyTheWeb/certify.exe"));
  EXPECT_THAT(HostsFile(), HasSubstr("\\drivers\\etc\\hosts"));
}

// A pipe that answers one request after another with the same words.
class PipeServer {
 public:
  PipeServer() : name_(absl::StrCat("\\\\.\\pipe\\muster-test-", SystemRandom().Base32(8))) {
    Listen();
    thread_ = std::thread([this] { Serve(); });
  }
  ~PipeServer() {
    over_ = true;
    // Wakes what waits for a client.
    Handle(CreateFileW(Wide(name_).c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                       0, nullptr));
    thread_.join();
  }
  const std::string& name() const { return name_; }
  std::string request() const { return request_; }

 private:
  void Listen() {
    pipe_ = Handle(CreateNamedPipeW(Wide(name_).c_str(), PIPE_ACCESS_DUPLEX,
                                    PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT,
                                    PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, nullptr));
  }
  void Serve() {
    while (!over_) {
      if (!ConnectNamedPipe(pipe_.get(), nullptr) && GetLastError() != ERROR_PIPE_CONNECTED) return;
      std::string text;
      char part[512];
      DWORD size = 0;
      while (text.find("\r\n\r\n") == std::string::npos &&
             ReadFile(pipe_.get(), part, sizeof(part), &size, nullptr)) {
        text.append(part, size);
      }
      if (!over_) request_ = text;
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n7.0.2.0";
      WriteFile(pipe_.get(), answer.data(), static_cast<DWORD>(answer.size()), &size, nullptr);
      FlushFileBuffers(pipe_.get());
      DisconnectNamedPipe(pipe_.get());
    }
  }

  const std::string name_;
  Handle pipe_;
  std::atomic<bool> over_ = false;
  std::string request_;
  std::thread thread_;
};

http::Request Version() {
  http::Request request;
  request.url = "http://localhost/api/system/appversion";
  request.total_timeout = absl::Seconds(20);
  return request;
}

TEST(WindowsPipeTest, CarriesTheServicesApi) {
  const auto trust = SystemServiceTrust({});
  PipeServer server;
  const auto transport = ServicePipeTransport(*trust, server.name());
  http::BeastClient client(*transport);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.Send(Version());
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, "7.0.2.0");
  }
  EXPECT_THAT(server.request(),
              HasSubstr("GET /api/system/appversion HTTP/1.1\r\nHost: localhost"));
}

TEST(WindowsPipeTest, OneThatIsNotThereGetsNothing) {
  const auto trust = SystemServiceTrust({});
  const auto transport = ServicePipeTransport(*trust, R"(\\.\pipe\muster-no-such-pipe)");
  const auto answer = http::BeastClient(*transport).Send(Version());
  EXPECT_EQ(http::TransportErrorOf(answer.status()), http::TransportError::kRefused);
  EXPECT_FALSE(http::RequestMayHaveBeenSent(answer.status()));
}

// Anybody can make a pipe of a name that is free.
class NobodyIsTrusted final : public ServiceTrust {
 public:
  void SetZoneAccount(const std::string&) override {}
  absl::Status CheckFolder(const std::string&) override { return Refusal(); }
  absl::StatusOr<std::optional<std::string>> ReadFile(const std::string&,
                                                      const std::string&) override {
    return Refusal();
  }
  absl::Status CheckProgram(const std::string&) override { return Refusal(); }
  absl::Status CheckPeer(const http::TcpEnds&) override { return Refusal(); }
  absl::Status CheckProcess(uint32_t pid, const std::string& what) override {
    pid_ = pid;
    what_ = what;
    return Refusal();
  }
  uint32_t pid() const { return pid_; }

 private:
  absl::Status Refusal() const { return FailureStatus(FailureCode::kServiceUntrusted, what_); }
  uint32_t pid_ = 0;
  std::string what_ = "nobody";
};

TEST(WindowsPipeTest, WhoServesItIsLookedAtBeforeAByteIsSent) {
  NobodyIsTrusted trust;
  PipeServer server;
  const auto transport = ServicePipeTransport(trust, server.name());
  const auto answer = http::BeastClient(*transport).Send(Version());
  EXPECT_EQ(FailureCodeOf(answer.status()), FailureCode::kServiceUntrusted) << answer.status();
  EXPECT_EQ(trust.pid(), GetCurrentProcessId());
  EXPECT_EQ(server.request(), "");
}

TEST(WindowsTrustTest, WhoHoldsAConnectionIsKnown) {
  boost::asio::io_context io;
  using Tcp = boost::asio::ip::tcp;
  Tcp::acceptor listener(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  Tcp::socket client(io);
  client.connect(listener.local_endpoint());
  const Tcp::socket accepted = listener.accept();
  const http::TcpEnds ends{"127.0.0.1", client.local_endpoint().port(), "127.0.0.1",
                           client.remote_endpoint().port()};
  const auto holders = HoldersOf(ends);
  ASSERT_TRUE(holders.ok()) << holders.status();
  EXPECT_THAT(holders->listeners, ElementsAre(GetCurrentProcessId()));
  EXPECT_THAT(holders->peers, ElementsAre(GetCurrentProcessId()));
  const auto none = HoldersOf({"127.0.0.1", 1, "127.0.0.1", 2});
  EXPECT_TRUE(none->listeners.empty() && none->peers.empty());
  EXPECT_FALSE(HoldersOf({"nonsense", 1, "127.0.0.1", 2}).ok());
}

TEST(WindowsTrustTest, FoldersAndFilesOfOursAreBelievedAndOthersAreNot) {
  const Folder folder;
  const auto trust = SystemServiceTrust({});
  EXPECT_EQ(FailureCodeOf(trust->CheckFolder(folder.At("none"))), FailureCode::kServiceMissing);
  EXPECT_TRUE(trust->CheckFolder(folder.path()).ok()) << trust->CheckFolder(folder.path());
  ASSERT_TRUE(
      WriteFileAtomically(folder.At("serviceconfig.json"), "{}", FileAccess::kEveryoneReads).ok());
  EXPECT_EQ(trust->ReadFile(folder.path(), "serviceconfig.json")->value(), "{}");
  EXPECT_FALSE(trust->ReadFile(folder.path(), "none")->has_value());
  EXPECT_EQ(FailureCodeOf(trust->ReadFile(folder.path(), ".").status()),
            FailureCode::kServiceUntrusted);
  EXPECT_EQ(FailureCodeOf(trust->CheckFolder(folder.At("serviceconfig.json"))),
            FailureCode::kServiceUntrusted);
  EXPECT_EQ(FailureCodeOf(trust->CheckProgram("//server/share/certify.exe")),
            FailureCode::kServiceUntrusted)
      << "on another machine";
}

TEST(WindowsServiceTest, WhatIsNotInstalledIsSaid) {
  const auto runner = MakeProcessRunner();
  const auto control = SystemServiceControl(*runner, "muster-no-such-service");
  EXPECT_EQ(control->RunId(), "");
  EXPECT_THAT(std::string(control->Restart().message()), HasSubstr("--service-unit"));
  EXPECT_EQ(ServiceAccountOf(*runner, "muster-no-such-service"), "");
  const auto host = SystemServiceHost();
  ASSERT_NE(host, nullptr);
  EXPECT_TRUE(absl::IsUnavailable(host->RunAsService("x", [] { return 0; }).status()))
      << "only the service manager starts it so";
}

TEST(WindowsNegotiatorTest, MakesATokenOrSaysWhyThereIsNone) {
  const auto negotiator = SystemNegotiator();
  ASSERT_NE(negotiator, nullptr);
  const auto negotiation = negotiator->Begin("localhost");
  if (!negotiation.ok()) {  // wine without NTLM.
    EXPECT_TRUE(absl::IsUnauthenticated(negotiation.status()));
    return;
  }
  const auto token = (*negotiation)->Next("");
  EXPECT_TRUE(token.ok() || absl::IsUnauthenticated(token.status())) << token.status();
}

TEST(WindowsServiceLogTest, KeepsStandardErrorInAFileThatStaysShort) {
  const Folder folder;
  {
    const auto log = ServiceLog::Open(folder.At("logs"), 200);
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 10; ++i) {
      std::fprintf(stderr, "time=t level=warning msg=\"line %d of some length\"\n", i);
      std::fflush(stderr);
    }
  }
  const auto now = ReadWholeFile(folder.At("logs/muster-worker.log"));
  const auto before = ReadWholeFile(folder.At("logs/muster-worker.1.log"));
  ASSERT_TRUE(now.ok()) << now.status();
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_THAT(*before + *now, HasSubstr("line 9"));
  EXPECT_LT(now->size() + before->size(), 600u);
}

}  // namespace
}  // namespace muster::worker
