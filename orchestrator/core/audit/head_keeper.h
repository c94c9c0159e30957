// Signs heads of the audit log as it grows, in the database and in the book beside it, and
// checkpoints where its oldest events leave the retention.
//
//   turn's end ─► so many events, or so long, since the last head? ─► sign ─► same transaction
//                                                                       └─ after the commit ─► book
//   orderly stop ─► sign what is new
//   start ─► book behind the database: its lines are added (the process died in between)
//         └► book ahead of the database: an older copy of it was restored, or its end was cut off;
//            an event and a head of kind "restored" say so for ever
#ifndef MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_KEEPER_H_
#define MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_KEEPER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/options.h"
#include "store/model/audit_event.h"

namespace muster::core {

// On the strand only.
class HeadKeeper {
 public:
  // Without a key or a book nothing is signed, and checkpoints are not made.
  HeadKeeper(const AuditHeadOptions& options, AuditKey* key, HeadBook* book, Agenda& agenda)
      : options_(options), key_(key), book_(book), agenda_(agenda) {}

  // Brings book and database together. Blocks on the book; at the start only.
  absl::Status Recover(Turn& turn);
  // At the end of each turn: signs a head when it is time.
  absl::Status Consider(Turn& turn);
  // Signs what no head vouches for yet; nothing before Recover.
  absl::Status SignEnd(Turn& turn);
  // Lets the log begin behind `link`: what lies at or before may be pruned from then on.
  absl::Status MakeCheckpoint(Turn& turn, const store::AuditLink& link);
  bool enabled() const { return key_ != nullptr && book_ != nullptr; }

 private:
  absl::Status Sign(Turn& turn, store::AuditHead head);
  void WakeLater(absl::Time now);

  const AuditHeadOptions options_;
  AuditKey* const key_;
  HeadBook* const book_;
  Agenda& agenda_;
  int64_t signed_sequence_ = 0;  // Of the last head.
  absl::Time signed_time_ = absl::InfinitePast();
  bool recovered_ = false;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_AUDIT_HEAD_KEEPER_H_
