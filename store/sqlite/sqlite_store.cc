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
#include "store/sqlite/operator_store.h"
#include "store/sqlite/rollout_store.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/server_store.h"
#include "store/sqlite/tenant_store.h"
#include "store/sqlite/token_store.h"
#include "store/sqlite/zone_store.h"

namespace muster::store {
namespace {

constexpr size_t kMostIdleReaders = 4;

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
        rollouts(*db),
        attempts(*db),
        audit(*db) {}

  // What the nouns remember of a transaction that is undone, wholly or to its mark.
  void ForgetUnwritten() {
    rollouts.ForgetCounts();
    audit.Forget();
  }

  const std::unique_ptr<sql::Database> db;
  SqliteTenantStore tenants;
  SqliteZoneStore zones;
  SqliteServerStore servers;
  SqliteTokenStore tokens;
  SqliteCertificateStore certificates;
  SqliteOperatorStore operators;
  SqliteRolloutStore rollouts;
  SqliteAttemptStore attempts;
  SqliteAuditLog audit;
};

class SqliteStore::SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(SqliteStore& store, sql::Transaction transaction)
      : store_(store), connection_(*store.writer_), transaction_(std::move(transaction)) {}
  ~SqliteTransaction() override {
    mark_.reset();
    transaction_.Rollback();
    if (!committed_) connection_.ForgetUnwritten();
    MutexLock lock(&store_.mu_);
    store_.transaction_open_ = false;
  }

  TenantStore& tenants() override { return connection_.tenants; }
  ZoneStore& zones() override { return connection_.zones; }
  ServerStore& servers() override { return connection_.servers; }
  TokenStore& tokens() override { return connection_.tokens; }
  CertificateStore& certificates() override { return connection_.certificates; }
  OperatorStore& operators() override { return connection_.operators; }
  RolloutStore& rollouts() override { return connection_.rollouts; }
  AttemptStore& attempts() override { return connection_.attempts; }
  AuditLog& audit() override { return connection_.audit; }

  absl::Status Mark() override {
    if (mark_.has_value()) return absl::FailedPreconditionError("a mark is open already");
    RETURN_IF_ERROR(connection_.rollouts.WriteCounts());
    ASSIGN_OR_RETURN(sql::Savepoint mark, sql::Savepoint::Begin(*connection_.db));
    mark_.emplace(std::move(mark));
    return absl::OkStatus();
  }
  absl::Status Release() override {
    if (!mark_.has_value()) return absl::FailedPreconditionError("no mark is open");
    RETURN_IF_ERROR(mark_->Release());
    mark_.reset();
    return absl::OkStatus();
  }
  absl::Status RollBackToMark() override {
    if (!mark_.has_value()) return absl::FailedPreconditionError("no mark is open");
    mark_.reset();
    connection_.ForgetUnwritten();
    return absl::OkStatus();
  }

  absl::Status Commit() override {
    if (mark_.has_value()) RETURN_IF_ERROR(Release());
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
  std::optional<sql::Savepoint> mark_;
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
  // A page that many turns write goes to the log each time, but into the file once per checkpoint:
  // SQLite's own 1,000 pages would be one for every few hundred commands.
  RETURN_IF_ERROR(db->Exec(absl::StrCat("PRAGMA wal_autocheckpoint=", kMostLogBytes / 4096)));
  if (options.max_pages > 0) {
    RETURN_IF_ERROR(db->Exec(absl::StrCat("PRAGMA max_page_count=", options.max_pages)));
  }
  auto store =
      absl::WrapUnique(new SqliteStore(options.path, migrated->to_version, options.durable));
  db->SetFatalErrorHook([s = store.get()](const absl::Status& error) { return s->Fail(error); });
  store->writer_ = std::make_unique<Connection>(std::move(db));
  return store;
}

SqliteStore::SqliteStore(std::string path, int schema_version, bool durable)
    : path_(std::move(path)), schema_version_(schema_version), durable_(durable) {}

SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<Transaction>> SqliteStore::Begin() {
  {
    MutexLock lock(&mu_);
    if (!failure_.ok()) {
      return FailureStatus(FailureCode::kStoreReadOnly, failure_.message());
    }
    if (transaction_open_) {
      return absl::UnavailableError("a transaction is open already; end it first");
    }
    transaction_open_ = true;
  }
  auto transaction = sql::Transaction::Begin(*writer_->db);
  if (!transaction.ok()) {
    MutexLock lock(&mu_);
    transaction_open_ = false;
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
    auto log = sql::FileSync::Open(path_ + "-wal");
    if (!log.ok()) return sync_failure_ = Fail(log.status());
    log_ = *std::move(log);
  }
  if (const absl::Status status = log_->Sync(); !status.ok()) sync_failure_ = Fail(status);
  return sync_failure_;
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
