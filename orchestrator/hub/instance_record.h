// From the fields of a hub's JSON to records, for whoever parses it. Pure.
#ifndef MUSTER_ORCHESTRATOR_HUB_INSTANCE_RECORD_H_
#define MUSTER_ORCHESTRATOR_HUB_INSTANCE_RECORD_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "orchestrator/core/interfaces/hub_reader.h"

namespace muster::hub {

struct InstanceList {
  enum class Shape { kFull, kSummary, kLegacy };
  std::vector<core::HubInstance> instances;  // In the hub's order; ids in lower case.
  Shape shape = Shape::kFull;
  int skipped = 0;  // Elements that are no record or have no id.
  // The list shows that it also holds what is not connected: hubs of 2025 list connected instances
  // only, and nothing in their answer says so.
  bool shows_disconnected = false;
  bool shows_pending = false;  // Some record says whether it ever connected.
};

// What is told of a record; kUnknown for all other names.
enum class InstanceField {
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

// Begin, for each field Name and, where its value is one of these, Text or Truth, then End.
class RecordBuilder {
 public:
  void Begin();
  // Notes that the field is there, whatever its value: hubs write nulls.
  InstanceField Name(absl::string_view name);
  void Text(InstanceField field, absl::string_view value);
  void Truth(InstanceField field, bool value);
  void End();
  // An element of the list that is no record.
  void Skip() { ++list_.skipped; }

  size_t records() const { return records_.size(); }
  // What the records take, as containers and strings count it.
  size_t bytes() const;
  // The list, with its shape. Once.
  InstanceList Finish();

 private:
  InstanceList list_;  // Without its records until Finish.
  // Never moved as they grow: a vector would be there twice meanwhile, and leave holes behind.
  std::deque<core::HubInstance> records_;
  size_t text_bytes_ = 0;
  core::HubInstance record_;
  std::string instance_id_;
  std::string display_title_;
  bool has_title_ = false;
  bool full_ = false;
  bool summary_ = false;
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_INSTANCE_RECORD_H_
