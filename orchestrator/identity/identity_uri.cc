#include "orchestrator/identity/identity_uri.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::identity {
namespace {

constexpr absl::string_view kScheme = "muster://";
constexpr absl::string_view kOperatorHost = "operator";

bool IsId(absl::string_view text, absl::string_view prefix) {
  return text.size() > prefix.size() && text.size() <= 64 && absl::StartsWith(text, prefix) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

std::vector<absl::string_view> PartsOf(absl::string_view uri) {
  if (!absl::ConsumePrefix(&uri, kScheme)) return {};
  return absl::StrSplit(uri, '/');
}

}  // namespace

std::string WorkerUri(const ZoneId& zone, const ServerId& server) {
  return absl::StrCat(kScheme, zone.value(), "/", server.value());
}

std::optional<WorkerIdentity> ParseWorkerUri(absl::string_view uri) {
  const std::vector<absl::string_view> parts = PartsOf(uri);
  if (parts.size() != 3 || !IsSlug(parts[0]) || !IsSlug(parts[1]) ||
      !IsId(parts[2], IdPrefix<ServerId>::kText)) {
    return std::nullopt;
  }
  const TenantId tenant(parts[0]);
  return WorkerIdentity{tenant, MakeZoneId(tenant, parts[1]), ServerId(parts[2])};
}

std::string OperatorUri(const OperatorId& op) {
  return absl::StrCat(kScheme, kOperatorHost, "/", op.value());
}

std::optional<OperatorId> ParseOperatorUri(absl::string_view uri) {
  const std::vector<absl::string_view> parts = PartsOf(uri);
  if (parts.size() != 2 || parts[0] != kOperatorHost ||
      !IsId(parts[1], IdPrefix<OperatorId>::kText)) {
    return std::nullopt;
  }
  return OperatorId(parts[1]);
}

}  // namespace muster::identity
