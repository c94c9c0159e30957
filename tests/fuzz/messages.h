// Protobuf messages out of a fuzzer's bytes: parts between lines "---", each in protobuf's text form
// (so that a person can write a corpus, and a mutation hits a field) or as bytes of the wire.
#ifndef MUSTER_TESTS_FUZZ_MESSAGES_H_
#define MUSTER_TESTS_FUZZ_MESSAGES_H_

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace muster::fuzz {

inline constexpr size_t kMostMessages = 64;

inline std::vector<absl::string_view> PartsOf(absl::string_view text) {
  return absl::StrSplit(text, absl::MaxSplits("\n---\n", kMostMessages));
}

// As the wire would bring it: false for what no peer can send, such as strings that are no UTF-8.
template <typename Message>
bool ReadMessage(absl::string_view part, Message& message) {
  class Silent final : public google::protobuf::io::ErrorCollector {
    void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  };
  // Protobuf says on standard error what it does not like.
  static const auto* const quiet = new google::protobuf::LogSilencer;
  static_cast<void>(quiet);
  Silent errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.SetRecursionLimit(20);
  if (!parser.ParseFromString(std::string(part), &message)) {
    return message.ParseFromArray(part.data(), static_cast<int>(part.size()));
  }
  const std::string bytes = message.SerializeAsString();
  return message.ParseFromString(bytes);
}

template <typename Message>
std::vector<Message> MessagesOf(absl::string_view text) {
  std::vector<Message> messages;
  for (const absl::string_view part : PartsOf(text)) {
    if (Message message; ReadMessage(part, message)) messages.push_back(std::move(message));
  }
  return messages;
}

// That `message` can be sent: all of its strings are UTF-8.
template <typename Message>
bool CanBeSent(const Message& message) {
  Message back;
  return back.ParseFromString(message.SerializeAsString());
}

}  // namespace muster::fuzz

#endif  // MUSTER_TESTS_FUZZ_MESSAGES_H_
