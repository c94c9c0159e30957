#include "store/sqlite/sqlite_store.h"

#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/names.h"
#include "base/sql/migrate.h"
#include "base/sql/transaction.h"
#include "base/status_macros.h"
#include "store/sqlite/attempt_store.h"
#include "store/sqlite/audit_log.h"
#include "store/sqlite/certificate_store.h"
#include "store/sqlite/finding_store.h"
#include "store/sqlite/machine_store.h"
#include "store/sqlite/notification_store.h"
#include "store/sqlite/observation_store.h"
#include "store/sqlite/operator_store.h"
#include "store/sqlite/request_store.h"
#include "store/sqlite/rollout_store.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/server_store.h"
#include "store/sqlite/sweep_store.h"
#include "store/sqlite/tenant_store.h"
#include "store/sqlite/token_store.h"
#include "store/sqlite/zone_store.h"

namespace muster::store {
namespace {

constexpr size_t kMostIdleReaders = 4;
constexpr int64_t kPageBytes = 4096;
// So long a checkpoint waits for readers of an old state, and the writer meanwhile for it.
constexpr absl::Duration kCheckpointPatience = absl::Milliseconds(20);
constexpr absl::Duration kTurnPatience = absl::Milliseconds(200);  // For a turn's end.

// Nobody knows what is on the disk.
absl::Status DiskFailed(const absl::Status& why) {
  return sql::MakeError(sql::ErrorKind::kIo, why.message());
}

// The words for a disk that fails; other errors stay as they are.
absl::Status AsStoreFailure(const absl::Status& status) {
  if (FailureCodeOf(status).has_value()) return status;
  switch (sql::ErrorKindOf(status)) {
    case sql::ErrorKind::kFull:
      return FailureStatus(FailureCode::kStoreFull, status.message());
    case sql::ErrorKind::kIo:
      return FailureStatus(FailureCode::kStoreIo, status.message());
    case sql::ErrorKind::kCorrupt:
      return FailureStatus(FailureCode::kStoreCorrupt, status.message());
    default:
      return status;
  }
}

}  // namespace

// One SQLite connection with the nouns that stand on it.
class SqliteStore::Connection {
 public:
  explicit Connection(std::unique_ptr<sql::Database> database)
      : db(std::move(database)),
        tenants(*db),
        zones(*db),
        servers(*db),
        tokens(*db),
        certificates(*db),
        operators(*db),
        requests(*db),
        observations(*db),
        machines(*db),
        findings(*db),
        sweeps(*db),
        notifications(*db),
        rollouts(*db),
        attempts(*db),
        audit(*db) {}

  // What the nouns remember of a transaction that is undone, wholly or to a mark, at which these
  // counts were not written yet.
  void Undo(TargetMoves unwritten) {
    rollouts.RestoreCounts(std::move(unwritten));
    audit.Forget();
  }

  const std::unique_ptr<sql::Database> db;
  SqliteTenantStore tenants;
  SqliteZoneStore zones;
  SqliteServerStore servers;
  SqliteTokenStore tokens;
  SqliteCertificateStore certificates;
  SqliteOperatorStore operators;
  SqliteRequestStore requests;
  SqliteObservationStore observations;
  SqliteMachineStore machines;
  SqliteFindingStore findings;
  SqliteSweepStore sweeps;
  SqliteNotificationStore notifications;
  SqliteRolloutStore rollouts;
  SqliteAttemptStore attempts;
  SqliteAuditLog audit;
};

class SqliteStore::SqliteTransaction final : public Transaction {
  struct OpenMark {
    sql::Savepoint savepoint;
    TargetMoves unwritten;
  };

 public:
  SqliteTransaction(SqliteStore& store, sql::Transaction transaction)
      : store_(store), connection_(*store.writer_), transaction_(std::move(transaction)) {}
  ~SqliteTransaction() override {
    while (!marks_.empty()) marks_.pop_back();
    transaction_.Rollback();
    if (!committed_) connection_.Undo({});
    MutexLock lock(&store_.mu_);
    store_.transaction_open_ = false;
    store_.no_turn_.Set();
  }

