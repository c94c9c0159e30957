// Asks the hubs what is true (invariant 3): one poll per hub however many servers wait for it, none
// when nobody waits.
//
//   Await(server) ─┐                       ┌─ found, connected, reported since ─► OnProven
//   Verify(zones) ─┴► poll ─► list ─► match┼─ not (yet)                         ─► next poll
//                     ▲          (matcher) └─ past the deadline: by what the list may prove
//                     └──────── 5 … 15 s ──────┘                    ─► OnUnproven · OnAbsent
//
// A list that is partial, empty or implausibly short confirms presence only (invariant 9).
#ifndef MUSTER_ORCHESTRATOR_CORE_VERIFY_VERIFIER_H_
#define MUSTER_ORCHESTRATOR_CORE_VERIFY_VERIFIER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/interfaces/verification_operations.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/verify/matcher.h"
#include "orchestrator/core/verify/proof_listener.h"

namespace muster::core {

// A server that waits for the hub's word.
struct AwaitedProof {
  ServerId server_id;
  ZoneId zone_id;
  store::Claim claim;
  bool doubt = false;     // in_doubt, else joined_unverified.
  bool answered = false;  // With doubt: the worker cannot clear it; absence counts.
};

// On the strand only.
class Verifier {
 public:
  Verifier(const VerifyOptions& options, TurnControl& control, Agenda& agenda, HubReader& reader,
           ZoneTable& zones)
      : options_(options), control_(control), agenda_(agenda), reader_(reader), zones_(zones) {}
  void SetListener(ProofListener* listener) { listener_ = listener; }

  // Polls again for who waited before a restart. `answered` says whether a server's doubt is one
  // that the worker cannot clear.
  absl::Status Recover(Turn& turn, const std::function<bool(const ServerId&)>& answered);

  // Waits from now on, or with other facts than before.
  absl::Status Await(Turn& turn, const AwaitedProof& proof);
  void Forget(const ServerId& server);
  // These servers own no record of any hub any more: they are retired, deleted, or of a zone with
  // another hub.
  void Release(const std::set<ServerId>& servers);
  // The zone has another hub, or is no more: what is read of its old one does not concern it.
  // Whoever asked about it is answered with `why`.
  void LeaveHubs(Turn& turn, const ZoneId& zone, const Failure& why);

  // Reads these zones' hubs now, or joins the reading under way; `done` gets one line per zone in
  // the given order, after the commit of the last.
  absl::Status Verify(Turn& turn, const std::vector<ZoneId>& zones,
                      std::function<void(std::vector<ZoneVerification>)> done);

 private:
  struct Job;      // One Verify call.
  struct Reading;  // One finished list on its way through the pages of servers.
  struct Hub {
    std::string url;
    std::set<ServerId> waiting;
    std::set<ZoneId> zones;                                       // That ever waited or asked.
    std::vector<std::pair<std::shared_ptr<Job>, size_t>> asking;  // Job and its line.
    bool reading = false;
    absl::Time next_poll = absl::InfiniteFuture();
    absl::flat_hash_map<HubInstanceId, ServerId> owners;  // Records known to be a server's.
  };

  absl::StatusOr<Hub*> HubOf(Turn& turn, const ZoneId& zone);
  void PollAt(Hub& hub, absl::Time when);
  absl::Status Poll(Turn& turn, Hub& hub);
  absl::Time NextPoll(const Hub& hub, bool failed, absl::Time now) const;
  absl::Status OnResult(Turn& turn, Hub& hub, absl::Time started, HubReadResult result);
  // Answers the lines that `of` picks (all when null) with a failure.
  void AnswerAsking(Turn& turn, Hub& hub, const ZoneId* of, const Failure& failure);
  absl::Status OnFailure(Turn& turn, Hub& hub, const Failure& failure);
  absl::Status OnList(Turn& turn, Hub& hub, absl::Time started, HubList list);
  // What the reading says about a server that waits.
  absl::Status Judge(Turn& turn, Hub& hub, const Reading& reading, const AwaitedProof& proof);
  absl::Status JudgeLate(Turn& turn, const Reading& reading, const AwaitedProof& proof,
                         const Match& match, const TakenByAnother& taken);
  absl::Status Prove(Turn& turn, Hub& hub, const ServerId& server, const ZoneId& zone,
                     const Match& match);
  absl::Status RecordReading(Turn& turn, Hub& hub, const Reading& reading);
  // The servers of the asked zones, a page a turn.
  absl::Status CheckPage(Turn& turn, const std::shared_ptr<Reading>& reading);
  absl::Status CheckServer(Turn& turn, Reading& reading, const store::Server& server);
  absl::Status LoadOwners(Turn& turn, const std::string& cursor);
  void Own(Hub& hub, const store::Server& server);

  const VerifyOptions options_;
  TurnControl& control_;
  Agenda& agenda_;
  HubReader& reader_;
  ZoneTable& zones_;
  ProofListener* listener_ = nullptr;

  std::map<std::string, std::unique_ptr<Hub>> hubs_;
  absl::flat_hash_map<ServerId, AwaitedProof> waiting_;
  absl::flat_hash_map<ServerId, Hub*> hub_of_;  // Of those that wait.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_VERIFY_VERIFIER_H_
