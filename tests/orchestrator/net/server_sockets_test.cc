#include "orchestrator/net/server_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace muster::net {
namespace {

using testing::HasSubstr;

TEST(ServerSockets, TakeAnyPortOrOne) {
  const auto any = ServerSockets::Open("127.0.0.1:0");
  ASSERT_TRUE(any.ok()) << any.status();
  ASSERT_GT(any->port(), 0);
  const auto same = ServerSockets::Open(absl::StrCat("127.0.0.1:", any->port()));
  ASSERT_FALSE(same.ok()) << "two listeners share a port";
  EXPECT_THAT(std::string(same.status().message()), HasSubstr("Address already in use"));
}

TEST(ServerSockets, ANameHasOnePortOnAllItsAddresses) {
  const auto named = ServerSockets::Open("localhost:0");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_GT(named->port(), 0);
  EXPECT_GE(named->descriptors().size(), 1u);
}

TEST(ServerSockets, ANameWhoseAddressIsTakenIsTakenAltogether) {
  // Whichever of its addresses comes first.
  for (const char* half : {"127.0.0.1:0", "[::1]:0"}) {
    const auto taken = ServerSockets::Open(half);
    if (!taken.ok()) continue;  // A machine without IPv6.
    if (half[0] == '[' && ServerSockets::Open("localhost:0")->descriptors().size() < 2) continue;
    const auto name = ServerSockets::Open(absl::StrCat("localhost:", taken->port()));
    ASSERT_FALSE(name.ok()) << half;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr("Address already in use"));
  }
}

TEST(ServerSockets, AllAddressesAreBothFamilies) {
  for (const char* all : {"0.0.0.0:0", "[::]:0"}) {
    const auto sockets = ServerSockets::Open(all);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    ASSERT_EQ(sockets->descriptors().size(), 1u);
    EXPECT_FALSE(ServerSockets::Open(absl::StrCat("127.0.0.1:", sockets->port())).ok()) << all;
  }
}

TEST(ServerSockets, SayWhyNot) {
  EXPECT_THAT(std::string(ServerSockets::Open("192.0.2.1:0").status().message()),
              HasSubstr("Cannot assign requested address"));
  EXPECT_FALSE(ServerSockets::Open("127.0.0.1").ok());
  EXPECT_FALSE(ServerSockets::Open("127.0.0.1:99999").ok());
  EXPECT_THAT(std::string(ServerSockets::Open("unix:/" + std::string(200, 'x')).status().message()),
              HasSubstr("longer than 107"));
}

TEST(ServerSockets, APathIsItsOwnersAndGoesWithIt) {
  const std::string path = testing::TempDir() + "server_sockets.sock";
  {
    const auto sockets = ServerSockets::Open("unix:" + path);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_EQ(sockets->port(), 0);
    struct stat found = {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
  }
  struct stat found = {};
  EXPECT_NE(stat(path.c_str(), &found), 0);
}

TEST(ServerSockets, AnOldSocketIsReplacedAndAFileIsNot) {
  const std::string path = testing::TempDir() + "server_sockets_old.sock";
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(left);  // As a killed process leaves it.
  EXPECT_TRUE(ServerSockets::Open("unix:" + path).ok());
  std::ofstream(path) << "mine";
  EXPECT_FALSE(ServerSockets::Open("unix:" + path).ok());
  unlink(path.c_str());
}

}  // namespace
}  // namespace muster::net
