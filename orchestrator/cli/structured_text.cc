#include "orchestrator/cli/structured_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/cli/printable.h"
#include "proto/rpc/words.h"

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;
constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

std::string Dump(const Json& value) {
  return WithEscapes(value.dump(1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

// Bytes of the message with the entries of maps in order.
std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// Whether the text may stand in YAML without quotes and stays a text.
bool IsPlain(const std::string& text) {
  if (text.empty() || text.size() > 200 || !absl::ascii_isalpha(text[0])) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '/' && c != '.') return false;
  }
  const std::string lower = absl::AsciiStrToLower(text);
  for (const char* word : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string Scalar(const Json& value) {
  if (value.is_string() && IsPlain(value.get<std::string>())) return value.get<std::string>();
  return WithEscapes(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Emit(const Json& value, int indent, std::string& out);

// Protobuf writes an enum's value by its name in the source; people and scripts read its word.
void UseWords(const google::protobuf::Descriptor& type, Json& object);

void UseWords(const google::protobuf::FieldDescriptor& field, Json& value) {
  if (const auto* const type = field.enum_type()) {
    if (!value.is_string()) return;  // The number of a value that this program does not know.
    const auto* const known = type->FindValueByName(value.get<std::string>());
    if (known != nullptr) value = rpc::WordOf(*type, known->number());
  } else if (const auto* const message = field.message_type()) {
    if (value.is_object()) UseWords(*message, value);  // Times and durations are texts.
  }
}

void UseWords(const google::protobuf::Descriptor& type, Json& object) {
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    const auto found = object.find(field.name());
    if (found == object.end()) continue;
    if (field.is_map()) {
      for (Json& value : *found) UseWords(*field.message_type()->field(1), value);
    } else if (field.is_repeated()) {
      for (Json& value : *found) UseWords(field, value);
    } else {
      UseWords(field, *found);
    }
  }
}

// What stands behind "key:" or "-": on the same line when it fits there.
void EmitChild(const Json& value, int indent, bool in_list, std::string& out) {
  if (!value.is_structured() || value.empty()) {
    absl::StrAppend(&out, " ", Scalar(value), "\n");
  } else if (in_list) {
    std::string nested;
    Emit(value, indent, nested);
    absl::StrAppend(&out, " ", absl::string_view(nested).substr(static_cast<size_t>(indent)));
  } else {
    out.push_back('\n');
    Emit(value, indent, out);
  }
}

void Emit(const Json& value, int indent, std::string& out) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  if (!value.is_structured() || value.empty()) {
    absl::StrAppend(&out, margin, Scalar(value), "\n");
    return;
  }
  for (auto it = value.begin(); it != value.end(); ++it) {
    if (value.is_object()) {
      absl::StrAppend(&out, margin, Scalar(Json(it.key())), ":");
    } else {
      absl::StrAppend(&out, margin, "-");
    }
    EmitChild(*it, indent + 2, value.is_array(), out);
  }
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypeUrlPrefix, message.GetDescriptor()->file()->pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(
      resolver.get(), absl::StrCat(kTypeUrlPrefix, "/", message.GetDescriptor()->full_name()),
      DeterministicBytes(message), &json, options);
  // Fails only for values that no orchestrator sends, such as a time outside of year 1 to 9999.
  if (!status.ok()) return absl::StrCat("{\"error\": ", Dump(Json(status.ToString())), "}\n");
  Json words = Json::parse(json, nullptr, false);
  UseWords(*message.GetDescriptor(), words);
  return Dump(words);
}

std::string ToJson(const Table& table) {
  Json list = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[table.columns[i].name] = row[i];
    list.push_back(std::move(object));
  }
  return Dump(list);
}

std::string JsonToYaml(absl::string_view json) {
  std::string out;
  Emit(Json::parse(json.begin(), json.end(), nullptr, false), 0, out);
  return out;
}

}  // namespace muster::cli
