#include "orchestrator/core/operators/request_ids.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

constexpr size_t kLongestRequestId = 128;

// "4:name5:value…": no two requests have the same text by chance.
class Content {
 public:
  explicit Content(absl::string_view kind) { Add("kind", kind); }
  Content& Add(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text_, name.size(), ":", name, value.size(), ":", value);
    return *this;
  }
  Content& Add(absl::string_view name, absl::Duration value) {
    return Add(name, absl::FormatDuration(value));
  }
  // In any order, each once.
  Content& AddSet(absl::string_view name, std::vector<std::string> values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    Add(name, absl::StrCat(values.size()));
    for (const std::string& value : values) Add("", value);
    return *this;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::vector<std::string> Folded(const std::vector<std::string>& names) {
  std::vector<std::string> folded;
  for (const std::string& name : names) folded.push_back(FoldName(name));
  return folded;
}

const char* Flag(bool value) { return value ? "yes" : "no"; }

}  // namespace

std::string ContentOf(const RolloutInput& input) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : input.selection.labels) {
    labels.push_back(absl::StrCat(key.size(), ":", key, value));
  }
  return Content("rollout")
      .Add("command", input.kind == store::CommandKind::kJoin ? "join" : "probe")
      .Add("tenant", input.selection.tenant_id.value())
      .Add("zone", input.selection.zone_id.value())
      .AddSet("labels", std::move(labels))
      .AddSet("names", Folded(input.selection.names))
      .Add("max_concurrency", input.max_concurrency)
      .Add("max_failures", input.max_failures)
      .Add("max_in_doubt", input.max_in_doubt)
      .Add("deadline", input.deadline)
      .Add("allow_takeover", Flag(input.allow_takeover))
      .Add("force", Flag(input.force))
      .Add("rejoin", Flag(input.rejoin))
      .Take();
}

std::string ContentOf(const TokenInput& input) {
  return Content("token")
      .Add("zone", input.zone_id.value())
      .Add("ttl", input.ttl)
      .Add("max_uses", absl::StrCat(input.max_uses))
      .AddSet("names", Folded(input.server_names))
      .Add("any_name", Flag(input.any_name))
      .Add("mode", input.mode == store::TokenMode::kAuto ? "auto" : "pending")
      .Take();
}

std::string ContentOf(const OperatorInput& input) {
  std::vector<std::string> tenants;
  for (const TenantId& tenant : input.tenants) tenants.push_back(tenant.value());
  return Content("operator")
      .Add("name", input.name)
      .Add("role", absl::StrCat(static_cast<int>(input.role)))
      .AddSet("tenants", std::move(tenants))
      .Add("valid_for", input.valid_for)
      .Add("key", input.certificate.public_key_hash)
      .Take();
}

IdentifiedRequest RequestOf(const Actor& actor, const RolloutInput& input) {
  const store::Selection& selection = input.selection;
  return {actor.name,
          selection.tenant_id.empty() ? TenantOf(selection.zone_id) : selection.tenant_id,
          input.request_id, ContentOf(input)};
}

IdentifiedRequest RequestOf(const Actor& actor, const TokenInput& input) {
  return {actor.name, TenantOf(input.zone_id), input.request_id, ContentOf(input)};
}

IdentifiedRequest RequestOf(const Actor& actor, const OperatorInput& input) {
  return {actor.name, input.tenants.size() == 1 ? input.tenants.front() : TenantId(),
          input.request_id, ContentOf(input)};
}

absl::StatusOr<std::optional<std::string>> FindMade(Turn& turn, const IdentifiedRequest& request) {
  if (request.id.empty()) return std::optional<std::string>();
  if (request.id.size() > kLongestRequestId) {
    return FailureStatus(FailureCode::kRequestInvalid, "the request id is longer than 128 bytes");
  }
  if (const std::string problem = ProblemOfVisibleText(request.id); !problem.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         absl::StrCat("the request id cannot be read: ", problem));
  }
  ASSIGN_OR_RETURN(const auto made,
                   turn.store().requests().Find({request.actor, request.tenant_id, request.id},
                                                request.content));
  if (!made.has_value()) return std::optional<std::string>();
  if (made->same) return std::optional<std::string>(made->id);
  return FailureStatus(FailureCode::kRequestIdReused,
                       absl::StrCat("the request id '", request.id, "' stands for ", made->id,
                                    ", which you asked for in other words"));
}

absl::Status NoteMade(Turn& turn, const IdentifiedRequest& request, absl::string_view made) {
  if (request.id.empty()) return absl::OkStatus();
  return turn.store().requests().Put({request.actor, request.tenant_id, request.id},
                                     request.content, made, turn.now());
}

}  // namespace muster::core
