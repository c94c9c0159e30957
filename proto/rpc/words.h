// The one spelling of the wire's enums wherever a person or a script reads or writes them: the
// value's name without the prefix of its enum, in lower case.
//
//   TARGET_STATE_IN_DOUBT ⇄ in_doubt        ENROLLMENT_UNSPECIFIED → (empty)
//
// The prefix is what stands before UNSPECIFIED in the name of the value 0, which every enum of ours
// has.
#ifndef MUSTER_PROTO_RPC_WORDS_H_
#define MUSTER_PROTO_RPC_WORDS_H_

#include <google/protobuf/generated_enum_reflection.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::rpc {

// Empty for 0; the number itself for a value that this program does not know (a newer peer's).
std::string WordOf(const google::protobuf::EnumDescriptor& type, int number);
// Nothing for a word that names no value; the empty word names none.
std::optional<int> NumberOf(const google::protobuf::EnumDescriptor& type, absl::string_view word);
// All words, in the order of their numbers.
std::vector<std::string> WordsOf(const google::protobuf::EnumDescriptor& type);

template <typename E>
std::string WordOf(E value) {
  return WordOf(*google::protobuf::GetEnumDescriptor<E>(), static_cast<int>(value));
}
template <typename E>
std::optional<E> ParseWord(absl::string_view word) {
  const std::optional<int> number = NumberOf(*google::protobuf::GetEnumDescriptor<E>(), word);
  return number.has_value() ? std::optional<E>(static_cast<E>(*number)) : std::nullopt;
}
template <typename E>
std::vector<std::string> WordsOf() {
  return WordsOf(*google::protobuf::GetEnumDescriptor<E>());
}

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_WORDS_H_
