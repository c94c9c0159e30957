// Hosts and endpoints in their canonical form.
#include "base/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/host_port.h"

namespace muster {
namespace {

using testing::HasSubstr;

TEST(Host, HasOneSpelling) {
  const struct {
    const char* in;
    const char* out;
  } rows[] = {
      {"Hub.Example", "hub.example"},
      {"hub.example.", "hub.example"},
      {"under_score", "under_score"},
      {"127.31.258", "127.31.1.2"},
      {"0x7F.1", "127.0.0.1"},
      {"2130706433", "127.0.0.1"},
      {"017700000001", "127.0.0.1"},
      {"010.0.0.1", "8.0.0.1"},
      {"10.0.0.1.", "10.0.0.1"},
      {"[::1]", "[::1]"},
      {"[2001:DB8:0:0:0:0:0:1]", "[2001:db8::1]"},
      {"[2001:0db8::0:1]", "[2001:db8::1]"},
      {"[1:0:2:0:0:3:0:0]", "[1:0:2::3:0:0]"},
      {"[::]", "[::]"},
      {"[::FFFF:10.0.0.1]", "10.0.0.1"},
      {"[64:ff9b::10.0.0.1]", "[64:ff9b::a00:1]"},
      {"[fe80::1%eth0]", "[fe80::1%eth0]"},
      {"1.example", "1.example"},
  };
  for (const auto& row : rows) {
    const auto host = CanonicalHost(row.in);
    ASSERT_TRUE(host.ok()) << row.in << host.status();
    EXPECT_EQ(*host, row.out) << row.in;
    EXPECT_EQ(*CanonicalHost(*host), *host) << "canonical stays canonical";
  }
}

TEST(Host, RefusesWhatReachesNothing) {
  for (const char* text :
       {"",          ".",          "a..b",       ".a",          "a b",        "a\tb",
        "a/b",       "a@b",        "::1",        "[::1",        "[1:2]",      "[::1::]",
        "[12345::]", "[::g]",      "[::1.2.3]",  "[1.2.3.4]",   "1.2.3.4.5",  "256.1.1.1",
        "1.2.3.999", "4294967296", "a.09",       "hüb.example", "[fe80::1%]", "[]",
        "*.example", "-a",         "a-.example", "-",           "a.-",        "--help",
        "10.0.0.-1"}) {
    EXPECT_FALSE(CanonicalHost(text).ok()) << text << *CanonicalHost(text);
  }
}

TEST(Host, KnowsThisMachine) {
  for (const char* host :
       {"localhost", "localhost.localdomain", "localhost6", "localhost4.localdomain4",
        "ip6-loopback", "127.0.0.1", "127.9.9.9", "[::1]", "[::]", "0.0.0.0", "api.localhost"}) {
    EXPECT_TRUE(IsThisMachine(host)) << host;
  }
  for (const char* host : {"localhosts", "127.example", "10.0.0.1", "[2001:db8::1]"}) {
    EXPECT_FALSE(IsThisMachine(host)) << host;
  }
}

TEST(Host, KnowsWhereNobodyAnswers) {
  for (const char* host : {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255",
                           "[::]", "[ff02::1]", "[ff0e:0:0:1::]"}) {
    EXPECT_NE(WhyNobodyAnswersAt(host), "") << host;
  }
  for (const char* host :
       {"127.0.0.1", "1.0.0.0", "223.255.255.255", "10.0.0.255", "[::1]", "[ff::1]", "[fe80::1]",
        "hub.example", "ff02.example", "a--b.xn--hb-kia.example"}) {
    EXPECT_EQ(WhyNobodyAnswersAt(host), "") << host;
  }
}

TEST(HostPort, IsReadOrRefusedWithTheReason) {
  EXPECT_EQ(ParseHostPort("Hub.Example.:8443", 1)->ToString(), "hub.example:8443");
  EXPECT_EQ(ParseHostPort("[2001:DB8::1]:443", 1)->ToString(), "[2001:db8::1]:443");
  const struct {
    const char* text;
    const char* why;
  } rows[] = {
      {"", "empty"},
      {"https://hub:8443", "it is a URL; leave \"https://\" away"},
      {"hub", "port is missing"},
      {"[::1]", "port is missing"},
      {"2001:db8::1:443", "in brackets"},
      {" hub:1", "blanks"},
      {"hub:1 ", "blanks"},
      {"hub:65536", "from 1 to 65535"},
      {"hub:http", "from 1 to 65535"},
      {"user@hub:1", "user name"},
      {"hub:1/x", "path"},
  };
  for (const auto& row : rows) {
    const auto parsed = ParseHostPort(row.text, 1);
    ASSERT_FALSE(parsed.ok()) << row.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(row.why)) << row.text;
  }
}

TEST(HostPort, AHostAloneHasNoPort) {
  EXPECT_EQ(*ParseHostAlone("Muster.Example."), "muster.example");
  EXPECT_EQ(*ParseHostAlone("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(*ParseHostAlone("[2001:DB8::1]"), "2001:db8::1");
  EXPECT_EQ(*ParseHostAlone("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ((HostPort{*ParseHostAlone("2001:DB8::1"), 443}).ToString(), "[2001:db8::1]:443");
  for (const char* text :
       {"", "muster.example:8443", "[::1]:80", "https://muster.example", "a b"}) {
    EXPECT_FALSE(ParseHostAlone(text).ok()) << text;
  }
}

}  // namespace
}  // namespace muster
