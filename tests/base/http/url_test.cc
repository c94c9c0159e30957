#include "base/http/url.h"

#include <gtest/gtest.h>

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
