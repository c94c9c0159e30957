#include "orchestrator/core/inventory/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::core {
namespace {

bool IsControl(char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }

bool IsLabelKey(absl::string_view key) {
  if (key.empty() || key.size() > 63) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-' ||
           c == '/';
  });
}

}  // namespace

bool IsServerName(absl::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return IsControl(c) || c == ' ' || c == '/' || c == '*' || c == ',';
  });
}

std::string ProblemOfLabels(const store::Labels& labels) {
  if (labels.size() > 32) return "more than 32 labels";
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key)) return absl::StrCat("label key \"", key, "\" is malformed");
    if (value.size() > 255 || std::any_of(value.begin(), value.end(), IsControl)) {
      return absl::StrCat("the value of label \"", key, "\" is too long or has control characters");
    }
  }
  return "";
}

bool MaySee(const Actor& actor, const TenantId& tenant) {
  if (actor.visible_tenants.empty()) return true;
  return std::find(actor.visible_tenants.begin(), actor.visible_tenants.end(), tenant) !=
         actor.visible_tenants.end();
}

}  // namespace muster::core
