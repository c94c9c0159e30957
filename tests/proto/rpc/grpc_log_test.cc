#include "proto/rpc/grpc_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::rpc {
namespace {

TEST(GrpcLogTest, LinesOfOneKindDifferInNumbersAndAddressesAlone) {
  const std::string a =
      KindOfGrpcLine("Handshake failed with ipv4:10.0.0.7:40122, fd=17: SSL_ERROR_SSL after 0.25s");
  EXPECT_EQ(
      a, KindOfGrpcLine("Handshake failed with ipv6:%5B::1%5D:9, fd=3: SSL_ERROR_SSL after 12s"));
  EXPECT_NE(a, KindOfGrpcLine("Handshake failed with ipv4:10.0.0.7:40122, fd=17: timeout"));
  EXPECT_EQ(KindOfGrpcLine(""), "");
  EXPECT_LE(KindOfGrpcLine(std::string(100'000, 'x')).size(), 200u);
}

TEST(GrpcLogTest, WhatIsKnownAboutAHandshakeIsSaid) {
  EXPECT_THAT(std::string(MeaningOfGrpcLine(
                  "Handshake failed with fatal error SSL_ERROR_SSL: error:0A000415:SSL "
                  "routines::sslv3 alert certificate expired.")),
              testing::HasSubstr("E-CLOCK-SKEW"));
  EXPECT_THAT(
      std::string(MeaningOfGrpcLine("error:0A000086:SSL routines::CERTIFICATE VERIFY FAILED")),
      testing::HasSubstr("another authority"));
  EXPECT_EQ(MeaningOfGrpcLine("Socket closed"), "");
}

}  // namespace
}  // namespace muster::rpc
