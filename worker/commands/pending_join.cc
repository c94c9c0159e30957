#include "worker/commands/pending_join.h"

#include <nlohmann/json.hpp>

#include "base/platform/files.h"
#include "worker/commands/decide_join.h"

namespace muster::worker {
namespace {

std::string TextAt(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

std::optional<std::string> WhyOver(const PendingJoin& pending, const types::v1::ServiceFacts& now,
                                   const std::string& service_run, absl::Time time) {
  if (IsJoinedTo(now, pending.hub_url)) {
    if (now.hub_connected()) return "the service is connected to its hub";
    if (now.hub_instance_id() != pending.identity_before) return "the service has a new identity";
    if (now.hub_url() != pending.hub_before) return "the service's files name its new hub";
  }
  if (!pending.service_run.empty() && !service_run.empty() && service_run != pending.service_run) {
    return "the service was restarted";
  }
  if (time - pending.begin_time > kLongestJoin) return "it is longer ago than a join can last";
  return std::nullopt;
}

absl::Status PendingJoinNote::Write(const PendingJoin& pending) const {
  if (path_.empty()) return absl::OkStatus();
  const nlohmann::json json = {{"hub_url", pending.hub_url},
                               {"begin_us", absl::ToUnixMicros(pending.begin_time)},
                               {"service_run", pending.service_run},
                               {"identity_before", pending.identity_before},
                               {"hub_before", pending.hub_before}};
  return WriteFileAtomically(
      path_, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
      FileAccess::kOwnerOnly);
}

absl::Status PendingJoinNote::Clear() const {
  if (path_.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadWholeFile(path_);
  if (absl::IsNotFound(text.status()) || (text.ok() && text->empty())) return absl::OkStatus();
  return WriteFileAtomically(path_, "", FileAccess::kOwnerOnly);
}

std::optional<PendingJoin> PendingJoinNote::Read(absl::Time now) const {
  if (path_.empty()) return std::nullopt;
  const absl::StatusOr<std::string> text = ReadWholeFile(path_);
  if (absl::IsNotFound(text.status()) || (text.ok() && text->empty())) return std::nullopt;
  PendingJoin pending;
  pending.begin_time = absl::InfiniteFuture();  // Not known.
  const auto json = text.ok() ? nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false)
                              : nlohmann::json();
  if (json.is_object()) {
    pending.hub_url = TextAt(json, "hub_url");
    pending.service_run = TextAt(json, "service_run");
    pending.identity_before = TextAt(json, "identity_before");
    pending.hub_before = TextAt(json, "hub_before");
    if (const auto it = json.find("begin_us"); it != json.end() && it->is_number_integer()) {
      pending.begin_time = absl::FromUnixMicros(it->get<int64_t>());
    }
  }
  // Unreadable, or written under a clock that was ahead: from now on it has kLongestJoin, once.
  if (pending.begin_time > now) {
    pending.begin_time = now;
    (void)Write(pending);
  }
  return pending;
}

}  // namespace muster::worker