  TenantStore& tenants() override { return connection_.tenants; }
  ZoneStore& zones() override { return connection_.zones; }
  ServerStore& servers() override { return connection_.servers; }
  TokenStore& tokens() override { return connection_.tokens; }
  CertificateStore& certificates() override { return connection_.certificates; }
  OperatorStore& operators() override { return connection_.operators; }
  RequestStore& requests() override { return connection_.requests; }
  ObservationStore& observations() override { return connection_.observations; }
  MachineStore& machines() override { return connection_.machines; }
  FindingStore& findings() override { return connection_.findings; }
  SweepStore& sweeps() override { return connection_.sweeps; }
  NotificationStore& notifications() override { return connection_.notifications; }
  RolloutStore& rollouts() override { return connection_.rollouts; }
  AttemptStore& attempts() override { return connection_.attempts; }
  AuditLog& audit() override { return connection_.audit; }

  absl::Status Mark() override {
    ASSIGN_OR_RETURN(sql::Savepoint mark, sql::Savepoint::Begin(*connection_.db));
    marks_.push_back({std::move(mark), connection_.rollouts.UnwrittenCounts()});
    return absl::OkStatus();
  }
  absl::Status Release() override {
    if (marks_.empty()) return absl::FailedPreconditionError("no mark is open");
    RETURN_IF_ERROR(marks_.back().savepoint.Release());
    marks_.pop_back();
    return absl::OkStatus();
  }
  absl::Status RollBackToMark() override {
    if (marks_.empty()) return absl::FailedPreconditionError("no mark is open");
    connection_.Undo(std::move(marks_.back().unwritten));
    marks_.pop_back();
    return absl::OkStatus();
  }

  absl::Status Commit() override {
    while (!marks_.empty()) RETURN_IF_ERROR(Release());
    RETURN_IF_ERROR(connection_.rollouts.WriteCounts());
    // A statement may have met the failing disk before: what it left is not to be kept.
    absl::Status failure;
    {
      MutexLock lock(&store_.mu_);
      failure = store_.failure_;
    }
    if (!failure.ok()) {
      transaction_.Rollback();
      return failure;
    }
    const absl::Status status = transaction_.Commit();
    committed_ = status.ok();
    return status;
  }

 private:
  SqliteStore& store_;
  Connection& connection_;
  sql::Transaction transaction_;
  std::vector<OpenMark> marks_;  // The innermost last.
  bool committed_ = false;
};

class SqliteStore::SqliteSnapshot final : public Snapshot {
 public:
  SqliteSnapshot(const SqliteStore& store, std::unique_ptr<Connection> connection,
                 sql::Transaction transaction)
      : store_(store), connection_(std::move(connection)), transaction_(std::move(transaction)) {}
  ~SqliteSnapshot() override {
    transaction_.Rollback();
    store_.GiveBack(std::move(connection_));
  }

  const TenantStore& tenants() const override { return connection_->tenants; }
  const ZoneStore& zones() const override { return connection_->zones; }
  const ServerStore& servers() const override { return connection_->servers; }
  const TokenStore& tokens() const override { return connection_->tokens; }
  const CertificateStore& certificates() const override { return connection_->certificates; }
  const OperatorStore& operators() const override { return connection_->operators; }
  const RequestStore& requests() const override { return connection_->requests; }
  const ObservationStore& observations() const override { return connection_->observations; }
  const MachineStore& machines() const override { return connection_->machines; }
  const FindingStore& findings() const override { return connection_->findings; }
  const SweepStore& sweeps() const override { return connection_->sweeps; }
  const NotificationStore& notifications() const override { return connection_->notifications; }
  const RolloutStore& rollouts() const override { return connection_->rollouts; }
  const AttemptStore& attempts() const override { return connection_->attempts; }
  const AuditLog& audit() const override { return connection_->audit; }

