// HubReader over HTTP: one poll per hub however many servers and zones wait, many hubs at once, and
// no tenant at the cost of others.
//
//   Read ─► executor: open the sealed secret ─► same hub and verifier being read? ─yes─► wait
//                                                  │ no                                 along
//                                                  └─► gate ─► HttpHubClient::ReadList ─► all
//                                             so many of a tenant    │
//                                                                    └─ budget: so much memory
//
// A caller that waits along gets a list whose reading may have begun shortly before its call.
//
// What a hub can cost: its reading a place of its own tenant's, for total_timeout at most and
// stall_timeout when it sends nothing; its tenant's part of the memory and, by the HTTP client, of
// the processor. Failures of these limits are E-HUB-LIMIT.
#ifndef MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_READER_H_
#define MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_READER_H_

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/http/async_client.h"
#include "base/mutex.h"
#include "orchestrator/core/interfaces/hub_checker.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/hub/http_hub_client.h"
#include "orchestrator/hub/read_budget.h"
#include "orchestrator/hub/read_gate.h"

namespace muster::hub {

struct HubReaderOptions {
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration total_timeout = absl::Seconds(60);
  absl::Duration stall_timeout = absl::Seconds(15);
  // A hub that nobody read for so long is forgotten, with its tokens.
  absl::Duration idle_lifetime = absl::Hours(1);
  int tenant_readings = 8;  // Under way at once; further ones wait.
  int all_readings = 256;
  // Memory of the lists that are being read: a hundred thousand records take some 40 MB.
  size_t tenant_bytes = 64 << 20;
  size_t all_bytes = 256 << 20;
};

// Thread-safe. All parameters outlive it, and it outlives what it queued on the executor and what
// it began: stop the HTTP client (its calls end), then the executor, then destroy the reader. A
// read that the stopping executor drops is never answered.
class HttpHubReader final : public core::HubReader, public core::HubChecker {
 public:
  HttpHubReader(Executor& executor, http::AsyncClient& http, core::KeyVault& vault,
                const Clock& clock, HubReaderOptions options = {});
  ~HttpHubReader() override;

  // Failures: those of hub_failure.h; E-KEY-UNSEALABLE; E-HUB-AUTH for a zone without verifier.
  void Read(core::HubReadRequest request,
            absl::AnyInvocable<void(core::HubReadResult)> done) override;

  // A place and memory of its tenant's, as a reading; no memory of what readings found, nor for
  // them.
  void Check(core::HubReadRequest request,
             absl::AnyInvocable<void(std::vector<core::HubCheckStep>)> done) override;

  const ReadBudget& budget() const { return budget_; }

 private:
  using Done = absl::AnyInvocable<void(core::HubReadResult)>;

  // One hub with one verifier.
  struct Entry {
    std::unique_ptr<HttpHubClient> client;     // Used by the one poll under way only.
    std::unique_ptr<ReadBudget::Share> share;  // Of the poll under way.
    TenantId tenant;
    std::vector<Done> waiting;  // Not empty: a poll is under way.
    bool insist = false;        // Somebody of these does.
    absl::Time last_use;
  };

  void Begin(const core::HubReadRequest& request, Done done);
  // The verifier's credentials are not in it yet.
  HubClientOptions OptionsOf(const core::HubReadRequest& request) const;
  // Opens the sealed secret. Why there is none, else.
  std::variant<Secret, Failure> Open(const core::HubReadRequest& request) const;
  void Poll(Entry& entry);
  void OnOutcome(Entry& entry, absl::Time start, HubReadOutcome outcome);
  void ForgetIdle(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Executor& executor_;
  http::AsyncClient& http_;
  core::KeyVault& vault_;
  const Clock& clock_;
  const HubReaderOptions options_;
  ReadGate gate_;
  ReadBudget budget_;

  Mutex mu_;
  // By digest of hub, trust and credentials.
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_HTTP_HUB_READER_H_
