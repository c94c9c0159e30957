#include "base/http/client.h"

#include "absl/strings/match.h"

namespace muster::http {

absl::string_view Reveal(const Text& text) {
  if (const auto* const plain = std::get_if<std::string>(&text)) return *plain;
  return std::get<Secret>(text).Reveal();
}

void Request::AddHeader(absl::string_view name, absl::string_view value) {
  headers.push_back({std::string(name), std::string(value)});
}

void Request::AddHeader(absl::string_view name, Secret value) {
  headers.push_back({std::string(name), std::move(value)});
}

void Request::SetJson(Text json) {
  AddHeader("Content-Type", "application/json");
  body = std::move(json);
}

std::optional<absl::string_view> Response::FindHeader(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace muster::http
