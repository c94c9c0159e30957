#include "orchestrator/hub/instance_list.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/hub/iso_time.h"

namespace muster::hub {
namespace {

constexpr char kHubProgram[] = "Certify Management Hub";

enum class Field {
  kUnknown,
  kId,
  kInstanceId,
  kInternalInstanceId,
  kTitle,
  kDisplayTitle,
  kOs,
  kClientName,
  kClientVersion,
  kConnectionStatus,
  kIsPending,
  kDateLastReported,
  kLastReported,
  kDateRegistered,
};

Field FieldOf(const std::string& key) {
  static const auto* const fields = new absl::flat_hash_map<std::string, Field>{
      {"id", Field::kId},
      {"instanceId", Field::kInstanceId},
      {"internalInstanceId", Field::kInternalInstanceId},
      {"title", Field::kTitle},
      {"displayTitle", Field::kDisplayTitle},
      {"os", Field::kOs},
      {"clientName", Field::kClientName},
      {"clientVersion", Field::kClientVersion},
      {"connectionStatus", Field::kConnectionStatus},
      {"isPendingConnection", Field::kIsPending},
      {"dateLastReported", Field::kDateLastReported},
      {"lastReported", Field::kLastReported},
      {"dateRegistered", Field::kDateRegistered},
  };
  const auto found = fields->find(key);
  return found == fields->end() ? Field::kUnknown : found->second;
}

// "connected" and "disconnected" are seen in hubs; "away" and what may come do not say.
std::optional<bool> ConnectedOf(absl::string_view status) {
  if (absl::EqualsIgnoreCase(status, "connected")) return true;
  if (absl::EqualsIgnoreCase(status, "disconnected")) return false;
  return std::nullopt;
}

// Takes the parser's events. Depth 1 is the list, depth 2 a record, what is deeper is skipped.
class ListReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Other("null"); }
  bool boolean(bool value) override {
    if (depth_ == 2 && in_record_ && field_ == Field::kIsPending) {
      record_.pending = value;
      list.shows_disconnected = true;  // Written by hubs that list all records.
    }
    return Other("a single value");
  }
  bool number_integer(number_integer_t) override { return Other("a number"); }
  bool number_unsigned(number_unsigned_t) override { return Other("a number"); }
  bool number_float(number_float_t, const string_t&) override { return Other("a number"); }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_record_) Assign(value);
    return Other("a single text");
  }
  bool binary(binary_t&) override { return Other("bytes"); }
  bool start_object(size_t) override {
    if (depth_ == 0) return Refuse("a JSON object");
    if (++depth_ == 2) {
      in_record_ = true;
      record_ = core::HubInstance();
      instance_id_.clear();
      display_title_.clear();
      has_title_ = false;
    }
    field_ = Field::kUnknown;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ != 2) return true;
    field_ = FieldOf(name);
    // Hubs write nulls: the field's presence tells the shape.
    switch (field_) {
      case Field::kConnectionStatus:
      case Field::kInternalInstanceId:
      case Field::kIsPending:
      case Field::kDateRegistered:
        full_ = true;
        break;
      case Field::kDisplayTitle:
      case Field::kDateLastReported:
        summary_ = true;
        break;
      case Field::kTitle:
        has_title_ = true;
        break;
      default:
        break;
    }
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && in_record_) EndRecord();
    field_ = Field::kUnknown;
    return true;
  }
  bool start_array(size_t) override {
    if (depth_++ == 1) ++list.skipped;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    error = position;
    return false;
  }

  void Finish() {
    list.shape = full_      ? InstanceList::Shape::kFull
                 : summary_ ? InstanceList::Shape::kSummary
                            : InstanceList::Shape::kLegacy;
    if (list.instances.empty()) list.shape = InstanceList::Shape::kFull;
  }

  InstanceList list;
  std::optional<size_t> error;  // Byte where it is no JSON any more.
  const char* refused = nullptr;

 private:
  bool Refuse(const char* seen) {
    refused = seen;
    return false;
  }
  bool Other(const char* seen) {
    if (depth_ == 0) return Refuse(seen);
    if (depth_ == 1) ++list.skipped;
    return true;
  }
  void Assign(std::string& value) {
    switch (field_) {
      case Field::kId:
        record_.id = HubInstanceId(absl::AsciiStrToLower(absl::StripAsciiWhitespace(value)));
        break;
      case Field::kInstanceId:
        instance_id_ = absl::AsciiStrToLower(absl::StripAsciiWhitespace(value));
        break;
      case Field::kInternalInstanceId:
        record_.internal_instance_id = std::move(value);
        break;
      case Field::kTitle:
        record_.title = std::move(value);
        break;
      case Field::kDisplayTitle:
        display_title_ = std::move(value);
        break;
      case Field::kOs:
        record_.os = std::move(value);
        break;
      case Field::kClientName:
        record_.client_name = std::move(value);
        break;
      case Field::kClientVersion:
        record_.client_version = std::move(value);
        break;
      case Field::kConnectionStatus:
        record_.connected = ConnectedOf(value);
        if (record_.connected == false) list.shows_disconnected = true;
        break;
      case Field::kDateLastReported:
        record_.reported_time = ParseIsoTime(value);
        break;
      case Field::kLastReported:
        if (!record_.reported_time) record_.reported_time = ParseIsoTime(value);
        break;
      case Field::kDateRegistered:
        record_.registered_time = ParseIsoTime(value);
        break;
      case Field::kIsPending:
      case Field::kUnknown:
        break;
    }
  }
  void EndRecord() {
    in_record_ = false;
    if (record_.id.empty()) record_.id = HubInstanceId(instance_id_);
    // The summary knows a machine's name by its display title alone.
    if (!has_title_) record_.title = std::move(display_title_);
    if (record_.id.empty()) {
      ++list.skipped;
    } else {
      list.instances.push_back(std::move(record_));
    }
  }

  int depth_ = 0;
  bool in_record_ = false;  // Else depth 2 is an array inside the list.
  Field field_ = Field::kUnknown;
  core::HubInstance record_;
  std::string instance_id_;
  std::string display_title_;
  bool has_title_ = false;
  bool full_ = false;
  bool summary_ = false;
};

}  // namespace

absl::StatusOr<InstanceList> ParseInstanceList(absl::string_view json) {
  ListReader reader;
  const bool parsed = nlohmann::json::sax_parse(json.data(), json.data() + json.size(), &reader);
  if (reader.refused != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("it is ", reader.refused, ", not a list"));
  }
  if (!parsed) {
    const absl::string_view text = absl::StripAsciiWhitespace(json);
    if (text.empty()) return absl::InvalidArgumentError("it is empty");
    if (text[0] == '<') return absl::InvalidArgumentError("it is HTML or XML, not JSON");
    const size_t position = reader.error.value_or(0);
    if (position >= json.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the JSON breaks off after ", json.size(), " bytes"));
    }
    return absl::InvalidArgumentError(absl::StrCat("it is no JSON from byte ", position, " on"));
  }
  reader.Finish();
  return std::move(reader.list);
}

bool RemoveOwnInstance(absl::string_view own_id, std::vector<core::HubInstance>& instances) {
  const std::string id = absl::AsciiStrToLower(own_id);
  return std::erase_if(instances, [&](const core::HubInstance& instance) {
           return (!id.empty() && instance.id.value() == id) ||
                  absl::EqualsIgnoreCase(instance.client_name, kHubProgram);
         }) > 0;
}

}  // namespace muster::hub
