#include "base/yaml/parse_yaml.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/yaml/duration_text.h"

namespace muster::yaml {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The number that the whole text says, without sign tricks, spaces or overflow.
template <typename T>
std::optional<T> Integer(const std::string& text) {
  T value;
  if (text.empty() || absl::ascii_isspace(text.front()) || absl::ascii_isspace(text.back()) ||
      text.front() == '+' || !absl::SimpleAtoi(text, &value)) {
    return std::nullopt;
  }
  return value;
}

template <typename T>
std::string RangeOf() {
  return absl::StrCat("must be a whole number from ", std::numeric_limits<T>::min(), " to ",
                      std::numeric_limits<T>::max());
}

// ENROLLMENT_FAILED of enum Enrollment is also "failed".
std::string ShortName(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(absl::ascii_toupper(c));
  }
  prefix.push_back('_');
  const absl::string_view name = value.name();
  return absl::AsciiStrToLower(absl::StartsWith(name, prefix) ? name.substr(prefix.size()) : name);
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, const std::string& text) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (absl::EqualsIgnoreCase(text, value->name()) ||
        absl::EqualsIgnoreCase(text, ShortName(*value))) {
      return value;
    }
  }
  return nullptr;
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(ShortName(*type.value(i)));
  }
  return absl::StrJoin(names, ", ");
}

const char* KindName(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kScalar:
      return "a single value";
    case NodeKind::kSequence:
      return "a list";
    case NodeKind::kMapping:
      return "a mapping";
  }
  return "";
}

bool IsDuration(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() == "google.protobuf.Duration";
}

class Reader {
 public:
  Reader(const Limits& limits, std::vector<Problem>& problems, Positions* positions)
      : limits_(limits), problems_(problems), positions_(positions) {}

