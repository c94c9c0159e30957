// The hub's instance list: whatever the bytes, and however they are cut into pieces, it is a list
// with ids and visible texts, the same one that the slow reader finds, or an error that repeats
// nothing.
#include <cstdint>
#include <cstdlib>

#include "base/names.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/instance_list.h"
#include "orchestrator/hub/slow_record_reader.h"

namespace {

using muster::core::HubInstance;
using muster::hub::InstanceList;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Same(const HubInstance& a, const HubInstance& b) {
  return a.id == b.id && a.internal_instance_id == b.internal_instance_id && a.title == b.title &&
         a.os == b.os && a.client_name == b.client_name && a.client_version == b.client_version &&
         a.connected == b.connected && a.pending == b.pending &&
         a.reported_time == b.reported_time && a.registered_time == b.registered_time;
}

void RequireSame(const InstanceList& a, const InstanceList& b) {
  Require(a.shape == b.shape && a.skipped == b.skipped &&
          a.shows_disconnected == b.shows_disconnected && a.instances.size() == b.instances.size());
  for (size_t i = 0; i < a.instances.size(); ++i) Require(Same(a.instances[i], b.instances[i]));
}

void RequireVisible(const std::string& text) {
  Require(text.size() <= muster::hub::kMaxHubText);
  Require(muster::ProblemOfVisibleText(text).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  auto list = muster::hub::ParseInstanceList(json);
  const size_t piece = size % 7 + 1;
  muster::hub::InstanceListReader reader;
  for (size_t at = 0; at < size; at += piece) {
    if (!reader.Write(json.substr(at, piece))) break;
  }
  const auto pieces = reader.Finish();
  Require(pieces.status() == list.status());
  if (!list.ok()) {
    Require(list.status().message().size() <= 200);
    return 0;
  }
  RequireSame(*list, *pieces);
  for (const HubInstance& instance : list->instances) {
    Require(!instance.id.empty());
    for (const muster::ForeignText* text :
         {&instance.internal_instance_id, &instance.title, &instance.os, &instance.client_name,
          &instance.client_version}) {
      RequireVisible(*text);
    }
    RequireVisible(instance.id.value());
  }
  muster::hub::RecordBuilder slowly;
  if (!muster::hub::ReadRecordsSlowly(muster::hub::MendTexts(json), slowly).has_value()) {
    RequireSame(*list, slowly.Finish());
  }
  muster::hub::RemoveOwnInstance("3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d", list->instances);
  return 0;
}