 private:
  const SqliteStore& store_;
  std::unique_ptr<Connection> connection_;
  sql::Transaction transaction_;
};

absl::StatusOr<std::unique_ptr<Store>> SqliteStore::Open(const SqliteStoreOptions& options) {
  auto opened = sql::Database::Open(
      {.path = options.path,
       .synchronous = options.durable ? sql::Synchronous::kNormal : sql::Synchronous::kOff,
       .quick_check = options.quick_check});
  if (!opened.ok()) return AsStoreFailure(opened.status());
  std::unique_ptr<sql::Database> db = *std::move(opened);
  RETURN_IF_ERROR(db->AddTextFunction("fold_name", FoldName));  // Migrations need it.
  const auto migrated =
      sql::Migrate(*db, Migrations(), {.backup_dir = options.backup_dir, .now = options.now});
  if (!migrated.ok()) return AsStoreFailure(migrated.status());
  if (migrated->from_version > 0 && migrated->to_version > migrated->from_version) {
    log::Info("database migrated", {{"path", options.path},
                                    {"from_version", migrated->from_version},
                                    {"to_version", migrated->to_version},
                                    {"backup", migrated->backup_path}});
  }
  // A turn of many operations stays in the cache (SQLite's own, 2 MiB, overflows into the log and
  // is read back from there).
  RETURN_IF_ERROR(db->Exec("PRAGMA cache_size=-65536"));  // KiB
  // A commit that had to move the log into the file would make every turn wait for it.
  RETURN_IF_ERROR(db->SetCheckpointOnCommit(false));
  // What a long reader made of the log is given back once it is over.
  RETURN_IF_ERROR(db->Exec(
      absl::StrCat("PRAGMA journal_size_limit=", 2 * kPageBytes * options.checkpoint_pages)));
  if (options.max_pages > 0) {
    RETURN_IF_ERROR(db->Exec(absl::StrCat("PRAGMA max_page_count=", options.max_pages)));
  }
  auto store = absl::WrapUnique(new SqliteStore(options, migrated->to_version));
  db->SetLogHook([s = store.get()](int64_t pages) { s->log_pages_ = pages; });
  db->SetFatalErrorHook([s = store.get()](const absl::Status& error) { return s->Fail(error); });
  store->writer_ = std::make_unique<Connection>(std::move(db));
  return store;
}

SqliteStore::SqliteStore(const SqliteStoreOptions& options, int schema_version)
    : path_(options.path),
      schema_version_(schema_version),
      durable_(options.durable),
      checkpoint_pages_(options.checkpoint_pages),
      checkpoint_at_pages_(options.checkpoint_pages) {}

SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<Transaction>> SqliteStore::Begin() {
  {
    MutexLock lock(&mu_);
    const auto log_is_free = [this]()
                                 ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !log_restarting_; };
    mu_.Await(absl::Condition(&log_is_free));
    if (!failure_.ok()) {
      return FailureStatus(FailureCode::kStoreReadOnly, failure_.message());
    }
    if (transaction_open_) {
      return absl::UnavailableError("a transaction is open already; end it first");
    }
    transaction_open_ = true;
    no_turn_.Clear();
  }
  auto transaction = sql::Transaction::Begin(*writer_->db);
  if (!transaction.ok()) {
    MutexLock lock(&mu_);
    transaction_open_ = false;
    no_turn_.Set();
    return transaction.status();
  }
  return std::make_unique<SqliteTransaction>(*this, *std::move(transaction));
}

absl::StatusOr<std::unique_ptr<Snapshot>> SqliteStore::Read() const {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, TakeReader());
  ASSIGN_OR_RETURN(sql::Transaction transaction,
                   sql::Transaction::Begin(*reader->db, sql::TransactionMode::kDeferred));
  // A deferred transaction sees the state of its first read: make that now.
  RETURN_IF_ERROR(reader->db->Cached("SELECT version FROM schema_info").Run());
  return std::make_unique<SqliteSnapshot>(*this, std::move(reader), std::move(transaction));
}

