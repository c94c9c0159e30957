#include "store/sqlite/schema.h"

namespace muster::store {
namespace {

constexpr char kInitial[] =
#include "store/sqlite/migrations/0001_initial.inc"
    ;

// The last column is the oldest program that may open the file after the migration.
constexpr sql::Migration kMigrations[] = {
    {1, "initial", kInitial, 1},
};

}  // namespace

std::span<const sql::Migration> Migrations() { return kMigrations; }

}  // namespace muster::store
