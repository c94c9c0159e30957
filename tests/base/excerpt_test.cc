// A secret that a service or a hub sends back changed: whatever was done to it, no piece of it is
// kept, and the words that people need are.
#include "base/excerpt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/plain_words.h"
#include "base/random.h"

namespace muster {
namespace {

using testing::HasSubstr;

struct Guise {
  const char* name;
  std::function<std::string(const std::string&)> wear;
};

std::string EachByte(const std::string& text, const char* format) {
  std::string out;
  for (const char c : text) {
    char piece[16];
    std::snprintf(piece, sizeof piece, format,
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += piece;
  }
  return out;
}

std::string Between(const std::string& text, const std::string& what, size_t every = 1) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && at % every == 0) out += what;
    out.push_back(text[at]);
  }
  return out;
}

std::string Reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

std::string Rotated(std::string text, int by) {
  for (char& c : text) {
    if (absl::ascii_islower(static_cast<unsigned char>(c))) {
      c = static_cast<char>('a' + (c - 'a' + by) % 26);
    } else if (absl::ascii_isupper(static_cast<unsigned char>(c))) {
      c = static_cast<char>('A' + (c - 'A' + by) % 26);
    }
  }
  return text;
}

std::vector<Guise> Guises() {
  return {
      {"as it is", [](const std::string& s) { return s; }},
      {"reversed", Reversed},
      {"spaced", [](const std::string& s) { return Between(s, " "); }},
      {"spaced and reversed", [](const std::string& s) { return Reversed(Between(s, " ")); }},
      {"pairs", [](const std::string& s) { return Between(s, " ", 2); }},
      {"in threes, by dashes", [](const std::string& s) { return Between(s, "-", 3); }},
      {"in sevens, by lines", [](const std::string& s) { return Between(s, "\r\n", 7); }},
      {"by dots", [](const std::string& s) { return Between(s, "."); }},
      {"by words", [](const std::string& s) { return Between(s, " and ", 4); }},
      {"by tags", [](const std::string& s) { return Between(s, "<b></b>", 5); }},
      {"by zero-width spaces", [](const std::string& s) { return Between(s, "\xe2\x80\x8b"); }},
      {"by soft hyphens, in fours", [](const std::string& s) { return Between(s, "\xc2\xad", 4); }},
      {"decimal entities", [](const std::string& s) { return EachByte(s, "&#%u;"); }},
      {"hexadecimal entities", [](const std::string& s) { return EachByte(s, "&#x%x;"); }},
      {"padded entities", [](const std::string& s) { return EachByte(s, "&#%07u;"); }},
      {"every byte in percent", [](const std::string& s) { return EachByte(s, "%%%02X"); }},
      {"every byte in percent twice", [](const std::string& s) { return EachByte(s, "%%25%02x"); }},
      {"JSON escapes", [](const std::string& s) { return EachByte(s, "\\u%04x"); }},
      {"C escapes", [](const std::string& s) { return EachByte(s, "\\x%02x"); }},
      {"octal", [](const std::string& s) { return EachByte(s, "\\%03o"); }},
      {"hexadecimal", [](const std::string& s) { return absl::BytesToHexString(s); }},
      {"hexadecimal dump", [](const std::string& s) { return EachByte(s, "%02x "); }},
      {"decimal numbers", [](const std::string& s) { return EachByte(s, "%u, "); }},
      {"three digits", [](const std::string& s) { return EachByte(s, "%03u "); }},
      {"base64", [](const std::string& s) { return absl::Base64Escape(s); }},
      {"base64 reversed", [](const std::string& s) { return Reversed(absl::Base64Escape(s)); }},
      {"base64 twice",
       [](const std::string& s) { return absl::Base64Escape(absl::Base64Escape(s)); }},
      {"base64 in lines",
       [](const std::string& s) { return Between(absl::Base64Escape(s), "\n", 4); }},
      {"rotated", [](const std::string& s) { return Rotated(s, 13); }},
      {"rotated and spaced", [](const std::string& s) { return Between(Rotated(s, 1), " "); }},
      {"each letter twice",
       [](const std::string& s) {
         std::string out;
         for (const char c : s) out.append(2, c);
         return out;
       }},
      {"other case",
       [](std::string s) {
         for (char& c : s) {
           const auto byte = static_cast<unsigned char>(c);
           c = absl::ascii_islower(byte) ? absl::ascii_toupper(byte) : absl::ascii_tolower(byte);
         }
         return s;
       }},
      {"full width",
       [](const std::string& s) {
         std::string out;
         for (const char c : s) {
           const unsigned point = 0xFF00u + static_cast<unsigned char>(c) - 0x20u;
           out += static_cast<char>(0xE0 | (point >> 12));
           out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
           out += static_cast<char>(0x80 | (point & 0x3F));
         }
         return out;
       }},
      {"its halves exchanged",
       [](const std::string& s) { return s.substr(s.size() / 2) + s.substr(0, s.size() / 2); }},
      {"every second letter first",
       [](const std::string& s) {
         std::string odd, even;
         for (size_t at = 0; at < s.size(); ++at) (at % 2 == 0 ? even : odd).push_back(s[at]);
         return even + odd;
       }},
      {"in a URL's host", [](const std::string& s) { return "https://" + s + ".example/" + s; }},
      {"in a file's name", [](const std::string& s) { return "/var/lib/" + Between(s, "/", 6); }},
  };
}