  void ReadMessage(const Node& node, const std::string& path, Message& message) {
    if (node.kind != NodeKind::kMapping) {
      Report(node, path, absl::StrCat("must be a mapping of fields, not ", KindName(node)));
      return;
    }
    std::map<std::string, std::string> oneofs;  // Oneof to the field that was given first.
    for (size_t i = 0; i < node.children.size(); ++i) {
      const Node& key = node.keys[i];
      const std::string field_path = ChildPath(path, key.text);
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key.text);
      if (field == nullptr) {
        Report(key, field_path,
               absl::StrCat("unknown field; known here: ", FieldNames(*message.GetDescriptor())));
        continue;
      }
      if (positions_ != nullptr) positions_->emplace(field_path, key.position);
      if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
        const auto [first, inserted] = oneofs.emplace(oneof->name(), key.text);
        if (!inserted) {
          Report(key, field_path, absl::StrCat("cannot stand beside ", first->second));
          continue;
        }
      }
      ReadField(node.children[i], field_path, message, *field);
    }
  }

 private:
  void Report(const Node& node, const std::string& path, std::string reason) {
    if (problems_.size() < limits_.max_problems) {
      problems_.push_back({node.position, path, std::move(reason)});
    }
  }

  static std::string FieldNames(const Descriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
    return absl::StrJoin(names, ", ");
  }

  void ReadField(const Node& node, const std::string& path, Message& message,
                 const FieldDescriptor& field) {
    if (node.kind == NodeKind::kNull) {
      Report(node, path, "has no value; give one or remove the field");
    } else if (field.is_map()) {
      ReadMap(node, path, message, field);
    } else if (field.is_repeated()) {
      ReadSequence(node, path, message, field);
    } else {
      ReadValue(node, path, message, field);
    }
  }

  void ReadSequence(const Node& node, const std::string& path, Message& message,
                    const FieldDescriptor& field) {
    if (node.kind != NodeKind::kSequence) {
      Report(node, path,
             absl::StrCat("must be a list (lines that begin with \"- \"), not ", KindName(node)));
      return;
    }
    for (size_t i = 0; i < node.children.size(); ++i) {
      const Node& item = node.children[i];
      const std::string item_path = ItemPath(path, i);
      if (positions_ != nullptr) positions_->emplace(item_path, item.position);
      if (item.kind == NodeKind::kNull) {
        Report(item, item_path, "is empty; give a value or remove the line");
      } else {
        ReadValue(item, item_path, message, field);
      }
    }
  }

  void ReadMap(const Node& node, const std::string& path, Message& message,
               const FieldDescriptor& field) {
    if (node.kind != NodeKind::kMapping) {
      Report(node, path, absl::StrCat("must be a mapping, not ", KindName(node)));
      return;
    }
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    for (size_t i = 0; i < node.children.size(); ++i) {
      const std::string entry_path = ChildPath(path, node.keys[i].text);
      if (positions_ != nullptr) positions_->emplace(entry_path, node.keys[i].position);
      Message* entry = message.GetReflection()->AddMessage(&message, &field);
      ReadValue(node.keys[i], entry_path, *entry, key_field);
      if (node.children[i].kind == NodeKind::kNull) {
        Report(node.children[i], entry_path, "has no value; give one or remove the entry");
      } else {
        ReadValue(node.children[i], entry_path, *entry, value_field);
      }
    }
  }

  // One value into a singular field, or as the next item of a repeated one.
  void ReadValue(const Node& node, const std::string& path, Message& message,
                 const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (IsDuration(field)) {
      ReadDuration(node, path, message, field);
      return;
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* child = field.is_repeated() ? reflection.AddMessage(&message, &field)
                                           : reflection.MutableMessage(&message, &field);
      ReadMessage(node, path, *child);
      return;
    }
    if (node.kind != NodeKind::kScalar) {
      Report(node, path, absl::StrCat("must be a single value, not ", KindName(node)));
      return;
    }
    ReadScalar(node, path, message, field);
  }

  void ReadDuration(const Node& node, const std::string& path, Message& message,
                    const FieldDescriptor& field) {
    const auto duration =
        node.kind == NodeKind::kScalar ? ParseDurationText(node.text) : std::nullopt;
    if (!duration.has_value()) {
      Report(node, path, "must be a duration with its unit, such as 90s, 24h or 7d");
      return;
    }
    const Reflection& reflection = *message.GetReflection();
    Message* child = field.is_repeated() ? reflection.AddMessage(&message, &field)
                                         : reflection.MutableMessage(&message, &field);
    google::protobuf::Duration value;
    absl::Duration rest;
    value.set_seconds(absl::IDivDuration(*duration, absl::Seconds(1), &rest));
    value.set_nanos(static_cast<int>(rest / absl::Nanoseconds(1)));
    child->ParsePartialFromString(value.SerializeAsString());
  }

  // Sets or adds a number that must be written without quotes.
  template <typename T, typename Setter, typename Adder>
  void ReadNumber(const Node& node, const std::string& path, std::optional<T> value,
                  const std::string& reason, Message& message, const FieldDescriptor& field,
                  Setter setter, Adder adder) {
    if (node.quoted) {
      Report(node, path, absl::StrCat(reason, ", without quotes"));
    } else if (!value.has_value()) {
      Report(node, path, absl::StrCat(reason, ", not \"", node.text, "\""));
    } else if (field.is_repeated()) {
      (message.GetReflection()->*adder)(&message, &field, *value);
    } else {
      (message.GetReflection()->*setter)(&message, &field, *value);
    }
  }

  void ReadScalar(const Node& node, const std::string& path, Message& message,
                  const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.type() == FieldDescriptor::TYPE_BYTES) {
          Report(node, path, "holds bytes and cannot be written in YAML");
        } else if (field.is_repeated()) {
          reflection.AddString(&message, &field, node.text);
        } else {
          reflection.SetString(&message, &field, node.text);
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL: {
        std::optional<bool> value;
        if (node.text == "true") value = true;
        if (node.text == "false") value = false;
        ReadNumber(node, path, value, "must be true or false", message, field, &Reflection::SetBool,
                   &Reflection::AddBool);
        return;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        ReadNumber(node, path, Integer<int32_t>(node.text), RangeOf<int32_t>(), message, field,
                   &Reflection::SetInt32, &Reflection::AddInt32);
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        ReadNumber(node, path, Integer<uint32_t>(node.text), RangeOf<uint32_t>(), message, field,
                   &Reflection::SetUInt32, &Reflection::AddUInt32);
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        ReadNumber(node, path, Integer<int64_t>(node.text), RangeOf<int64_t>(), message, field,
                   &Reflection::SetInt64, &Reflection::AddInt64);
        return;
      case FieldDescriptor::CPPTYPE_UINT64:
        ReadNumber(node, path, Integer<uint64_t>(node.text), RangeOf<uint64_t>(), message, field,
                   &Reflection::SetUInt64, &Reflection::AddUInt64);
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT: {
        double number = 0;
        std::optional<double> value;
        if (absl::SimpleAtod(node.text, &number) && std::isfinite(number)) value = number;
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT && value.has_value() &&
            std::abs(*value) > std::numeric_limits<float>::max()) {
          value.reset();
        }
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
          ReadNumber(node, path, value, "must be a number", message, field, &Reflection::SetDouble,
                     &Reflection::AddDouble);
        } else {
          ReadNumber(node, path, value, "must be a number", message, field, &Reflection::SetFloat,
                     &Reflection::AddFloat);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const EnumValueDescriptor* value = FindEnumValue(*field.enum_type(), node.text);
        if (value == nullptr) {
          Report(node, path,
                 absl::StrCat("must be one of ", EnumChoices(*field.enum_type()), ", not \"",
                              node.text, "\""));
        } else if (field.is_repeated()) {
          reflection.AddEnum(&message, &field, value);
        } else {
          reflection.SetEnum(&message, &field, value);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return;  // Read by ReadValue.
    }
  }

  const Limits& limits_;
  std::vector<Problem>& problems_;
  Positions* positions_;
};

}  // namespace

std::string FormatProblem(absl::string_view file_name, const Problem& problem) {
  return absl::StrCat(file_name, ":", problem.position.line, ":", problem.position.column, ": ",
                      problem.path, problem.path.empty() ? "" : ": ", problem.reason);
}

void SortProblems(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
}

std::vector<Problem> ReadYaml(absl::string_view text, const Limits& limits, Message* message,
                              Positions* positions) {
  message->Clear();
  std::vector<Problem> problems;
  const Node root = ParseDocument(text, limits, problems);
  if (root.kind != NodeKind::kNull) {
    Reader(limits, problems, positions).ReadMessage(root, "", *message);
  }
  SortProblems(problems);
  return problems;
}

absl::Status ParseYaml(absl::string_view text, absl::string_view file_name, Message* message) {
  std::vector<Problem> problems = ReadYaml(text, Limits(), message, nullptr);
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrJoin(problems, "\n", [&](std::string* out, const Problem& problem) {
        out->append(FormatProblem(file_name, problem));
      }));
}

}  // namespace muster::yaml
