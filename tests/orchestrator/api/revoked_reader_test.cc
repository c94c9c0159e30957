// Who is revoked while a stream reads for them gets nothing of what was read.
#include <gtest/gtest.h>

#include <string>

#include "base/failure.h"
#include "base/failure_code.h"
#include "orchestrator/api/call_table.h"
#include "tests/orchestrator/api/api_bench.h"

namespace muster::api {
namespace {

class ReadingCalls final : public Calls {
 public:
  using Calls::Calls;
  using Calls::WithCaller;
};

TEST(RevokedReader, WhatWasReadMeanwhileIsWithheld) {
  ApiBench bench(TwoTenants());
  const ReadingCalls calls(bench.dependencies());
  const Claim claim{"/muster.admin.v1.RolloutService/WatchRollout",
                    TwoTenants().operators.at("alpha-viewer")};
  OperatorId caller;
  const auto read = [&](bool revoke) {
    return calls.WithCaller(claim, [&](const Context& context) -> absl::StatusOr<std::string> {
      caller = context.caller.id;
      if (revoke) bench.revocations().OperatorRevoked(caller);
      return std::string("what was read");
    });
  };
  EXPECT_EQ(read(false).value_or(""), "what was read");
  EXPECT_EQ(FailureCodeOf(read(true).status()), FailureCode::kAuthRevoked);
}

}  // namespace
}  // namespace muster::api
