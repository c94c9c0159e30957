#include "base/public_address.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace muster {
namespace {

std::string Four(int a, int b, int c, int d) {
  return {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
}

TEST(PublicAddressTest, OfIPv4) {
  for (const std::string& address :
       {Four(0, 0, 0, 0), Four(10, 1, 2, 3), Four(100, 64, 0, 1), Four(100, 127, 255, 255),
        Four(127, 0, 0, 1), Four(169, 254, 169, 254), Four(172, 16, 0, 1), Four(172, 31, 255, 255),
        Four(192, 0, 2, 1), Four(192, 168, 1, 1), Four(198, 18, 0, 1), Four(198, 51, 100, 1),
        Four(203, 0, 113, 1), Four(224, 0, 0, 1), Four(255, 255, 255, 255)}) {
    EXPECT_FALSE(IsPublicAddress(address)) << absl::BytesToHexString(address);
  }
  for (const std::string& address :
       {Four(1, 1, 1, 1), Four(9, 255, 255, 255), Four(11, 0, 0, 0), Four(100, 63, 255, 255),
        Four(100, 128, 0, 0), Four(172, 15, 255, 255), Four(172, 32, 0, 0), Four(192, 169, 0, 1),
        Four(223, 255, 255, 255)}) {
    EXPECT_TRUE(IsPublicAddress(address)) << absl::BytesToHexString(address);
  }
}

TEST(PublicAddressTest, OfIPv6) {
  const auto is_public = [](const char* hex) {
    return IsPublicAddress(absl::HexStringToBytes(hex));
  };
  EXPECT_FALSE(is_public("00000000000000000000000000000000"));  // ::
  EXPECT_FALSE(is_public("00000000000000000000000000000001"));  // ::1
  EXPECT_FALSE(is_public("00000000000000000000ffff7f000001"));  // ::ffff:127.0.0.1
  EXPECT_FALSE(is_public("0064ff9b0000000000000000a9fea9fe"));  // 64:ff9b::169.254.169.254
  EXPECT_FALSE(is_public("20027f00000100000000000000000000"));  // 2002:7f00:1::
  EXPECT_FALSE(is_public("20010000000000000000000000000001"));  // Teredo
  EXPECT_FALSE(is_public("20010db8000000000000000000000001"));
  EXPECT_FALSE(is_public("fc000000000000000000000000000001"));
  EXPECT_FALSE(is_public("fd12345678900000000000000000000a"));
  EXPECT_FALSE(is_public("fe800000000000000000000000000001"));
  EXPECT_FALSE(is_public("ff020000000000000000000000000001"));
  EXPECT_TRUE(is_public("00000000000000000000ffff01010101"));  // ::ffff:1.1.1.1
  EXPECT_TRUE(is_public("26064700470000000000000000001111"));
  EXPECT_TRUE(is_public("2a000000000000000000000000000001"));
}

TEST(PublicAddressTest, WhatIsNoAddressIsNotPublic) {
  EXPECT_FALSE(IsPublicAddress(""));
  EXPECT_FALSE(IsPublicAddress("abc"));
}

}  // namespace
}  // namespace muster
