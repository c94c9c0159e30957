#include "store/sqlite/schema.h"

namespace muster::store {
namespace {

constexpr char kInitial[] =
#include "store/sqlite/migrations/0001_initial.inc"
    ;
constexpr char kCheaperCommands[] =
#include "store/sqlite/migrations/0002_cheaper_commands.inc"
    ;
constexpr char kMaxInDoubt[] =
#include "store/sqlite/migrations/0003_max_in_doubt.inc"
    ;
constexpr char kNamesAndFingerprints[] =
#include "store/sqlite/migrations/0004_names_and_fingerprints.inc"
    ;
constexpr char kCountWithoutRetired[] =
#include "store/sqlite/migrations/0005_count_without_retired.inc"
    ;

// The last column is the oldest program that may open the file after the migration.
constexpr sql::Migration kMigrations[] = {
    {1, "initial", kInitial, 1},
    // The programs before name indexes as they were.
    {2, "cheaper_commands", kCheaperCommands, 2},
    {3, "max_in_doubt", kMaxInDoubt, 2},
    // The programs before write servers without their name's key.
    {4, "names_and_fingerprints", kNamesAndFingerprints, 4},
    {5, "count_without_retired", kCountWithoutRetired, 4},
};

}  // namespace

std::span<const sql::Migration> Migrations() { return kMigrations; }

}  // namespace muster::store
