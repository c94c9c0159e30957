// HubReader over HTTP: reads on an executor, one poll per hub however many servers and zones wait.
//
//   Read ─► executor: open the sealed secret ─► same hub and verifier being read? ─yes─► wait
//                                                  │ no                                 along
//                                                  └─► executor: HttpHubClient::ReadList ─► all
//
// A caller that waits along gets a list whose reading may have begun shortly before its call.
#ifndef MUSTER_ORCHESTRATOR_HUB_POOLED_HUB_READER_H_
#define MUSTER_ORCHESTRATOR_HUB_POOLED_HUB_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/http/client.h"
#include "base/mutex.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/hub/http_hub_client.h"

namespace muster::hub {

struct HubReaderOptions {
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration total_timeout = absl::Seconds(60);
  // A hub that nobody read for so long is forgotten, with its tokens.
  absl::Duration idle_lifetime = absl::Hours(1);
};

// Thread-safe. All parameters outlive it, and it outlives what it queued on the executor: stop the
// HTTP client (its calls end), then the executor, then destroy the reader. A read that the stopping
// executor drops is never answered.
class PooledHubReader final : public core::HubReader {
 public:
  PooledHubReader(Executor& executor, http::Client& http, core::KeyVault& vault, const Clock& clock,
                  HubReaderOptions options = {});
  ~PooledHubReader() override;

  // Failures: those of hub_failure.h; E-KEY-UNSEALABLE; E-HUB-AUTH for a zone without verifier.
  void Read(core::HubReadRequest request,
            absl::AnyInvocable<void(core::HubReadResult)> done) override;

 private:
  using Done = absl::AnyInvocable<void(core::HubReadResult)>;

  // One hub with one verifier.
  struct Entry {
    std::unique_ptr<HttpHubClient> client;  // Used by the one poll under way only.
    std::vector<Done> waiting;              // Not empty: a poll is under way.
    bool insist = false;                    // Somebody of these does.
    absl::Time last_use;
  };

  void Begin(const core::HubReadRequest& request, Done done);
  void Poll(Entry& entry);
  void ForgetIdle(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Executor& executor_;
  http::Client& http_;
  core::KeyVault& vault_;
  const Clock& clock_;
  const HubReaderOptions options_;

  Mutex mu_;
  // By digest of hub, trust and credentials.
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_POOLED_HUB_READER_H_
