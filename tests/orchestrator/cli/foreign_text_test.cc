// Whatever an orchestrator, and behind it hubs and machines, may say: no byte of it reaches a
// terminal that the terminal would obey, in any format.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "absl/strings/match.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

constexpr const char* kObeyed[] = {"\x1b",         "\x07",         "\r",  "\xc2\x9b",
                                   "\xe2\x80\xae", "\xe2\x80\x8b", "\x7f"};

std::string Poisoned() {
  std::string text = "x";
  for (const char* obeyed : kObeyed) text += obeyed;
  return text + "]0;title";
}

// Fills every text of the message, however deep.
void Poison(google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* const field = message.GetDescriptor()->field(i);
    if (field->is_map() || absl::StrContains(field->name(), "page_token")) continue;
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      if (field->is_repeated()) {
        reflection.AddString(&message, field, Poisoned());
      } else {
        reflection.SetString(&message, field, Poisoned());
      }
    } else if (const auto* const type = field->message_type();
               type != nullptr && !absl::StartsWith(type->full_name(), "google.")) {
      Poison(field->is_repeated() ? *reflection.AddMessage(&message, field)
                                  : *reflection.MutableMessage(&message, field));
    }
  }
}

TEST_F(CliTest, NothingForeignIsObeyedByATerminal) {
  Poison(admin_.tenants);
  Poison(admin_.zones);
  Poison(admin_.servers.emplace_back());
  (*admin_.servers[0].mutable_labels())["a\x1b"] = Poisoned();
  Poison(admin_.explain);
  Poison(admin_.tokens);
  Poison(admin_.rollouts);
  Poison(admin_.targets);
  Poison(admin_.verify);
  Poison(admin_.report);
  Poison(admin_.findings);
  Poison(admin_.finding);
  Poison(admin_.swept);
  Poison(admin_.sweeps);
  Poison(admin_.status);
  Poison(admin_.events);
  Poison(admin_.watch.emplace_back());
  admin_.watch.back().set_state(admin::v1::ROLLOUT_STATE_COMPLETED);
  admin_.failures["SetJoiningKey"] = absl::InternalError(Poisoned());
  const std::vector<std::vector<std::string>> lines = {
      {"tenant", "list"},
      {"zone", "list"},
      {"server", "list"},
      {"server", "show", "x"},
      {"server", "show", "x", "y"},
      {"server", "explain", "x"},
      {"token", "list"},
      {"rollout", "list"},
      {"rollout", "show", "rol-1"},
      {"rollout", "targets", "rol-1"},
      {"rollout", "watch", "rol-1"},
      {"verify"},
      {"report"},
      {"finding", "list"},
      {"finding", "show", "fnd-1"},
      {"sweep", "run"},
      {"sweep", "list"},
      {"sweep", "show", "swp-1"},
      {"system", "status"},
      {"audit", "list"},
      {"doctor"},
      {"key", "set", "acme/prod", "--client-id", "c", "--secret-file", WriteFile("secret", "x")},
  };
  for (const auto& line : lines) {
    for (const char* format : {"table", "json", "yaml", "csv"}) {
      std::vector<std::string> words = line;
      words.insert(words.end(), {"-o", format, "--no-color"});
      Run(words);
      const std::string all = out_ + err_;
      EXPECT_NE(all, "") << line[0];
      for (const char* obeyed : kObeyed) {
        EXPECT_EQ(all.find(obeyed), std::string::npos)
            << line[0] << " " << line.back() << " -o " << format << " lets through byte "
            << static_cast<int>(static_cast<unsigned char>(obeyed[0]));
      }
    }
  }
}

}  // namespace
}  // namespace muster::cli
