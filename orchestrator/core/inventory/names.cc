#include "orchestrator/core/inventory/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/names.h"

namespace muster::core {
namespace {

bool IsLabelKey(absl::string_view key) {
  if (key.empty() || key.size() > 63) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-' ||
           c == '/';
  });
}

}  // namespace

std::string ProblemOfLabels(const store::Labels& labels) {
  if (labels.size() > 32) return "more than 32 labels";
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key)) return absl::StrCat("label key \"", Shown(key), "\" is malformed");
    if (value.size() > 255) {
      return absl::StrCat("the value of label \"", key, "\" is longer than 255 bytes");
    }
    if (const std::string problem = ProblemOfVisibleText(value); !problem.empty()) {
      return absl::StrCat("the value of label \"", key, "\" cannot be read: ", problem);
    }
  }
  return "";
}

}  // namespace muster::core
