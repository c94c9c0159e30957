// The schema's migrations, compiled in.
#ifndef MUSTER_STORE_SQLITE_SCHEMA_H_
#define MUSTER_STORE_SQLITE_SCHEMA_H_

#include <span>

#include "base/sql/migrate.h"

namespace muster::store {

std::span<const sql::Migration> Migrations();

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_SCHEMA_H_
