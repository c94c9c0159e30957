#include "proto/rpc/words.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::rpc {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

// "TARGET_STATE_".
absl::string_view PrefixOf(const EnumDescriptor& type) {
  const EnumValueDescriptor* const zero = type.FindValueByNumber(0);
  return zero == nullptr ? "" : absl::StripSuffix(zero->name(), "UNSPECIFIED");
}

std::string NameAsWord(const EnumDescriptor& type, const EnumValueDescriptor& value) {
  return absl::AsciiStrToLower(absl::StripPrefix(value.name(), PrefixOf(type)));
}

}  // namespace

std::string WordOf(const EnumDescriptor& type, int number) {
  if (number == 0) return "";
  const EnumValueDescriptor* const value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : NameAsWord(type, *value);
}

std::optional<int> NumberOf(const EnumDescriptor& type, absl::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (value.number() != 0 && NameAsWord(type, value) == word) return value.number();
  }
  return std::nullopt;
}

std::vector<std::string> WordsOf(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) words.push_back(NameAsWord(type, *type.value(i)));
  }
  return words;
}

}  // namespace muster::rpc
