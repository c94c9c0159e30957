// Who waits for the hub's word, and what each reading says about them (invariant 3): one poll per
// hub however many servers wait for it, none when nobody waits.
//
//   Await(server) ─┐                                    ┌─ OnProven
//   Verify(zones) ─┴► HubPoller ─► reading ─► judgment ─┼─ not (yet) ─► next reading
//                                   matcher             └─ OnUnproven · OnAbsent
//   Looked(server) ─── the worker's own look ──┘
//
// A claim by itself proves nothing: the record has to be the server's by what the inventory and the
// hub say (record_claim.h), whoever else claims it, in whatever zone of the hub. A proof that a
// better claim contradicts, or one as good, is taken back.
//
// A list that is partial, empty or implausibly short confirms presence only (invariant 9). A zone's
// servers are judged by readings of that zone's hub with that zone's credentials alone.
//
// Whoever a reading was for, it also passes all servers of its zones, page by page, when somebody
// asked or the last such walk is a while ago: proofs are renewed or questioned (renewal.h), claims
// that came to nothing heal. What a walk leaves unproven has the hub asked again, ever more slowly.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/enrollment/judgment.h"
#include "orchestrator/core/enrollment/proof_listener.h"
#include "orchestrator/core/enrollment/reading_watch.h"
#include "orchestrator/core/enrollment/renewal.h"
#include "orchestrator/core/hubs/hub_poller.h"
#include "orchestrator/core/interfaces/verification_operations.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// On the strand only.
class Verifier final : public HubListener {
 public:
  Verifier(const VerifyOptions& options, TurnControl& control, HubPoller& hubs, ZoneTable& zones)
      : options_(options), control_(control), hubs_(hubs), zones_(zones) {
    hubs_.SetListener(this);
  }
  void SetListener(ProofListener* listener) { listener_ = listener; }
  void SetWatch(ReadingWatch* watch) { watch_ = watch; }  // Null: nobody.

  // Learns which records are known to be a server's, page by page in turns of their own.
  absl::Status LoadOwners(Turn& turn, const std::string& cursor);

  // Waits from now on, or with other facts than before.
  absl::Status Await(Turn& turn, AwaitedProof proof);
  void Forget(const ServerId& server);
  // What was proven of the server is given back; it goes on waiting for what it waits for, by no ids
  // that its worker named.
  void Disown(const ServerId& server);
  // These servers own no record of any hub any more: they are retired, deleted, or of a zone with
  // another hub.
  void Release(const std::set<ServerId>& servers);
  // The zone has another hub, or is no more: what is read of its old one does not concern it.
  // Whoever asked about it is answered with `why`.
  void LeaveHubs(Turn& turn, const ZoneId& zone, const Failure& why);
  // What the service of a server in doubt says of itself now; nothing when it waits for nothing.
  absl::Status Looked(Turn& turn, const ServerId& server, const store::ServiceFacts& service);
  // Null when the server waits for nothing. Valid until the next call.
  const AwaitedProof* Find(const ServerId& server) const;

  // Reads these zones' hubs now, or joins the reading under way; `done` gets one line per zone in
  // the given order, after the commit of the last. An operator insists: a hub that wants to be left
  // alone is asked all the same.
  absl::Status Verify(Turn& turn, const std::vector<ZoneId>& zones, bool insist,
                      std::function<void(std::vector<ZoneVerification>)> done);

  // HubListener.
  absl::Status OnRead(Turn& turn, const std::vector<ZoneId>& zones,
                      const std::shared_ptr<const IndexedReading>& read) override;
  absl::Status OnUnread(Turn& turn, const std::vector<ZoneId>& zones, const Failure& failure,
                        absl::Time again) override;

 private:
  struct Job;   // One Verify call.
  struct Walk;  // A reading on its way through the pages of servers that were asked about.
  using Owners = absl::flat_hash_map<HubInstanceId, ServerId>;
  using Line = std::pair<std::shared_ptr<Job>, size_t>;

