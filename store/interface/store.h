// The store as its users see it: transactions for the control strand, snapshots for readers.
//
//   control strand ── Begin() ─► Transaction ── tenants(), zones(), … ── Commit()
//                                one at a time, one per turn
//   blocking pool  ── Read()  ─► Snapshot    ── the same nouns, const
//                                any number, own connections
//
// Errors: what the caller did is FailedPrecondition (a reference that does not exist),
// AlreadyExists (a unique name is taken), NotFound (the row to change does not exist), Aborted (a
// compare-and-set met another state) or Internal (a move outside the transition table); what the
// disk did is ResourceExhausted (full), Unavailable (I/O) or DataLoss (corrupt): after the first of
// these at a commit the store is read-only (Health) and every Begin fails with E-STORE-READ-ONLY.
// Of a power cut: what is committed is safe once a Sync that began later has answered. The end of
// the process alone loses nothing that is committed. All calls block on the disk.
#ifndef MUSTER_STORE_INTERFACE_STORE_H_
#define MUSTER_STORE_INTERFACE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/interface/finding_store.h"
#include "store/interface/identity_store.h"
#include "store/interface/inventory_store.h"
#include "store/interface/machine_store.h"
#include "store/interface/notification_store.h"
#include "store/interface/observation_store.h"
#include "store/interface/sweep_store.h"
#include "store/interface/work_store.h"

namespace muster::store {

// A consistent view; it does not see later commits. Used by one thread at a time; keep it short.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const TenantStore& tenants() const = 0;
  virtual const ZoneStore& zones() const = 0;
  virtual const ServerStore& servers() const = 0;
  virtual const TokenStore& tokens() const = 0;
  virtual const CertificateStore& certificates() const = 0;
  virtual const OperatorStore& operators() const = 0;
  virtual const RequestStore& requests() const = 0;
  virtual const ObservationStore& observations() const = 0;
  virtual const MachineStore& machines() const = 0;
  virtual const FindingStore& findings() const = 0;
  virtual const SweepStore& sweeps() const = 0;
  virtual const NotificationStore& notifications() const = 0;
  virtual const RolloutStore& rollouts() const = 0;
  virtual const AttemptStore& attempts() const = 0;
  virtual const AuditLog& audit() const = 0;
};

// A turn's changes. Destroyed without Commit: rolled back.
class Transaction {
 public:
  virtual ~Transaction() = default;
  virtual TenantStore& tenants() = 0;
  virtual ZoneStore& zones() = 0;
  virtual ServerStore& servers() = 0;
  virtual TokenStore& tokens() = 0;
  virtual CertificateStore& certificates() = 0;
  virtual OperatorStore& operators() = 0;
  virtual RequestStore& requests() = 0;
  virtual ObservationStore& observations() = 0;
  virtual MachineStore& machines() = 0;
  virtual FindingStore& findings() = 0;
  virtual SweepStore& sweeps() = 0;
  virtual NotificationStore& notifications() = 0;
  virtual RolloutStore& rollouts() = 0;
  virtual AttemptStore& attempts() = 0;
  virtual AuditLog& audit() = 0;

  // Savepoints nest one operation inside the turn: an operation that fails is undone alone.
  virtual absl::Status Mark() = 0;            // Opens one, inside the one that is open.
  virtual absl::Status Release() = 0;         // Keeps what came since the innermost Mark, ends it.
  virtual absl::Status RollBackToMark() = 0;  // Undoes what came since it, and ends it.

  // All or nothing. Others see the changes from then on.
  virtual absl::Status Commit() = 0;
};

struct StoreHealth {
  bool read_only = false;
  std::string reason;  // "E-STORE-FULL: …" when read-only.
  int schema_version = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // Unavailable while another transaction is open in this process.
  virtual absl::StatusOr<std::unique_ptr<Transaction>> Begin() = 0;
  virtual absl::StatusOr<std::unique_ptr<Snapshot>> Read() const = 0;
  // What was committed before the call survives a power cut when it answers OK. May be called
  // while a transaction is open. An error makes the store read-only, as that of a commit does.
  virtual absl::Status Sync() = 0;
  // Whether enough has been committed since to make a Checkpoint worth its price. Thread-safe, does
  // not block.
  virtual bool CheckpointIsDue() const = 0;
  // Tidies what commits leave behind, so that it stays bounded. Takes a while: call it beside the
  // turns, one at a time. An error makes the store read-only.
  virtual absl::Status Checkpoint() = 0;
  virtual StoreHealth Health() const = 0;  // Thread-safe, does not block.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_STORE_H_
