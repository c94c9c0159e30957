#include "base/http/url.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::http {
namespace {

TEST(UrlTest, PartsAndDefaults) {
  const auto url = Url::Parse("HTTPS://Hub.Example/Prefix/?q=1#top");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->scheme(), "https");
  EXPECT_EQ(url->host(), "hub.example");
  EXPECT_EQ(url->port(), 443);
  EXPECT_EQ(url->path(), "/Prefix");
  EXPECT_EQ(url->ToString(), "https://hub.example/Prefix?q=1");
  EXPECT_EQ(url->WithoutQuery(), "https://hub.example/Prefix");
  EXPECT_EQ(Url::Parse("http://[::1]:8080")->Origin(), "http://[::1]:8080");
}

TEST(UrlTest, SpellingsOfOnePlaceAreEqual) {
  EXPECT_EQ(*Url::Parse("https://hub.example:443/"), *Url::Parse("https://HUB.example"));
  EXPECT_FALSE(*Url::Parse("http://hub.example") == *Url::Parse("https://hub.example"));
}

TEST(UrlTest, OnePlaceHasOneSpelling) {
  const struct {
    const char* in;
    const char* out;  // Null: refused.
  } rows[] = {
      {"https://hub.example.net", "https://hub.example.net"},
      {"HTTPS://Hub.Example.NET:443/", "https://hub.example.net"},
      {"https://hub.example.net.", "https://hub.example.net"},
      {"https://hub.example.net.:443", "https://hub.example.net"},
      {"https://h%75b.example%2Enet", "https://hub.example.net"},
      {"https://hub:/x", "https://hub/x"},
      {"https://hub:0443", "https://hub"},
      {"http://hub:80//", "http://hub"},
      {"http://hub:8080/Certify/", "http://hub:8080/Certify"},
      {"https://hub/a/./b/../c", "https://hub/a/c"},
      {"https://hub/%7euser/%2e%2e/%c3%a9", "https://hub/%C3%A9"},
      {"https://hub/a%2fb", "https://hub/a%2Fb"},
      {"https://[::1]:9000", "https://[::1]:9000"},
      {"https://[0:0:0:0:0:0:0:1]", "https://[::1]"},
      {"https://127.31.258/", "https://127.31.1.2"},
      {"https://0x7f000001", "https://127.0.0.1"},
      {"https://[::ffff:127.0.0.1]", "https://127.0.0.1"},
      {"ftp://hub", nullptr},
      {"hub.example.net", nullptr},
      {"https:hub", nullptr},
      {"https://", nullptr},
      {"https://:443", nullptr},
      {"https://hub:0", nullptr},
      {"https://hub:70000", nullptr},
      {"https://hub:8x", nullptr},
      {"https://user@hub", nullptr},
      {"https://hub/?x=1", nullptr},
      {"https://hub/#top", nullptr},
      {"https://hub name", nullptr},
      {"https://hub\\evil", nullptr},
      {"https://hub%2Fevil", nullptr},
      {"https://hub%00", nullptr},
      {"https://hub/%zz", nullptr},
      {"https://h\xC3\xBC"
       "b",
       nullptr},
      {"https://[fe80::1%25eth0]", nullptr},
      {"https://hub..net", nullptr},
  };
  for (const auto& row : rows) {
    const auto url = CanonicalAddress(row.in);
    EXPECT_EQ(url.ok(), row.out != nullptr) << row.in << " " << url.status();
    EXPECT_EQ(url.value_or(""), row.out != nullptr ? row.out : "") << row.in;
    if (url.ok()) {
      EXPECT_EQ(*CanonicalAddress(*url), *url) << "canonical stays canonical";
    }
  }
  EXPECT_EQ(PlaceOf("http://Hub/x"), PlaceOf("https://hub:443/x/"));
  EXPECT_NE(PlaceOf("https://hub:8443"), PlaceOf("https://hub"));
}

// By which two tenants could name one hub.
TEST(UrlTest, AliasesOfOneHubLeadToOnePlace) {
  const std::vector<std::vector<const char*>> places = {
      {"https://127.31.1.2", "http://127.31.258", "https://127.31.1.2.", "https://2132738306",
       "https://0x7f1f0102", "https://0X7F.31.258:443", "https://0177.037.1.02",
       "http://127.0x1f.258:80", "https://[::ffff:127.31.1.2]", "https://[::FFFF:7f1f:102]",
       "https://[0:0:0:0:0:ffff:7F1F:0102]/", "https://%31%32%37.31.1.2", "https://127.31.1.2/./",
       "https://127.31.1.2/a/.."},
      {"https://[2001:db8::1]:8443/hub", "https://[2001:DB8:0:0:0:0:0:1]:8443/hub/",
       "http://[2001:0db8::0001]:8443/%68ub", "https://[2001:db8::0:1]:08443/hub//"},
      {"https://xn--bcher-kva.example", "HTTPS://XN--Bcher-KVA.EXAMPLE.:443/",
       "http://xn--bcher-kva%2Eexample", "https://%78n--bcher-kva.example"},
  };
  for (size_t i = 0; i < places.size(); ++i) {
    for (const char* alias : places[i]) {
      ASSERT_TRUE(CanonicalAddress(alias).ok()) << alias;
      EXPECT_EQ(PlaceOf(alias), PlaceOf(places[i][0])) << alias;
      EXPECT_NE(PlaceOf(alias), PlaceOf(places[(i + 1) % places.size()][0])) << alias;
    }
  }
}

TEST(UrlTest, JoinKeepsThePrefixAndDropsTheQuery) {
  const Url base = *Url::Parse("http://127.0.0.2:9696/api/?x=y");
  EXPECT_EQ(base.Join("system/appversion").ToString(),
            "http://127.0.0.2:9696/api/system/appversion");
  EXPECT_EQ(base.Join("//a").ToString(), "http://127.0.0.2:9696/api/a");
  EXPECT_EQ(base.Join("").ToString(), "http://127.0.0.2:9696/api");
  EXPECT_EQ(base.Join("a").AddQuery("n", "b&c d").AddQuery("m", "").ToString(),
            "http://127.0.0.2:9696/api/a?n=b%26c%20d&m=");
}

TEST(UrlTest, WhatIsNoServerIsRefused) {
  for (const char* text :
       {"", "hub.example", "ftp://hub.example", "file:///etc/passwd", "https://",
        "https://user:pw@hub.example", "https://hub example", "https://hub.example\n",
        "https://hub.example:99999", "https://hub.example:0"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Url::Parse(text).status())) << text;
  }
}

}  // namespace
}  // namespace muster::http