  absl::StatusOr<std::string> HubUrlOf(Turn& turn, const ZoneId& zone);
  TakenByAnother TakenFrom(const std::string& hub_url, const ServerId& server) const;
  // Who waits, in all zones of the hub, by the record that fits.
  absl::Status FindContenders(Turn& turn, Walk& walk);
  absl::StatusOr<std::optional<store::Server>> AnotherNamed(Turn& turn, const std::string& hub_url,
                                                            const store::Server& server,
                                                            const std::string& title);
  absl::StatusOr<Standing> StandingAt(Turn& turn, const std::string& hub_url,
                                      const RecordClaim& claim, const HubInstance& record);
  // Who was proven by another record with the internal id of this one.
  absl::StatusOr<std::optional<store::Server>> TwinOf(Turn& turn, const Walk& walk,
                                                      const ServerId& server,
                                                      const HubInstance& record);
  // What `claim` of the server at the record is worth beside the claims of others.
  absl::StatusOr<Contest> Weigh(Turn& turn, const Walk& walk, const store::Server& server,
                                const store::Claim& claim, const HubInstance& record);
  absl::Status JudgeOne(Turn& turn, Walk& walk, const ServerId& server);
  // Who was proven by the record, or waits by it; null: nobody.
  const ServerId* HolderOf(const Walk& walk, const HubInstanceId& record) const;
  // The record's owner, unless that is `server`, has it no more.
  absl::Status TakeBack(Turn& turn, const std::string& hub_url, const ServerId& server,
                        const HubInstance& record);
  void Own(const std::string& hub_url, const store::Server& server);
  absl::Status Obey(Turn& turn, const std::string& hub_url, const AwaitedProof& proof,
                    const Judgment& judgment);
  absl::Status Move(Turn& turn, const std::string& hub_url, const AwaitedProof& proof,
                    const Judgment& judgment);
  absl::Status WantNext(Turn& turn, const ZoneId& zone, bool failed);
  absl::Status Prove(Turn& turn, const std::string& hub_url, const ServerId& server,
                     const ZoneId& zone, const Match& match);
  int CountUnmatched(const HubReading& reading) const;
  // Why nothing is concluded from it, as recorded; none when it is conclusive.
  absl::StatusOr<std::optional<Failure>> RecordReading(Turn& turn, const ZoneId& zone,
                                                       const HubReading& reading);
  std::vector<Line> TakeAsking(const std::vector<ZoneId>& zones);
  static void Answer(Turn& turn, const Line& line);
  // The servers of the asked zones, a page a turn.
  absl::Status CheckPage(Turn& turn, const std::shared_ptr<Walk>& walk);
  absl::Status CheckServer(Turn& turn, Walk& walk, const store::Server& server);
  // Of a server with a proof: renews it, questions it, takes it back, or gives it back.
  absl::Status CheckProof(Turn& turn, Walk& walk, const store::Server& server);
  // Of one whose claim came to nothing: it is enrolled when the hub has its record by now.
  absl::Status CheckClaim(Turn& turn, Walk& walk, const store::Server& server);
  absl::Status Renew(Turn& turn, Walk& walk, const store::Server& server, const HubInstance& record,
                     store::MatchKind by, bool known);
  absl::Status Question(Turn& turn, Walk& walk, const store::Server& server,
                        const Showing& showing);
  // Its servers were all passed.
  // All servers of the zone were passed.
  absl::Status Confirm(Turn& turn, Walk& walk, const ZoneId& zone);
  // False: not yet; it takes another turn.
  absl::StatusOr<bool> EndZone(Turn& turn, Walk& walk, const ZoneId& zone);
  // The hub is asked about the zone's servers again at `when`, if not before.
  absl::Status WalkAgain(Turn& turn, const ZoneId& zone, absl::Time when);

  const VerifyOptions options_;
  TurnControl& control_;
  HubPoller& hubs_;
  ZoneTable& zones_;
  ProofListener* listener_ = nullptr;
  ReadingWatch* watch_ = nullptr;

  absl::flat_hash_map<ServerId, AwaitedProof> waiting_;
  std::map<ZoneId, std::set<ServerId>> waiting_in_;
  std::map<ZoneId, std::vector<Line>> asking_;
  std::map<std::string, Owners> owners_;  // By hub URL: records proven to be a server's.
  // When a reading next passes all servers of the zone, and when one is wanted for that alone.
  struct Walks {
    absl::Time next = absl::InfinitePast();
    absl::Time wanted = absl::InfiniteFuture();
    bool under_way = false;
  };
  std::map<ZoneId, Walks> walks_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_H_