// Letters and digits of an excerpt that are no words, statuses or marks.
size_t UnknownIn(std::string excerpt) {
  for (const std::string& mark : {std::string(kLeftOut), std::string("[redacted]")}) {
    for (size_t at; (at = excerpt.find(mark)) != std::string::npos;) {
      excerpt.replace(at, mark.size(), " ");
    }
  }
  for (char& c : excerpt) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = ' ';
  }
  size_t unknown = 0;
  int statuses = 0;
  for (const absl::string_view word : absl::StrSplit(excerpt, ' ', absl::SkipEmpty())) {
    if (word.size() > 1 && IsPlainWord(absl::AsciiStrToLower(word))) continue;
    if (word.size() == 3 && absl::ascii_isdigit(static_cast<unsigned char>(word[0])) &&
        ++statuses <= 2) {
      continue;
    }
    unknown += word.size();
  }
  return unknown;
}

TEST(Excerpt, ASecretComesBackInNoGuise) {
  std::vector<std::string> secrets = {"canary-7f3a-Secret+OfThe=Joining&Key",
                                      "2d1f0c7e-91b4-4e0a-8f3c-5a6b7c8d9e0f",
                                      "Tr0ub4dor&3",
                                      "correct horse battery staple",
                                      "error connection refused",
                                      "12345678",
                                      "0Zq/9+Lk3mN7pR5tV1xY2wB4dF6hJ8s="};
  SeededRandom random(11);
  for (int i = 0; i < 40; ++i) {
    std::string secret;
    for (int at = 0; at < 8 + i; ++at)
      secret.push_back(static_cast<char>(0x21 + static_cast<int>(random.Fraction() * 94)));
    secrets.push_back(secret);
  }
  for (const std::string& secret : secrets) {
    for (const Guise& guise : Guises()) {
      for (const char* frame : {"Could not connect to Management Hub. Unauthorized - %",
                                "% was refused", "%", "The token '%' is invalid (%), try again"}) {
        std::string text;
        for (const char* c = frame; *c != '\0'; ++c) {
          text += *c == '%' ? guise.wear(secret) : std::string(1, *c);
        }
        const absl::string_view sent[] = {secret};
        const std::string excerpt = Excerpt(text, sent);
        EXPECT_LE(UnknownIn(excerpt), 7u) << guise.name << " of " << secret << ": " << excerpt;
        EXPECT_FALSE(RepeatsSecret(excerpt, sent)) << guise.name << ": " << excerpt;
        EXPECT_LE(excerpt.size(), 300u);
      }
    }
  }
}

TEST(Excerpt, KeepsTheWordsThatPeopleNeed) {
  const absl::string_view sent[] = {"canary-7f3a-Secret+OfOur=Joining&Key"};
  const absl::string_view known[] = {"https://hub.acme.example:8443", "hub.acme.example",
                                     "managedinstance_sp_01"};
  for (const char* message :
       {"Could not connect to Management Hub. Unauthorized - Access token unknown, expired or "
        "revoked.",
        "Could not connect to Management Hub. Unauthorized - Not authorized to perform "
        "managedinstance_join_action",
        "Could not connect to Management Hub. Too Many Requests - ",
        "Could not connect to Management Hub. Check URL.",
        "Could not connect to Management Hub. Network error: The SSL connection could not be "
        "established, see inner exception.",
        "Could not connect to Management Hub. Network error: No such host is known. "
        "(hub.acme.example)",
        "Hub Assigned Instance ID is required when rejoining the hub.",
        "A problem occurred when connecting to the management hub. Check URL and credentials.",
        "502 Bad Gateway", "503 Service Temporarily Unavailable",
        "Login Failed: Invalid username or password",
        "Check credentials https://hub.acme.example:8443 managedinstance_sp_01 [redacted]."}) {
    EXPECT_EQ(Excerpt(message, sent, known), absl::StripAsciiWhitespace(message));
  }
  EXPECT_EQ(Excerpt("Could not connect: zebra-quagga-okapi xylophone refused", sent),
            "Could not connect: zebra-[...] refused");
  EXPECT_EQ(Excerpt("", sent), "");
  EXPECT_EQ(Excerpt("\x1b]0;title\x07 error \xe2\x80\xae txt", sent), "]0;title error [...]");
}

// What a caller knows is a whole word, and no way around the secrets.
TEST(Excerpt, WhatIsKnownIsNoSecret) {
  const absl::string_view sent[] = {"hub.acme.example"};
  const absl::string_view known[] = {"hub.acme.example", "ab"};
  EXPECT_EQ(Excerpt("refused by hub.acme.example", sent, known), "refused by [redacted]");
  const absl::string_view other[] = {"something-else"};
  EXPECT_EQ(Excerpt("aabb ab xabxabxab", other, known), "aabb ab [...]");
}

TEST(RepeatsSecret, SeesPiecesWhateverIsBetweenThem) {
  const absl::string_view sent[] = {"2d1f0c7e-91b4-4e0a-8f3c-5a6b7c8d9e0f"};
  EXPECT_TRUE(RepeatsSecret("x 2D1F0C7E y", sent));
  EXPECT_TRUE(RepeatsSecret("{f0e9d8c7}", sent));
  EXPECT_TRUE(RepeatsSecret("0 c 7 e 9 1 b 4", sent));
  EXPECT_FALSE(RepeatsSecret("3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d", sent));
  EXPECT_FALSE(RepeatsSecret("", sent));
  const absl::string_view tiny[] = {"abc", "qrst"};
  EXPECT_FALSE(RepeatsSecret("abc", tiny));
  EXPECT_TRUE(RepeatsSecret("t s r q", tiny));
}

}  // namespace
}  // namespace muster