absl::Status SqliteStore::Sync() {
  if (!durable_) return absl::OkStatus();
  MutexLock lock(&sync_mu_);
  if (!sync_failure_.ok())
    return sync_failure_;  // The next one need not report what was not written.
  if (log_ == nullptr) {
    auto log = FileSync::Open(path_ + "-wal");
    if (!log.ok()) return sync_failure_ = Fail(DiskFailed(log.status()));
    log_ = *std::move(log);
  }
  if (const absl::Status status = log_->Sync(); !status.ok()) {
    sync_failure_ = Fail(DiskFailed(status));
  }
  return sync_failure_;
}

bool SqliteStore::CheckpointIsDue() const { return log_pages_ >= checkpoint_at_pages_; }

// The bulk moves while turns go on; what they committed meanwhile is little, and moves with the
// writer kept out, after which the log begins anew. A reader of an old state holds that up: then
// the log grows on and the next try comes a quarter of the bound later.
absl::Status SqliteStore::Checkpoint() {
  MutexLock lock(&checkpoint_mu_);
  if (checkpointer_ == nullptr) {
    auto opened = sql::Database::Open(
        {.path = path_,
         .create = false,
         .busy_timeout = kCheckpointPatience,
         .synchronous = durable_ ? sql::Synchronous::kNormal : sql::Synchronous::kOff});
    if (!opened.ok()) return opened.status();
    checkpointer_ = *std::move(opened);
    checkpointer_->SetFatalErrorHook([this](const absl::Status& error) { return Fail(error); });
  }
  RETURN_IF_ERROR(checkpointer_->Checkpoint(sql::CheckpointMode::kPassive).status());
  ASSIGN_OR_RETURN(const sql::CheckpointOutcome outcome, RestartLog(*checkpointer_));
  if (outcome.complete) log_pages_ = 0;
  checkpoint_at_pages_ =
      outcome.complete ? checkpoint_pages_ : outcome.log_pages + checkpoint_pages_ / 4;
  return absl::OkStatus();
}

// Between two turns, which come one after the other when there is much to do: a lock that waits for
// its chance would not get it.
absl::StatusOr<sql::CheckpointOutcome> SqliteStore::RestartLog(sql::Database& checkpointer) {
  {
    MutexLock lock(&mu_);
    log_restarting_ = true;
    if (!transaction_open_) no_turn_.Set();  // None has begun yet.
  }
  no_turn_.Await(kTurnPatience);
  auto outcome = checkpointer.Checkpoint(sql::CheckpointMode::kRestart);
  MutexLock lock(&mu_);
  log_restarting_ = false;
  return outcome;
}

StoreHealth SqliteStore::Health() const {
  MutexLock lock(&mu_);
  return StoreHealth{.read_only = !failure_.ok(),
                     .reason = std::string(failure_.message()),
                     .schema_version = schema_version_};
}

absl::StatusOr<std::unique_ptr<SqliteStore::Connection>> SqliteStore::TakeReader() const {
  {
    MutexLock lock(&mu_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<sql::Database> db,
                   sql::Database::Open({.path = path_, .read_only = true}));
  // A reader that fails for lack of memory or handles says nothing of the disk; damage does.
  db->SetFatalErrorHook([this](const absl::Status& error) {
    return sql::ErrorKindOf(error) == sql::ErrorKind::kCorrupt ? Fail(error)
                                                               : AsStoreFailure(error);
  });
  return std::make_unique<Connection>(std::move(db));
}

void SqliteStore::GiveBack(std::unique_ptr<Connection> reader) const {
  MutexLock lock(&mu_);
  if (idle_readers_.size() < kMostIdleReaders) idle_readers_.push_back(std::move(reader));
}

absl::Status SqliteStore::Fail(const absl::Status& cause) const {
  const absl::Status failure = AsStoreFailure(cause);
  {
    MutexLock lock(&mu_);
    if (!failure_.ok()) return failure;
    failure_ = failure;
  }
  log::Error("store is read-only from now on", {{"reason", failure}});
  return failure;
}

}  // namespace muster::store
