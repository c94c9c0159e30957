#include "proto/rpc/status.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <string>

#include "base/failure_code.h"
#include "base/status_macros.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

TEST(StatusTest, EveryFailureCodeSurvivesTheWire) {
  for (const FailureInfo& row : AllFailures()) {
    const absl::Status sent = Annotate(FailureStatus(row.code, "what was seen"), "enroll");
    const absl::Status received = FromGrpcStatus(ToGrpcStatus(sent));
    EXPECT_EQ(received.code(), sent.code()) << row.text;
    EXPECT_EQ(received.message(), sent.message()) << row.text;
    EXPECT_EQ(FailureCodeOf(received), row.code) << row.text;
  }
}

TEST(StatusTest, EveryCanonicalCodeStaysItself) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "plain");
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)).code(), status.code());
    EXPECT_FALSE(FailureCodeOf(FromGrpcStatus(ToGrpcStatus(status))).has_value());
  }
}

TEST(StatusTest, OnlyWholeKnownCodesCount) {
  EXPECT_EQ(FailureCodeInText("E-TOKEN-EXPIRED: x"), FailureCode::kTokenExpired);
  EXPECT_EQ(FailureCodeInText("a: (E-TOKEN-EXPIRED)"), FailureCode::kTokenExpired);
  EXPECT_EQ(FailureCodeInText("RE-TOKEN-EXPIRED"), std::nullopt);
  EXPECT_EQ(FailureCodeInText("E-TOKEN-EXPIRED-TWICE"), std::nullopt);
  EXPECT_EQ(FailureCodeInText("E-TOKEN-BOGUS then E-TOKEN-NAME"),
            FailureCode::kTokenNameNotExpected);
  EXPECT_EQ(FailureCodeInText("E-"), std::nullopt);
}

TEST(StatusTest, ALongMessageIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "→";
  const std::string cut = ToGrpcStatus(absl::InvalidArgumentError("x" + text)).error_message();
  EXPECT_LT(cut.size(), 17'000u);
  EXPECT_EQ((cut.size() - 1 - std::string(" …").size()) % 3, 0u);
}

TEST(PeerTest, AddressWithoutPort) {
  EXPECT_EQ(AddressOfPeer("ipv4:10.0.0.7:40122"), "10.0.0.7");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::1%5D:40122"), "::1");
  EXPECT_EQ(AddressOfPeer("ipv6:[::1]:40122"), "::1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::ffff:10.0.0.7%5D:40122"), "10.0.0.7");
  EXPECT_EQ(AddressOfPeer("unix:"), "unix");
}

TEST(TimeTest, RoundTripsAlsoBefore1970AndNegative) {
  for (const int64_t microseconds : {int64_t{0}, int64_t{1'790'000'000'123'456}, int64_t{-1}}) {
    const absl::Time time = absl::FromUnixMicros(microseconds);
    EXPECT_EQ(FromProto(ToProto(time)), time);
    EXPECT_GE(ToProto(time).nanos(), 0);
    const absl::Duration duration = absl::Microseconds(microseconds);
    EXPECT_EQ(FromProto(ToProto(duration)), duration);
  }
}

}  // namespace
}  // namespace muster::rpc
