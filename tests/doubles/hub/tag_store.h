// TagStore keeps tag categories, values and tagged items of a hub double (certify.md 4.7, row
// H-14). On the hub's loop.
#ifndef MUSTER_TESTS_DOUBLES_HUB_TAG_STORE_H_
#define MUSTER_TESTS_DOUBLES_HUB_TAG_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/doubles/http/message.h"

namespace muster::doubles {

struct ItemTag {
  std::string id;
  std::string item_id;
  std::string item_type;
  std::string category;  // lower case
  std::string value;
};

class TagStore {
 public:
  // Puts a tag on an item; a tag that is there already is kept.
  void Put(absl::string_view item_id, absl::string_view item_type, absl::string_view category,
           absl::string_view value);
  // Takes tags off: of the category, and of the value unless that is empty.
  void Take(absl::string_view item_id, absl::string_view category, absl::string_view value);
  bool Remove(absl::string_view tag_id);
  void RemoveItem(absl::string_view item_id);
  std::vector<ItemTag> Of(absl::string_view item_id) const;

  // Does the item match scopes like "category" or "category=value": one of them, or all;
  // `untagged`: items without any tag match too. Without scopes everything matches.
  bool InScope(absl::string_view item_id, const std::vector<std::string>& scopes, bool all,
               bool untagged) const;

  std::map<std::string, Json> categories;  // by key, as sent
  std::map<std::string, Json> values;      // by id
  std::vector<ItemTag> items;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_TAG_STORE_H_
