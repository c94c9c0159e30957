#include "orchestrator/hub/instance_record.h"

#include <utility>

#include "absl/strings/match.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/iso_time.h"

namespace muster::hub {
namespace {

InstanceField FieldOf(absl::string_view name) {
  using F = InstanceField;
  switch (name.size()) {
    case 2:
      return name == "id" ? F::kId : name == "os" ? F::kOs : F::kUnknown;
    case 5:
      return name == "title" ? F::kTitle : F::kUnknown;
    case 10:
      return name == "instanceId"   ? F::kInstanceId
             : name == "clientName" ? F::kClientName
                                    : F::kUnknown;
    case 12:
      return name == "displayTitle"   ? F::kDisplayTitle
             : name == "lastReported" ? F::kLastReported
                                      : F::kUnknown;
    case 13:
      return name == "clientVersion" ? F::kClientVersion : F::kUnknown;
    case 14:
      return name == "dateRegistered" ? F::kDateRegistered : F::kUnknown;
    case 16:
      return name == "connectionStatus"   ? F::kConnectionStatus
             : name == "dateLastReported" ? F::kDateLastReported
                                          : F::kUnknown;
    case 18:
      return name == "internalInstanceId" ? F::kInternalInstanceId : F::kUnknown;
    case 19:
      return name == "isPendingConnection" ? F::kIsPending : F::kUnknown;
    default:
      return F::kUnknown;
  }
}

// "connected" and "disconnected" are seen in hubs; "away" and what may come do not say.
std::optional<bool> ConnectedOf(absl::string_view status) {
  if (absl::EqualsIgnoreCase(status, "connected")) return true;
  if (absl::EqualsIgnoreCase(status, "disconnected")) return false;
  return std::nullopt;
}

constexpr size_t kBookkeeping = 16;  // Of an allocation.

// What a text takes beside its object: nothing when it fits into it.
size_t HeapOf(const std::string& text) {
  return text.capacity() < sizeof(std::string) / 2 ? 0 : text.capacity() + 1 + kBookkeeping;
}

}  // namespace

void RecordBuilder::Begin() {
  record_ = core::HubInstance();
  instance_id_.clear();
  display_title_.clear();
  has_title_ = false;
}

InstanceField RecordBuilder::Name(absl::string_view name) {
  const InstanceField field = FieldOf(name);
  switch (field) {
    case InstanceField::kConnectionStatus:
    case InstanceField::kInternalInstanceId:
    case InstanceField::kIsPending:
    case InstanceField::kDateRegistered:
      full_ = true;
      break;
    case InstanceField::kDisplayTitle:
    case InstanceField::kDateLastReported:
      summary_ = true;
      break;
    case InstanceField::kTitle:
      has_title_ = true;
      break;
    default:
      break;
  }
  return field;
}

void RecordBuilder::Text(InstanceField field, absl::string_view value) {
  switch (field) {
    case InstanceField::kId:
      record_.id = HubInstanceId(HubId(value));
      break;
    case InstanceField::kInstanceId:
      instance_id_ = HubId(value);
      break;
    case InstanceField::kInternalInstanceId:
      record_.internal_instance_id = HubText(value, kMaxHubId);
      break;
    case InstanceField::kTitle:
      record_.title = HubText(value);
      break;
    case InstanceField::kDisplayTitle:
      display_title_ = HubText(value);
      break;
    case InstanceField::kOs:
      record_.os = HubText(value);
      break;
    case InstanceField::kClientName:
      record_.client_name = HubText(value);
      break;
    case InstanceField::kClientVersion:
      record_.client_version = HubText(value);
      break;
    case InstanceField::kConnectionStatus:
      record_.connected = ConnectedOf(value);
      if (record_.connected == false) list_.shows_disconnected = true;
      break;
    case InstanceField::kDateLastReported:
      record_.reported_time = ParseIsoTime(value);
      break;
    case InstanceField::kLastReported:
      if (!record_.reported_time) record_.reported_time = ParseIsoTime(value);
      break;
    case InstanceField::kDateRegistered:
      record_.registered_time = ParseIsoTime(value);
      break;
    case InstanceField::kIsPending:
    case InstanceField::kUnknown:
      break;
  }
}

void RecordBuilder::Truth(InstanceField field, bool value) {
  if (field != InstanceField::kIsPending) return;
  record_.pending = value;
  list_.shows_pending = true;
  list_.shows_disconnected = true;  // Written by hubs that list all records.
}

void RecordBuilder::End() {
  if (record_.id.empty()) record_.id = HubInstanceId(instance_id_);
  // The summary knows a machine's name by its display title alone.
  if (!has_title_) record_.title = std::move(display_title_);
  if (record_.id.empty()) {
    ++list_.skipped;
    return;
  }
  text_bytes_ += HeapOf(record_.id.value()) + HeapOf(record_.internal_instance_id) +
                 HeapOf(record_.title) + HeapOf(record_.os) + HeapOf(record_.client_name) +
                 HeapOf(record_.client_version);
  records_.push_back(std::move(record_));
}

size_t RecordBuilder::bytes() const {
  return records_.size() * (sizeof(core::HubInstance) + kBookkeeping) + text_bytes_;
}

InstanceList RecordBuilder::Finish() {
  list_.shape = full_      ? InstanceList::Shape::kFull
                : summary_ ? InstanceList::Shape::kSummary
                           : InstanceList::Shape::kLegacy;
  if (records_.empty()) list_.shape = InstanceList::Shape::kFull;
  list_.instances.reserve(records_.size());
  for (; !records_.empty(); records_.pop_front()) {
    list_.instances.push_back(std::move(records_.front()));
  }
  return std::move(list_);
}

}  // namespace muster::hub
