// A WHERE clause that is composed at run time. Values are always bound, never pasted.
#ifndef MUSTER_STORE_SQLITE_WHERE_H_
#define MUSTER_STORE_SQLITE_WHERE_H_

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/sql/database.h"
#include "store/model/server.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

class Where {
 public:
  using Value = std::variant<std::string, int64_t>;

  // `condition` has one ? for each value.
  Where& And(absl::string_view condition, std::vector<Value> values = {});
  // Rows whose tenant the wall admits; a wall that admits nothing finds nothing.
  Where& AndWithin(absl::string_view tenant_column, const TenantWall& wall);
  // The same for rows that belong to a row of `table`: rows whose `column` is the id of one that the
  // wall admits.
  Where& AndOwnedWithin(absl::string_view column, absl::string_view table, const TenantWall& wall);
  // The same for rows that share tenants: the row `self` (empty: none), and those that `table`, with
  // the columns `owner` and tenant_id, ties to a tenant that the wall admits.
  Where& AndSharedWithin(absl::string_view id_column, absl::string_view self,
                         absl::string_view table, absl::string_view owner, const TenantWall& wall);
  // column IN (values). An empty list adds no condition: for what somebody chose, never for what
  // they may see.
  Where& AndIn(absl::string_view column, std::vector<std::string> values);
  // Rows behind the cursor "zone/name", in the order zone, name. An empty cursor adds nothing.
  // `only_zone`: another condition leaves rows of this zone only. SQLite then begins at the name;
  // compared with both columns it would walk from the zone's first row to the cursor each time.
  Where& AndAfter(absl::string_view zone_column, absl::string_view name_column,
                  absl::string_view cursor, absl::string_view only_zone = "");

  // SELECT <select> WHERE … <tail>, with all values bound. Kept prepared while it has few values.
  sql::Statement Build(sql::Database& db, absl::string_view select, absl::string_view tail) const;

 private:
  std::string sql_;
  std::vector<Value> values_;
};

// "LIMIT n"; nothing for 0.
std::string LimitClause(int limit);

// The texts of a list of states or the values of a list of ids.
template <typename T>
std::vector<std::string> Texts(const std::vector<T>& items) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const T& item : items) {
    if constexpr (std::is_enum_v<T>) {
      texts.emplace_back(ToString(item));
    } else {
      texts.push_back(item.value());
    }
  }
  return texts;
}

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_WHERE_H_
