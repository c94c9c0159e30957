// States and kinds have one spelling: what the store keeps is what the wire's value is called.
#include <gtest/gtest.h>

#include "orchestrator/api/wire_enums.h"
#include "proto/rpc/words.h"
#include "store/model/states.h"

namespace muster::api {
namespace {

// Every value of a dense store enum has the same word on the wire, and the wire has no more.
template <typename E>
void CheckWords() {
  std::vector<std::string> words;
  for (int i = 0; !ToString(static_cast<E>(i)).empty(); ++i) {
    words.emplace_back(ToString(static_cast<E>(i)));
    EXPECT_EQ(rpc::WordOf(ToProto(static_cast<E>(i))), words.back());
  }
  EXPECT_EQ(words, rpc::WordsOf<decltype(ToProto(E{}))>());
}

TEST(ApiWords, AreTheStores) {
  CheckWords<store::Admission>();
  CheckWords<store::Enrollment>();
  CheckWords<store::CommandKind>();
  CheckWords<store::RolloutState>();
  CheckWords<store::TargetState>();
  CheckWords<store::TokenState>();
  CheckWords<store::MatchKind>();
}

}  // namespace
}  // namespace muster::api
