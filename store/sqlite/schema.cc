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
constexpr char kAuditHeads[] =
#include "store/sqlite/migrations/0004_audit_heads.inc"
    ;
constexpr char kAuditSubjects[] =
#include "store/sqlite/migrations/0005_audit_subjects.inc"
    ;
constexpr char kNamesAndFingerprints[] =
#include "store/sqlite/migrations/0006_names_and_fingerprints.inc"
    ;
constexpr char kCountWithoutRetired[] =
#include "store/sqlite/migrations/0007_count_without_retired.inc"
    ;
constexpr char kRolloutWords[] =
#include "store/sqlite/migrations/0008_rollout_words.inc"
    ;
constexpr char kDoors[] =
#include "store/sqlite/migrations/0009_doors.inc"
    ;
constexpr char kOperators[] =
#include "store/sqlite/migrations/0010_operators.inc"
    ;
constexpr char kKeysOfMachines[] =
#include "store/sqlite/migrations/0011_keys_of_machines.inc"
    ;
constexpr char kAdmissionOfKeys[] =
#include "store/sqlite/migrations/0012_admission_of_keys.inc"
    ;
constexpr char kServiceAccounts[] =
#include "store/sqlite/migrations/0013_service_accounts.inc"
    ;
constexpr char kAgeOfProofs[] =
#include "store/sqlite/migrations/0014_age_of_proofs.inc"
    ;
constexpr char kFindings[] =
#include "store/sqlite/migrations/0015_findings.inc"
    ;
constexpr char kSweeps[] =
#include "store/sqlite/migrations/0016_sweeps.inc"
    ;
constexpr char kHubContacts[] =
#include "store/sqlite/migrations/0017_hub_contacts.inc"
    ;
constexpr char kAuditLinks[] =
#include "store/sqlite/migrations/0018_audit_links.inc"
    ;
constexpr char kReadings[] =
#include "store/sqlite/migrations/0019_readings.inc"
    ;
constexpr char kNotifications[] =
#include "store/sqlite/migrations/0020_notifications.inc"
    ;
constexpr char kAskedWorkers[] =
#include "store/sqlite/migrations/0021_asked_workers.inc"
    ;
constexpr char kIdentityMachines[] =
#include "store/sqlite/migrations/0022_identity_machines.inc"
    ;

// The last column is the oldest program that may open the file after the migration.
constexpr sql::Migration kMigrations[] = {
    {1, "initial", kInitial, 1},
    // The programs before name indexes as they were.
    {2, "cheaper_commands", kCheaperCommands, 2},
    {3, "max_in_doubt", kMaxInDoubt, 2},
    // The programs before would take a pruned log for a broken one.
    {4, "audit_heads", kAuditHeads, 4},
    // The programs before would make no entries, and find no subject behind them.
    {5, "audit_subjects", kAuditSubjects, 5},
    // The programs before write servers without their name's key.
    {6, "names_and_fingerprints", kNamesAndFingerprints, 6},
    {7, "count_without_retired", kCountWithoutRetired, 6},
    // The programs before do not know the new states.
    {8, "rollout_words", kRolloutWords, 8},
    {9, "doors", kDoors, 8},
    // The programs before would let in whom this one has revoked.
    {10, "operators", kOperators, 10},
    {11, "keys_of_machines", kKeysOfMachines, 10},
    // The programs before would let in whoever comes under a name that was let in.
    {12, "admission_of_keys", kAdmissionOfKeys, 12},
    // The programs before would sign pins that take the exceptions back.
    {13, "service_accounts", kServiceAccounts, 13},
    // The programs before would leave a question open that a new proof has answered.
    {14, "age_of_proofs", kAgeOfProofs, 14},
    {15, "findings", kFindings, 14},
    {16, "sweeps", kSweeps, 14},
    // The programs before would keep what is known of a zone's hub when it gets another.
    {17, "hub_contacts", kHubContacts, 17},
    // The programs before would write events without links, and take those with links for altered.
    {18, "audit_links", kAuditLinks, 18},
    // The programs before would take an attempt without a command for a damaged file.
    {19, "readings", kReadings, 19},
    {20, "notifications", kNotifications, 19},
    // The programs before do not know the new kind of findings.
    {21, "asked_workers", kAskedWorkers, 21},
    // The programs before would send commands to clones, and let in whom an operator put out.
    {22, "identity_machines", kIdentityMachines, 22},
};

}  // namespace

std::span<const sql::Migration> Migrations() { return kMigrations; }

}  // namespace muster::store
