#include "tests/doubles/hub/tag_store.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

template <class Condition>
void Erase(std::vector<ItemTag>& items, Condition condition) {
  items.erase(std::remove_if(items.begin(), items.end(), condition), items.end());
}

bool Matches(const ItemTag& tag, absl::string_view scope) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(scope, absl::MaxSplits('=', 1));
  return absl::EqualsIgnoreCase(tag.category, parts.first) &&
         (!absl::StrContains(scope, "=") || absl::EqualsIgnoreCase(tag.value, parts.second));
}

}  // namespace

void TagStore::Put(absl::string_view item_id, absl::string_view item_type,
                   absl::string_view category, absl::string_view value) {
  const std::string key = absl::AsciiStrToLower(category);
  for (const ItemTag& tag : items) {
    if (tag.item_id == item_id && tag.category == key && tag.value == value) return;
  }
  items.push_back(
      {NewGuid(), std::string(item_id), std::string(item_type), key, std::string(value)});
}

void TagStore::Take(absl::string_view item_id, absl::string_view category,
                    absl::string_view value) {
  Erase(items, [&](const ItemTag& tag) {
    return tag.item_id == item_id && absl::EqualsIgnoreCase(tag.category, category) &&
           (value.empty() || tag.value == value);
  });
}

bool TagStore::Remove(absl::string_view tag_id) {
  const size_t before = items.size();
  Erase(items, [&](const ItemTag& tag) { return tag.id == tag_id; });
  return items.size() != before;
}

void TagStore::RemoveItem(absl::string_view item_id) {
  Erase(items, [&](const ItemTag& tag) { return tag.item_id == item_id; });
}

std::vector<ItemTag> TagStore::Of(absl::string_view item_id) const {
  std::vector<ItemTag> found;
  for (const ItemTag& tag : items) {
    if (tag.item_id == item_id) found.push_back(tag);
  }
  return found;
}

bool TagStore::InScope(absl::string_view item_id, const std::vector<std::string>& scopes, bool all,
                       bool untagged) const {
  if (scopes.empty()) return true;
  const std::vector<ItemTag> tags = Of(item_id);
  if (tags.empty()) return untagged;
  const auto matched = [&tags](const std::string& scope) {
    return absl::c_any_of(tags, [&](const ItemTag& tag) { return Matches(tag, scope); });
  };
  return all ? absl::c_all_of(scopes, matched) : absl::c_any_of(scopes, matched);
}

}  // namespace muster::doubles
