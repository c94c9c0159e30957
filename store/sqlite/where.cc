#include "store/sqlite/where.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::store {
namespace {

constexpr size_t kMostCachedValues = 8;

struct Cursor {
  std::string zone;
  std::string name;
};

// A zone id is "tenant/zone", so the name starts behind the second slash.
Cursor ParseCursor(absl::string_view text) {
  const size_t first = text.find('/');
  if (first == absl::string_view::npos) return {std::string(text), ""};
  const size_t second = text.find('/', first + 1);
  const size_t end = second == absl::string_view::npos ? first : second;
  return {std::string(text.substr(0, end)), std::string(text.substr(end + 1))};
}

}  // namespace

Where& Where::And(absl::string_view condition, std::vector<Value> values) {
  absl::StrAppend(&sql_, sql_.empty() ? " WHERE " : " AND ", condition);
  for (Value& value : values) values_.push_back(std::move(value));
  return *this;
}

Where& Where::AndIn(absl::string_view column, std::vector<std::string> values) {
  if (values.empty()) return *this;
  std::string marks = values.size() == 1 ? " = ?" : " IN (?";
  for (size_t i = 1; i < values.size(); ++i) marks += ", ?";
  if (values.size() > 1) marks += ")";
  return And(absl::StrCat(column, marks), std::vector<Value>(values.begin(), values.end()));
}

Where& Where::AndWithin(absl::string_view tenant_column, const TenantWall& wall) {
  if (wall.admits_everything()) return *this;
  if (wall.tenants().empty()) return And("0");
  return AndIn(tenant_column, Texts(wall.tenants()));
}

Where& Where::AndOwnedWithin(absl::string_view column, absl::string_view table,
                             const TenantWall& wall) {
  if (wall.admits_everything()) return *this;
  Where owner;
  owner.AndWithin("tenant_id", wall);
  return And(absl::StrCat(column, " IN (SELECT id FROM ", table, owner.sql_, ")"),
             std::move(owner.values_));
}

Where& Where::AndSharedWithin(absl::string_view id_column, absl::string_view self,
                              absl::string_view table, absl::string_view owner,
                              const TenantWall& wall) {
  if (wall.admits_everything()) return *this;
  Where tied;
  tied.AndWithin("tenant_id", wall);
  std::vector<Value> values;
  values.reserve(1 + tied.values_.size());
  values.emplace_back(std::string(self));
  for (Value& value : tied.values_) values.push_back(std::move(value));
  return And(absl::StrCat("(", id_column, " = ? OR ", id_column, " IN (SELECT ", owner, " FROM ",
                          table, tied.sql_, "))"),
             std::move(values));
}

Where& Where::AndAfter(absl::string_view zone_column, absl::string_view name_column,
                       absl::string_view cursor, absl::string_view only_zone) {
  if (cursor.empty()) return *this;
  Cursor after = ParseCursor(cursor);
  if (!only_zone.empty() && after.zone == only_zone) {
    return And(absl::StrCat(name_column, " > ?"), {std::move(after.name)});
  }
  return And(absl::StrCat("(", zone_column, ", ", name_column, ") > (?, ?)"),
             {std::move(after.zone), std::move(after.name)});
}

sql::Statement Where::Build(sql::Database& db, absl::string_view select,
                            absl::string_view tail) const {
  const std::string text = absl::StrCat("SELECT ", select, sql_, " ", tail);
  sql::Statement statement =
      values_.size() <= kMostCachedValues ? db.Cached(text) : db.Prepare(text);
  for (const Value& value : values_) {
    std::visit([&statement](const auto& v) { statement.Bind(v); }, value);
  }
  return statement;
}

std::string LimitClause(int limit) { return limit > 0 ? absl::StrCat("LIMIT ", limit) : ""; }

}  // namespace muster::store
